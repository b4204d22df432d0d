"""How somebody is called who was erased; pure."""

from django.utils.translation import gettext_noop

from salesprocess.lib.translation import gettext

# What the row keeps; each reader is told in his or her own language.
ERASED_PERSON = gettext_noop("Erased person")
# What stands where there were words about the person: in no language.
ERASED_TEXT = "[…]"


def person_name(name: str) -> str:
    """The name of somebody of the other side, as a page shows what the row keeps."""
    return gettext(ERASED_PERSON) if name in ("", ERASED_PERSON) else name
