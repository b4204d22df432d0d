"""Detects the encoding of a file, or offers choices with samples.

UTF-8 and UTF-16 are recognised. Anything else can be read in several encodings: Windows-1252 is
taken if its letters are those of one western language (and German), as in nearly all such files;
otherwise a person is asked.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from django.utils.translation import gettext as _

from exchange.imports.faults import Unreadable

# What may be stated, or chosen where it cannot be known; the more usual first.
NAMES = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "iso8859_2": "ISO 8859-2",
    "iso8859_15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
    "mac_latin2": "Mac Latin 2",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "Korean (949)",
    "koi8_r": "KOI8-R",
    "cp850": "DOS 850",
    "cp852": "DOS 852",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
}
_EIGHT_BIT = (
    "cp1252",
    "cp1250",
    "mac_roman",
    "cp932",
    "cp1251",
    "cp1253",
    "cp1254",
    "gb18030",
    "cp850",
    "iso8859_15",
    "iso8859_2",
    "koi8_r",
    "mac_latin2",
    "cp852",
    "euc_jp",
    "cp949",
    "big5",
    "cp1257",
)
_MOST_OFFERED = 6
# What a text in UTF-8 or UTF-16 would be taken for by a program that does not know.
_OTHERWISE = "cp1252"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 16
_LINES, _LONG = 200, 2_000
_FOREIGN_BYTES = re.compile(rb"[\x80-\xff]")
_UTF8_LETTER = re.compile(
    rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_WORD = re.compile(r"[^\s,;|\"\t]+")
_GERMAN = frozenset("äöüß")
_WESTERN = [
    frozenset(letters)
    for letters in (
        "áéíóúüñ",
        "àâçéèêëîïôùûüœæ",
        "àèéìíîòóùú",
        "áâãàçéêíóôõú",
        "æøåéöä",
        "ëéïöüèáó",
        "áðéíóúýþæö",
    )
]
# Signs that stand beside letters in any text.
_BESIDE_LETTERS = frozenset("0123456789'’`´-–—·.&/()€£“”„»«…®™ºª+!?:#@*§°")


@dataclass(frozen=True, kw_only=True)
class DetectedEncoding:
    """`samples` are possible encodings with words of the file, the likeliest first; empty if all of
    them say the same. `is_sure` is false if a person has to choose."""

    encoding: str
    is_sure: bool = True
    samples: tuple[tuple[str, str], ...] = ()


def detect(path: Path) -> DetectedEncoding:
    """Raises Unreadable, with the place, for a damaged file or one that no encoding can decode."""
    with path.open("rb") as source:
        start = source.read(4_096)
    marked = next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "")
    if marked == "UTF-32":
        raise Unreadable(
            _("%(file)s is in %(encoding)s. Save it as UTF-8.")
            % {"file": path.name, "encoding": marked}
        )
    stated = marked or _utf16_without_mark(path, start)
    if stated:
        check(path, stated)
        return _recognised(path, stated)
    if _undecodable(path, "utf-8") is None:
        return _recognised(path, "utf-8")
    lines = list(_telling_lines(path))
    if _is_damaged(lines):
        check(path, "utf-8")
    return _of_eight_bits(path, lines)


def _recognised(path: Path, encoding: str) -> DetectedEncoding:
    """What it changes that it is this encoding, if it changes anything."""
    if encoding.startswith("utf-16"):
        return DetectedEncoding(encoding=encoding, samples=_of_pairs(path, encoding))
    lines = [line.removeprefix(codecs.BOM_UTF8) for line in _telling_lines(path)]
    words = _sample(lines, "utf-8")
    if not words or _undecodable(path, _OTHERWISE) is not None:
        return DetectedEncoding(encoding=encoding)
    samples = ((encoding, words), (_OTHERWISE, _sample(lines, _OTHERWISE)))
    return DetectedEncoding(encoding=encoding, samples=samples)


def _of_pairs(path: Path, encoding: str) -> tuple[tuple[str, str], ...]:
    """Some words, and what they would be if the bytes of each pair stood the other way round."""
    with path.open(encoding=encoding) as source:
        found = _WORD.findall(source.read(_BLOCK))
    words = list(dict.fromkeys(sorted(found, key=str.isascii)))[:4]
    text = " ".join(words)[:60]
    little = encoding == "utf-16-le" or (encoding == "utf-16" and _is_little(path))
    own, other = ("utf-16-le", "utf-16-be") if little else ("utf-16-be", "utf-16-le")
    turned = text.encode(own, "replace").decode(other, "replace")
    if not text or _undecodable(path, other) is not None:
        return ((encoding, text),) if text else ()
    return (encoding, text), (other, "".join(each for each in turned if each.isprintable()))


def _is_little(path: Path) -> bool:
    with path.open("rb") as source:
        return source.read(2) == codecs.BOM_UTF16_LE


def require(path: Path) -> str:
    """The encoding of a file when nobody can be asked. Raises Unreadable with the choices if it is
    not sure."""
    found = detect(path)
    if found.is_sure:
        return found.encoding
    ways = _(" or ").join(f'"{encoding}" (“{sample}”)' for encoding, sample in found.samples)
    raise Unreadable(
        _(
            "%(file)s: it cannot be known in which encoding this is written. Say which in the "
            "mapping: [format] encoding = %(ways)s."
        )
        % {"file": path.name, "ways": ways}
    )


def check(path: Path, encoding: str) -> None:
    """Raises Unreadable if `encoding` cannot decode the file."""
    broken = _undecodable(path, encoding)
    if broken is not None:
        line, column, byte = broken
        raise Unreadable(
            _(
                "%(file)s, line %(line)d, column %(column)d: byte %(byte)s is no letter in "
                "%(encoding)s. The file was damaged or cut on its way."
            )
            % {
                "file": path.name,
                "line": line,
                "column": column,
                "byte": f"0x{byte:02x}",
                "encoding": name_of(encoding),
            }
        )


def name_of(encoding: str) -> str:
    return NAMES.get(encoding.removesuffix("-sig"), encoding)


def _utf16_without_mark(path: Path, start: bytes) -> str:
    """In western text in UTF-16 half of the bytes are zero, always the same half; in any other at least
    those of delimiters and ends of lines."""
    half = len(start) // 2
    if half < 2:
        return ""
    even, odd = start[::2].count(0) / half, start[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    if not min(even, odd) and max(even, odd) > 0.04:
        encoding = "utf-16-le" if odd else "utf-16-be"
        text = start[: half * 2].decode(encoding, "ignore")
        is_text = all(sign.isprintable() or sign in "\t\r\n" for sign in text)
        if "\n" in text and is_text and _undecodable(path, encoding) is None:
            return encoding
    return ""


def _undecodable(path: Path, encoding: str) -> tuple[int, int, int] | None:
    """Line, column and value of the first byte that `encoding` cannot decode, if there is one."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, before = 1, b""
    with path.open("rb") as source:
        while True:
            block = source.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # A decoder gives back what it had kept of the block before.
                at = (before + block).rfind(error.object) + error.start
                seen = (before + block)[: max(at, 0)]
                line += seen.count(b"\n") - before.count(b"\n")
                return line, _column(path, seen), error.object[error.start]
            if not block:
                return None
            line += block.count(b"\n")
            before = block


def _column(path: Path, seen: bytes) -> int:
    """In which column the row stands still, by the sign that the first line has most of."""
    with path.open("rb") as source:
        first = source.readline(_LONG)
    delimiter = max((b",", b";", b"\t", b"|"), key=first.count)
    return seen.rsplit(b"\n", 1)[-1].count(delimiter) + 1


def _telling_lines(path: Path) -> Iterator[bytes]:
    """The first lines with bytes beyond ASCII."""
    found = 0
    with path.open("rb") as source:
        while found < _LINES and (line := source.readline(_LONG)):
            if _FOREIGN_BYTES.search(line):
                found += 1
                yield line


def _is_damaged(lines: list[bytes]) -> bool:
    """Whether most bytes beyond ASCII form UTF-8 characters, which does not happen by chance."""
    whole = sum(len(_UTF8_LETTER.findall(line)) for line in lines)
    rest = sum(len(_FOREIGN_BYTES.findall(_UTF8_LETTER.sub(b"", line))) for line in lines)
    return whole > 0 and whole >= rest


def _of_eight_bits(path: Path, lines: list[bytes]) -> DetectedEncoding:
    possible = [each for each in _EIGHT_BIT if _undecodable(path, each) is None]
    if not possible:
        check(path, "cp1252")
    oddness = {each: _implausibility(lines, each) for each in possible}
    ranked = sorted(possible, key=lambda each: oddness[each])
    likely = "cp1252" in possible and _is_western(lines)
    if likely:
        ranked.remove("cp1252")
        ranked.insert(0, "cp1252")
    offered = ranked[:_MOST_OFFERED]
    return DetectedEncoding(
        encoding=offered[0],
        is_sure=likely,
        samples=tuple((each, _sample(lines, each)) for each in offered),
    )


def _words(lines: list[bytes], encoding: str) -> Iterator[str]:
    for line in lines:
        for word in _WORD.findall(line.decode(encoding, "replace")):
            if not word.isascii():
                yield word


def _sample(lines: list[bytes], encoding: str) -> str:
    words = dict.fromkeys(word.strip("\ufeff") for word in _words(lines, encoding))
    return " ".join(list(words)[:4])[:60]


def _implausibility(lines: list[bytes], encoding: str) -> float:
    """Counts what no word has: signs among letters, capitals after small letters."""
    odd = whole = 0
    for word in _words(lines, encoding):
        whole += 1
        odd += any(not sign.isalpha() and sign not in _BESIDE_LETTERS for sign in word)
        odd += any(
            one.islower() and other.isupper() and not (one + other).isascii()
            for one, other in pairwise(word)
        )
        odd += _mixes_scripts(word)
    return odd / whole if whole else 0


def _mixes_scripts(word: str) -> bool:
    """Latin beside other letters in one word."""
    latin = any(sign.isascii() and sign.isalpha() for sign in word)
    return latin and any(sign.isalpha() and ord(sign) > 0x250 for sign in word)


def _is_western(lines: list[bytes]) -> bool:
    """Whether Windows-1252 makes of it the letters of German and one more western language."""
    if _implausibility(lines, "cp1252"):
        return False
    words = " ".join(_words(lines, "cp1252"))
    letters = {sign for sign in words.lower() if sign.isalpha() and not sign.isascii()} - {"º", "ª"}
    return any(letters <= _GERMAN | language for language in _WESTERN)
