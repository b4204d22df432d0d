from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PipelineConfig(AppConfig):
    name = "pipeline"
    verbose_name = _("Pipeline")

    def ready(self) -> None:
        """Say what this app delivers from the outbox, and what it checks before a start."""
        import_module("pipeline.handlers")
        import_module("pipeline.operations.checks")
