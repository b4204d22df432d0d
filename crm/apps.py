from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Records")

    def ready(self) -> None:
        """Say what this app delivers from the outbox."""
        import_module("crm.handlers")
