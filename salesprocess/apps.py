from importlib import import_module

from django.apps import AppConfig


class SalesprocessConfig(AppConfig):
    name = "salesprocess"

    def ready(self) -> None:
        """Say what is looked at before this goes to where people are."""
        import_module("salesprocess.checks")
