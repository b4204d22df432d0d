from importlib import import_module

from django.apps import AppConfig


class SalesprocessConfig(AppConfig):
    name = "salesprocess"

    def ready(self) -> None:
        """Say what is looked at before this goes to where people are, and how recovery codes are kept."""
        import_module("salesprocess.checks")
        # Only now are there models.
        import_module("salesprocess.recovery_codes").put_in_place()
