"""Which files are taken: what the ending of a name says, their first bytes say as well."""

import posixpath

_PACKED = ((0, b"PK\x03\x04"),)
_OLD_OFFICE = ((0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),)
_MEDIA = ((4, b"ftyp"),)
# By ending: where in a file what stands, any of them; none for text. No archives, scripts or pages:
# who gets such a file opens it by its name.
_KINDS: dict[str, tuple[tuple[int, bytes], ...]] = {
    "pdf": ((0, b"%PDF"),),
    "png": ((0, b"\x89PNG\r\n\x1a\n"),),
    **dict.fromkeys(("jpg", "jpeg"), ((0, b"\xff\xd8\xff"),)),
    "gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "webp": ((8, b"WEBP"),),
    **dict.fromkeys(("tif", "tiff"), ((0, b"II*\0"), (0, b"MM\0*"))),
    **dict.fromkeys(("heic", "m4a", "mp4", "mov"), _MEDIA),
    "mp3": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3")),
    "wav": ((8, b"WAVE"),),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp"), _PACKED),
    **dict.fromkeys(("doc", "xls", "ppt", "msg"), _OLD_OFFICE),
    "rtf": ((0, b"{\\rtf"),),
    **dict.fromkeys(("txt", "csv", "md", "eml", "ics", "vcf"), ()),
}
KNOWN = ", ".join(_KINDS)


def is_as_named(name: str, content: bytes) -> bool:
    """Whether a file is of a kind that is taken, and the one that its name says."""
    ending = posixpath.splitext(name)[1].removeprefix(".").lower()
    if ending not in _KINDS:
        return False
    marks = _KINDS[ending]
    if not marks:
        return b"\0" not in content or content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return any(content[at : at + len(mark)] == mark for at, mark in marks)
