from django.apps import AppConfig


class SalesprocessConfig(AppConfig):
    name = "salesprocess"
