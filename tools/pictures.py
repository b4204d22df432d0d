"""Takes the README's pictures from a running demo: `.venv/bin/python tools/pictures.py`."""

import math
import os
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402  # found from the root

ADDRESS = os.environ.get("SITE_URL", "http://localhost:8000")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
DESK: ViewportSize = {"width": 1440, "height": 900}
MOST_BYTES = 250_000
# An open deal far on, with something planned: it has all parts of the page.
RIPE = ".col.s5 .deal:not(.thin):has(.nx:not(.none, .over)) h3 a"


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def unfiltered(raw: bytes, width: int, height: int) -> Iterator[bytearray]:
    """The rows of a picture of three bytes a pixel, each undone by its filter (PNG, section 9)."""
    stride, above = width * 3, bytearray(width * 3)
    for start in range(0, height * (stride + 1), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left = row[x - 3] if x >= 3 else 0
            corner = above[x - 3] if x >= 3 else 0
            match raw[start]:
                case 1:
                    guess = left
                case 2:
                    guess = above[x]
                case 3:
                    guess = (left + above[x]) // 2
                case 4:
                    near = left + above[x] - corner
                    guess = min((left, above[x], corner), key=lambda one: abs(near - one))
                case _:
                    break
            row[x] = (row[x] + guess) & 255
        yield row
        above = row


def quantised(data: bytes) -> bytes:
    """The same picture in its 256 most frequent colours: small, and as sharp."""
    parts = list(chunks(data))
    width, height = struct.unpack(">II", parts[0][1][:8])
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    rows = [
        [bytes(row[x : x + 3]) for x in range(0, width * 3, 3)]
        for row in unfiltered(raw, width, height)
    ]
    counted = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _times in counted.most_common(256)]
    place = {colour: n for n, colour in enumerate(palette)}
    for colour in counted:
        if colour not in place:
            place[colour] = place[min(palette, key=lambda one: math.dist(one, colour))]
    flat = b"".join(b"\0" + bytes(place[pixel] for pixel in row) for row in rows)
    return b"".join(
        (
            SIGNATURE,
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", b"".join(palette)),
            chunk(b"IDAT", zlib.compress(flat, 9)),
            chunk(b"IEND", b""),
        )
    )


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    target = ROOT / "docs" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    picture = quantised(page.screenshot(animations="disabled"))
    if len(picture) > MOST_BYTES:
        sys.exit(f"{target.name}: {len(picture):,} bytes, more than {MOST_BYTES:,}")
    target.write_bytes(picture)


def signed_in(browser: Browser, email: str) -> Page:
    page = browser.new_page(viewport=DESK, color_scheme="light")
    page.goto(f"{ADDRESS}/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", "seven-stages")
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: "/accounts/" not in address)
    return page


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = signed_in(browser, "mira@brunnmark.example")
        page.goto(f"{ADDRESS}/day/")
        take(page, "day")
        page.goto(f"{ADDRESS}/board/")
        take(page, "board")
        page.locator(RIPE).first.click()
        page.wait_for_url("**/deals/*/")
        take(page, "deal")
        page.goto(f"{ADDRESS}/process/?stage=4")
        take(page, "process")
        page = signed_in(browser, "helene@brunnmark.example")
        page.goto(f"{ADDRESS}/reports/")
        take(page, "reports")
        page.goto(f"{ADDRESS}/reports/people/")
        take(page, "people")
        browser.close()


if __name__ == "__main__":
    main()
