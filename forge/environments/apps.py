"""The Django app of this package."""

from django.apps import AppConfig


class EnvironmentsConfig(AppConfig):
    """Registers the models of ``forge.environments`` with Django."""

    name = "forge.environments"
    label = "environments"
