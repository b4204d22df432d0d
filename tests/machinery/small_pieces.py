"""The product's worker (`-A tests.machinery.small_pieces`), except that an import reads and brings in
a few rows at a time: what there is between many pieces is found with few rows."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")
django.setup()

from exchange.commands import work  # noqa: E402
from exchange.imports import bulk  # noqa: E402
from salesprocess.celery import app as app  # noqa: E402

work.PIECE = 1_000
bulk.CHUNK = 250
