"""The Django app of this package."""

from django.apps import AppConfig


class RunnersConfig(AppConfig):
    """Registers the models of ``forge.runners`` with Django."""

    name = "forge.runners"
    label = "runners"
