"""The Django app of this package."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the models of ``forge.accounts`` with Django."""

    name = "forge.accounts"
    label = "accounts"
