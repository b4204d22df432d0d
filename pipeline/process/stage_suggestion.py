"""Suggests the stage of what somebody did to sell, by words in the product's languages (CHECKLIST
C1, E11).

Pure rules; a suggestion, which the person corrects.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.process.playbook import Playbook, PlaybookStep
from pipeline.process.stages import Stage


def _listed(words: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in words.split(","))


# Beginnings of words, per stage; the longest that is found in a line decides, so that "asked for
# the order" is closing and "asked for an appointment" prospecting.
WORDS: dict[Stage, tuple[str, ...]] = {
    Stage.LEAD_GENERATION: _listed(
        """
        lead, list of, fair, at a fair, met them at, trade show, referr, recommend, linkedin, newsletter,
        research, found them, website, web form, inquiry came, enquiry came, campaign,
        heard of, looked for, existing customer, kept in touch, christmas, messe,
        empfehl, recherch, gefunden, kampagne, bestandskund, kontakt gehalten, anfrage
        kam, adress
        """
    ),
    Stage.PROSPECTING: _listed(
        """
        call, phoned, rang, cold, wrote to, emailed, e-mailed, sent an e-mail, sent a
        mail, letter, reached, voicemail, appointment, set a meeting, agreed to meet,
        agreed to talk, agreed on a visit, agreed on a meeting,
        agreed on a call, invited, followed up, angerufen, anruf, angeschrieben, termin,
        erreicht, eingeladen, brief, nachgefasst
        """
    ),
    Stage.QUALIFICATION: _listed(
        """
        qualif, budget, first meeting, first conversation, first talk, met them, got to
        know, can they pay, credit, fit, whether they, serious, worth our, introduced,
        presented ourselves, company presentation, erstgespräch, bonität, kennengelernt,
        kennenlern, vorgestellt, passt, budget geklärt
        """
    ),
    Stage.NEEDS_ANALYSIS: _listed(
        """
        need, problem, requirement, analys, survey, audit, site visit, visited,
        workshop, measur, asked what, asked about, asked who, who decides, decid,
        decision, listened, sample, test install, how they work, questionnaire, bedarf,
        anforder, besichtig, vor ort, aufgenommen, gemessen, wer entscheidet, entscheid,
        muster, fragebogen
        """
    ),
    Stage.PROPOSAL: _listed(
        """
        offer, proposal, quote, quotation, priced, calculat, tender, demo, presented
        the, presented our solution, showed the solution, sent the price, price list,
        angebot, kalkul, offert, ausschreibung, vorgeführt, lösung gezeigt, preis
        genannt
        """
    ),
    Stage.OBJECTIONS: _listed(
        """
        objection, concern, negotiat, discount, too expensive, haggl, lawyer, legal,
        procurement, reference call, answered questions, revised the offer, changed the
        offer, second offer, terms, einwand, einwänd, bedenken, rabatt, verhandl,
        nachlass, einkauf, zu teuer, nachgebessert, angebot überarbeitet, angebot
        geändert
        """
    ),
    Stage.CLOSING: _listed(
        """
        closed, sign, contract, asked for the order, order, purchase order, deal won,
        won it, hand over, handed over, kick-off, kickoff, agreed on terms, shook hands,
        abschluss, abgeschlossen, unterschr, vertrag, bestell, auftrag, übergeben,
        übergabe, zugesagt
        """
    ),
}
# What comes after the sale, or has nothing to do with one (METHOD, edge rules 3 and 4).
OUTSIDE = _listed(
    """
    deliver, install, invoice, repair, support, trained the, maintenance, complaint,
    geliefert, lieferung, montage, montiert, rechnung, reparatur, schulung, wartung,
    reklamation
    """
)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A stage, or outside of the process, or (both empty) unknown."""

    stage: Stage | None = None
    outside: bool = False


def suggest(line: str) -> Suggestion:
    """The stage whose words occur in the line; of several, the one with the longest word."""
    text = " ".join(line.lower().split())
    found: list[tuple[int, Stage | None]] = [
        (len(word), stage)
        for stage, words in [*WORDS.items(), (None, OUTSIDE)]
        for word in words
        if re.search(rf"(?<!\w){re.escape(word)}", text)
    ]
    if not found:
        return Suggestion()
    _length, stage = max(found, key=lambda pair: pair[0])
    return Suggestion(stage=stage, outside=stage is None)


_SMALL = frozenset(
    _listed(
        """
        the, and, for, with, from, them, they, their, our, who, what, how, that, this,
        was, were, has, had, into, about, der, die, das, und, mit, von, den, dem, ein,
        eine, wir, sie, ihr, hat, haben, bei, auf
        """
    )
)


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{3,}", text.lower()) if word not in _SMALL}


def matching_step(line: str, steps: Iterable[PlaybookStep]) -> PlaybookStep | None:
    """The step that says the same as the line, by the words that they share; None if none does."""
    said = _stems(line)
    best: tuple[float, PlaybookStep] | None = None
    for step in steps:
        words = _stems(step.label)
        shared = len(said & words) / min(len(said), len(words)) if said and words else 0.0
        if shared >= 0.5 and (best is None or shared > best[0]):
            best = (shared, step)
    return best[1] if best else None


@dataclass(frozen=True, kw_only=True)
class DoneWork:
    """One thing that was done for a sale, in its stage; `step` is what asks for it already."""

    text: str
    stage: Stage
    step: PlaybookStep | None = None


def map_to_stages(lines: Sequence[tuple[str, Stage]], playbook: Playbook) -> list[DoneWork]:
    """Each different line once, in the order of the stages, with the step that it matches."""
    found: dict[tuple[Stage, str], DoneWork] = {}
    for text, stage in lines:
        place = (stage, " ".join(text.lower().split()))
        found.setdefault(
            place, DoneWork(text=text, stage=stage, step=matching_step(text, playbook.steps(stage)))
        )
    return sorted(found.values(), key=lambda done: done.stage)
