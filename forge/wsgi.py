"""For a WSGI server: API and pages; held calls, streams and git belong to the ASGI processes."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forge.settings")

application = get_wsgi_application()

from forge import celery  # noqa: E402,F401 - with several processes this import is what lets them send tasks
