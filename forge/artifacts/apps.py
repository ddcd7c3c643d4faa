"""The Django app of this package."""

from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    """Registers the models of ``forge.artifacts`` with Django."""

    name = "forge.artifacts"
    label = "artifacts"
