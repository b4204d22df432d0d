"""What a command has against what it was asked for."""


class Refused(Exception):
    """What cannot be, said to the person who asked for it: `message` is what he or she reads, `field`
    names the input that it belongs to."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
