"""The Django app of this package."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registers the models of ``forge.api`` with Django."""

    name = "forge.api"
    label = "api"
