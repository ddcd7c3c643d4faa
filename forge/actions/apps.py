"""The Django app of this package."""

from django.apps import AppConfig


class ActionsConfig(AppConfig):
    """Registers the models of ``forge.actions`` with Django."""

    name = "forge.actions"
    label = "actions"
