"""Who there is: people and organisations in one namespace, who belongs to what, and tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower, Now


class Kind(models.TextChoices):
    """What an account is; the words of GitHub's ``type``."""

    USER = "User"
    ORGANIZATION = "Organization"
    BOT = "Bot"


class WorkflowPermissions(models.TextChoices):
    """What GITHUB_TOKEN may do where no workflow file says it; the words of GitHub's setting."""

    READ = "read"
    WRITE = "write"


class BasePermission(models.TextChoices):
    """What members of an organisation may do in its repositories; the words of GitHub's setting."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class AccountManager(models.Manager["Account"]):
    """Finds accounts by login without regard to case (what Django's session login needs)."""

    def get_by_natural_key(self, login: str) -> Account:
        """The account with this login, in whatever case."""
        return self.get(login_key=login.lower())


class Account(AbstractBaseUser):
    """A user, an organisation, or the one bot that does what jobs do. Logins are unique without regard to case.

    Only users have a usable password and can log in.
    """

    login = models.CharField(max_length=39)
    login_key = models.CharField(max_length=39, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.USER)
    name = models.CharField(max_length=255, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    #: What people write about themselves, or owners about their organisation, for everybody to read.
    public_email = models.EmailField(blank=True, default="")
    company = models.CharField(max_length=255, blank=True, default="")
    blog = models.CharField(max_length=255, blank=True, default="")
    location = models.CharField(max_length=255, blank=True, default="")
    twitter_username = models.CharField(max_length=255, blank=True, default="")
    #: The ``bio`` of a person, the ``description`` of an organisation.
    about = models.CharField(max_length=255, blank=True, default="")
    hireable = models.BooleanField(null=True, blank=True)
    #: False once an organisation is deleted: it does not exist for anybody from then on.
    is_active = models.BooleanField(default=True)
    is_site_admin = models.BooleanField(default=False)
    #: Of an organisation: the most that its repositories may choose for files that say nothing.
    default_workflow_permissions = models.CharField(
        max_length=5, choices=WorkflowPermissions.choices, default=WorkflowPermissions.READ
    )
    can_approve_pull_request_reviews = models.BooleanField(default=False)
    #: Of an organisation: what its members may do in each of its repositories, and which they may create.
    default_repository_permission = models.CharField(
        max_length=5, choices=BasePermission.choices, default=BasePermission.READ
    )
    members_can_create_public_repositories = models.BooleanField(default=False)
    members_can_create_private_repositories = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    USERNAME_FIELD = "login_key"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="account_kind"),
            models.CheckConstraint(
                condition=models.Q(default_workflow_permissions__in=WorkflowPermissions.values),
                name="account_workflow_permissions",
            ),
            models.CheckConstraint(
                condition=models.Q(default_repository_permission__in=BasePermission.values),
                name="account_repository_permission",
            ),
        ]
        indexes = [
            # Commits are told by the address in them.
            models.Index(Lower("email"), name="account_email"),
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="account_closed"),
        ]

    def __str__(self) -> str:
        return self.login


class LogOptions(models.Model):
    """How a person has logs shown; see ``log_options``."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="+")
    chosen = models.JSONField(default=dict)

    objects: ClassVar[models.Manager[LogOptions]] = models.Manager()


class Membership(models.Model):
    """A user's place in an organisation."""

    class Role(models.TextChoices):
        """What the member may do in the organisation."""

        OWNER = "owner"
        MEMBER = "member"

    organization = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
        ]


class AccessToken(models.Model):
    """A personal access token. Only its sha256 is kept; the text (``shp_…``) is shown once."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=255)
    token_hash = models.CharField(max_length=64, unique=True)
    last_eight = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    #: Bound to one repository when set (an id and no key, since repositories stand above accounts).
    repository_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditRows(models.QuerySet["AuditEntry"]):
    """Rows of the audit log: read and added, never changed."""

    def update(self, **_: Any) -> int:
        """Refused."""
        raise TypeError("the audit log is only added to")

    def bulk_update(self, *_: Any, **__: Any) -> int:
        """Refused."""
        raise TypeError("the audit log is only added to")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise TypeError("the audit log is only added to")


class AuditEntry(models.Model):
    """Who did what to a secret thing, when. Never a value, only names.

    Ids and names are kept as they were and are no keys: what they name may go, the entry stays.
    """

    at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=40)  # secret.created, secrets.handed_over …
    #: Who asked; none for the server itself. ``credential`` tells which token it was.
    actor_id = models.BigIntegerField(null=True)
    actor_login = models.CharField(max_length=39, blank=True, default="")
    credential = models.CharField(max_length=64, blank=True, default="")
    #: What it belongs to, and the same in words for a person.
    owner_id = models.BigIntegerField(null=True)
    repository_id = models.BigIntegerField(null=True)
    environment = models.CharField(max_length=255, blank=True, default="")
    scope = models.CharField(max_length=512, blank=True, default="")
    names = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    #: The job that was given something, its run, and the claim's epoch.
    run_id = models.BigIntegerField(null=True)
    job_id = models.BigIntegerField(null=True)
    epoch = models.PositiveIntegerField(null=True)

    objects = AuditRows.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "id"], name="audit_owner"),
            models.Index(fields=["repository_id", "id"], name="audit_repository"),
            models.Index(fields=["run_id", "id"], condition=models.Q(run_id__isnull=False), name="audit_run"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Added once, never changed."""
        if not self._state.adding:
            raise TypeError("the audit log is only added to")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise TypeError("the audit log is only added to")
