from importlib import import_module
from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.exported import tell_files

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Reports")

    def ready(self) -> None:
        """Say what its files are called, and what this app delivers from the outbox."""
        from reports.metrics import METRICS  # of models, which are ready now
        from reports.queries.looks import LookedAt

        import_module("reports.handlers")

        def told(what: str) -> "tuple[StrOrPromise, str] | None":
            place, _slash, slug = what.rpartition("/")
            if metric := METRICS.get(slug):
                return metric.definition.name, reverse("reports:rows", args=[slug])
            page = place or what
            return (LookedAt(page).told, "") if page in LookedAt.values else None

        tell_files(told)
