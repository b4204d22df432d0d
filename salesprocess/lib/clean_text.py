def clean_text(text: str) -> str:
    """Strip surrounding whitespace and make all line ends `\\n`: forms send `\\r\\n`, files do not."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
