"""The Django app of this package."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the models of ``forge.web`` with Django."""

    name = "forge.web"
    label = "web"
