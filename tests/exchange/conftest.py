from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Where uploads, and the copies that the command makes, are kept."""
    folder = tmp_path / "media"
    settings.MEDIA_ROOT = folder
    return folder
