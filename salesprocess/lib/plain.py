"""Text as it is kept, whichever way it came in."""


def plain(text: str) -> str:
    """Without the spaces around it, and with lines that end alike: a form sends them with a carriage
    return, what was brought in or shipped has none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
