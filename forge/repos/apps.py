"""The Django app of this package."""

from django.apps import AppConfig


class ReposConfig(AppConfig):
    """Registers the models of ``forge.repos`` with Django."""

    name = "forge.repos"
    label = "repos"
