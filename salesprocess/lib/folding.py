"""One way of writing letters, so that a name is found however it is typed.

The database does the same by functions of the same names (`seven_fold`, `seven_words`,
`seven_spelled_out`), where names are compared and indexed; a test goes through all letters and
proves that both agree. Here what somebody typed is prepared for asking.
"""

import re
import unicodedata

# Accents and other marks on letters, and what is not seen at all.
_MARKS = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]"
)
_APOSTROPHES = re.compile(
    "[\u0060\u2018-\u201b\u2032\u2035\u02b9\u02bb-\u02bd\u02c8\u02ca\u02cb\u05f3]"
)
_QUOTES = re.compile("[\u201c-\u201f\u00ab\u00bb\u2039\u203a\u301d\u301e\u05f4]")
_DASHES = re.compile("[\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\u05be]")
# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {
        **dict(zip("øłđðħıŧŋ", "olddhitn", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
# Everything that separates words.
_BETWEEN = re.compile(
    "[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u060c\u061b\u061f"
    "\u066a-\u066d\u06d4\u0964\u0965\u2000-\u2069\u20a0-\u20cf\u2100-\u2bff\u2e00-\u2e7f"
    "\u3000-\u3004\u3008-\u3020\u3030\u30fb\ue000-\uf8ff\ufe10-\ufe1f\ufe30-\ufe6f\ufffd]+"
)
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def fold(text: str) -> str:
    """`text` without case, accents, ligatures, width and other ways to write the same letter;
    all apostrophes, quotes and dashes are `'`, `"` and `-`."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.replace("\u00b4", "'"))).casefold()
    plain = _DASHES.sub("-", _QUOTES.sub('"', _APOSTROPHES.sub("'", bare)))
    return unicodedata.normalize("NFC", plain.translate(_LETTERS))


def words(text: str) -> str:
    """The words of `text`, folded, one space between them, without any other sign.

    Letters beyond ASCII are written as their numbers, so that an index of three letters holds
    them whatever the locale of the database is, and a word of one or two signs with them.
    """
    bare = _BETWEEN.sub(" ", fold(text).replace("'", "").replace('"', "")).strip(" ")
    return bare if bare.isascii() else "".join(map(_numbered, bare))


def spelled_out(text: str) -> str:
    """`text` with `ä` written `ae`, as where a keyboard has no such letters (also ö, ü, ø, å)."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text).casefold().translate(_SPELLED)


def _numbered(sign: str) -> str:
    number = ord(sign)
    if number < 128:
        return sign
    return f"Z{number:04x}" if number < 65536 else f"Y{number:06x}"
