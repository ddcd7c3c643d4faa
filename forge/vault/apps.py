"""The Django app of this package."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Registers the models of ``forge.vault`` with Django."""

    name = "forge.vault"
    label = "vault"
