"""What an erasure takes and leaves, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import EvidenceFile
from privacy.queries.erasure import ErasureOutlook


class ErasureLine(NamedTuple):
    """A point of the list; `links` are names with their addresses, to look at."""

    text: str
    links: Sequence[tuple[str, str]] = ()


def goes(look: ErasureOutlook) -> list[ErasureLine]:
    said = ngettext(
        "The words of %(n)s record: what was said to the person, and planned; needs, concerns and "
        "answers in the person’s words.",
        "The words of %(n)s records: what was said to the person, and planned; needs, concerns and "
        "answers in the person’s words.",
        look.sayings,
    )
    lines = [
        ErasureLine(
            _(
                "The name “%(name)s”, position, company and who looks after the person; whatever the "
                "person was called before."
            )
            % {"name": look.contact.name}
        ),
        ErasureLine(_points(look)),
        *([ErasureLine(said % {"n": look.sayings})] if look.sayings else []),
        ErasureLine(
            _(
                "The name, addresses and numbers wherever else somebody wrote them: names of deals, "
                "notes, reasons, the history, the audit, saved views."
            )
        ),
    ]
    if look.files:
        lines.append(ErasureLine(_("Files about the person:"), _links(look.files)))
    else:
        lines.append(ErasureLine(_("Files about the person: none was found.")))
    if look.jobs:
        kept = [(job.name, reverse("exchange:import", args=[job.pk])) for job in look.jobs]
        whole = _("What is kept of files by which the person came in, whole:")
        lines.append(ErasureLine(whole, kept))
    else:
        lines.append(ErasureLine(_("No file is kept by which the person came in.")))
    gone = _(
        "The person in search, in lists and in files taken from them, and what was deleted and could be "
        "brought back."
    )
    return [*lines, ErasureLine(gone)]


def stays(look: ErasureOutlook) -> list[ErasureLine]:
    deals = ngettext(
        "%(n)s deal with its stages, values, days and outcome: the figures of the organisation. “Erased "
        "person” stands on it, in the same role.",
        "%(n)s deals with their stages, values, days and outcomes: the figures of the organisation. "
        "“Erased person” stands on them, in the same role.",
        look.deals,
    )
    texts = [
        deals % {"n": look.deals},
        _(
            "That there were calls, meetings and answers, with their days and who of us had them, "
            "without a word of what was said: so is counted how we work."
        ),
        _("What we said ourselves: answers to concerns, what we gave, how the company decides."),
        _(
            "A line of the audit: that somebody was erased, when and by whom, without the name. It "
            "proves that it was done."
        ),
    ]
    lines = [ErasureLine(text) for text in texts]
    if look.left:
        words = _(
            "Other files of these deals. Nothing of the person was found in them, but not every kind of "
            "file can be read: look."
        )
        lines.append(ErasureLine(words, _links(look.left)))
    if look.unsure:
        words = _(
            "In words of others: %(names)s. Somebody else, or something else, is called so. Look through "
            "the texts of these deals."
        )
        lines.append(ErasureLine(words % {"names": ", ".join(look.unsure)}))
    backups = _(
        "Backups, until the last that was made before today is gone; and what was already taken away in "
        "files."
    )
    return [*lines, ErasureLine(backups)]


def _points(look: ErasureOutlook) -> str:
    if not look.points:
        return _("Addresses and numbers: there are none.")
    return _("Addresses and numbers: %(points)s.") % {"points": ", ".join(look.points)}


def _links(files: Sequence[EvidenceFile]) -> list[tuple[str, str]]:
    return [(file.name, reverse("crm:file", args=[file.deal_id, file.pk])) for file in files]
