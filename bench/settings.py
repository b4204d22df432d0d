"""Production settings, with the limit pages beside the product's."""

from salesprocess.settings import *  # noqa: F403
from salesprocess.settings import BASE_DIR, TEMPLATES

ROOT_URLCONF = "bench.urls"
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates", BASE_DIR / "bench" / "templates"]
