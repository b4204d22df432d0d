"""Where the real browser of the browser tests is; dev.py asks here before it installs one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """SEVEN_BROWSER, else the machine's Chromium or Chrome, else playwright's own download."""
    if chosen := os.environ.get("SEVEN_BROWSER"):
        return chosen
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return _downloaded()


def _downloaded() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _driver_works() -> bool:
    """Playwright brings a Node of its own, which fails where libatomic is missing."""
    driver = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(driver, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(0 if _driver_works() and executable() else 1)
