"""Settings, read once from the environment, typed and checked.

Every setting that an administrator may give begins with ``FORGE_``; docs/configuration.md lists them.
A wrong one stops the start with its name and the mend.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def _url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.rstrip("/"):
        raise ImproperlyConfigured(f"{name}={value!r}: give scheme and host only, for instance https://ci.example.org")
    return value.rstrip("/")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _secret_key(data: Path) -> str:
    """The key of this installation, made at the first start and kept beside the data (mode 0600)."""
    given = env.str("FORGE_SECRET_KEY", default="")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured("FORGE_SECRET_KEY: give at least 32 characters")
        return given
    path = data / "secret-key"
    data.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", opener=_private) as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


DEBUG = env.bool("FORGE_DEBUG", default=False)
#: Everything that Forge keeps: repositories, blobs, the SQLite database, the key.
DATA = Path(env.str("FORGE_DATA", default=str(BASE_DIR / "data"))).resolve()
SECRET_KEY = _secret_key(DATA)

#: The one public address, for people and clients.
PUBLIC_URL = _url("FORGE_URL", env.str("FORGE_URL", default="http://127.0.0.1:8000"))
#: Further addresses by which runners and job containers reach the same server.
INTERNAL_URLS = [_url("FORGE_INTERNAL_URLS", u) for u in env.list("FORGE_INTERNAL_URLS", default=[])]
ALLOWED_HOSTS = sorted(
    {str(urlsplit(u).hostname) for u in (PUBLIC_URL, *INTERNAL_URLS)} | {"127.0.0.1", "localhost", "[::1]"}
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

REPOSITORIES = DATA / "repositories"
BLOBS = DATA / "blobs"
#: The keys under which secrets are encrypted; made at their first use. They are never in the database.
VAULT_KEYS = Path(env.str("FORGE_VAULT_KEYS", default="") or DATA / "vault-keys.json").resolve()

# --- database -------------------------------------------------------------------------------------

DATABASE_URL = env.str("FORGE_DATABASE_URL", default="")
if DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("FORGE_DATABASE_URL: only postgres://… is supported; leave it out for SQLite")
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": env.int("FORGE_DATABASE_POOL", default=16),
        "timeout": 20,
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "forge.sqlite",
            "NAME": DATA / "forge.sqlite3",
            "OPTIONS": {
                # The default deferred mode fails under several writers: it cannot wait when it upgrades a lock.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # forge.sqlite.checkpoints copies the log behind the writers long before SQLite would do it at 128 MiB.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=32768;"
                " PRAGMA foreign_keys=ON;",
            },
            "TEST": {"NAME": None},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- background work ------------------------------------------------------------------------------

#: Empty: everything in the one web process. Otherwise broker, wake-ups and streams of several processes.
REDIS_URL = env.str("FORGE_REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "memory://"
EMBEDDED = not REDIS_URL

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "forge"}
    if EMBEDDED
    else {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
}

# --- the engine -----------------------------------------------------------------------------------

#: Seconds of a lease by the database's clock, and between two heartbeats.
LEASE_SECONDS = env.int("FORGE_LEASE_SECONDS", default=45)
HEARTBEAT_SECONDS = env.int("FORGE_HEARTBEAT_SECONDS", default=15)
#: A runner that cannot renew for so long kills the job itself.
OFFLINE_LIMIT_SECONDS = env.int("FORGE_OFFLINE_LIMIT_SECONDS", default=3600)
GUARDED_OFFLINE_LIMIT_SECONDS = env.int("FORGE_GUARDED_OFFLINE_LIMIT_SECONDS", default=120)
#: How long a poll of a runner is held at most.
POLL_SECONDS = env.float("FORGE_POLL_SECONDS", default=50.0)
#: How often the sweeps look for what a lost nudge left behind.
SWEEP_SECONDS = env.float("FORGE_SWEEP_SECONDS", default=2.0)
#: Bytes of one job's log; the rest is cut, and said so.
LOG_LIMIT_BYTES = env.int("FORGE_LOG_LIMIT_BYTES", default=1 << 30)
#: Bytes of the body of an ordinary request, and of a push.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("FORGE_BODY_LIMIT_BYTES", default=10 << 20)
PUSH_LIMIT_BYTES = env.int("FORGE_PUSH_LIMIT_BYTES", default=2 << 30)
#: Longer bodies are kept here while they come in.
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 << 20  # a batch of a log: it need not go through a file
FILE_UPLOAD_TEMP_DIR = DATA / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
#: Requests an hour: of one token or person, and of one anonymous address.
RATE_LIMIT = env.int("FORGE_RATE_LIMIT", default=5000)
RATE_LIMIT_ANONYMOUS = env.int("FORGE_RATE_LIMIT_ANONYMOUS", default=60)
#: The zone in which pages tell times first, until a person chooses the other: that of the reader, or UTC.
TIMES = env.str("FORGE_TIMES", default="local")
if TIMES not in ("local", "utc"):
    raise ImproperlyConfigured(f"FORGE_TIMES={TIMES!r}: give local or utc")

# --- Django ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "forge.accounts",
    "forge.repos",
    "forge.runners",
    "forge.environments",
    "forge.vault",
    "forge.actions",
    "forge.artifacts",
    "forge.api",
    "forge.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "forge.web.security.PolicyMiddleware",
    "forge.web.packing.Packing",
    "forge.web.static_files.StaticFiles",
    "forge.api.middleware.ApiAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "forge.urls"
ASGI_APPLICATION = "forge.asgi.application"
WSGI_APPLICATION = "forge.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "forge.web.preferences.shown",
            ],
        },
    }
]
AUTH_USER_MODEL = "accounts.Account"
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_FAILURE_VIEW = "forge.web.errors.csrf"
SESSION_COOKIE_SAMESITE = "Lax"
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/-/static/"
STATICFILES_DIRS = [BASE_DIR / "forge" / "web" / "static"]
# Served by the server itself right from the sources: nothing to collect, nothing to forget.
WHITENOISE_USE_FINDERS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "forge.api.description.Schema",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": ["forge.api.authentication.ForgeAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],  # forge.repos.access decides, where the repository is fetched
    "DEFAULT_THROTTLE_CLASSES": ["forge.api.throttling.HourlyLimit"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "forge.api.negotiation.IgnoreAccept",
    "DEFAULT_PARSER_CLASSES": ["forge.api.negotiation.AnyJson"],
    "DEFAULT_RENDERER_CLASSES": ["forge.api.negotiation.Json"],
    "EXCEPTION_HANDLER": "forge.api.errors.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Forge",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["forge.api.description.once"],
    "POSTPROCESSING_HOOKS": [
        "forge.api.described.operations.describe",
        "forge.api.description.write_synonyms",
    ],
}
