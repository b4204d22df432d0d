"""Reads who somebody is from a pasted signature, mail or link, in English and German. Pure.

What is found stands in the text, but for two guesses that are marked: a name made of an address, and a
company made of its domain; a link says no more than that. Whoever pasted it sees all of it before anything is saved.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import phonenumbers

# What is longer is no mail that somebody pastes to note who wrote it.
LONGEST = 20_000
# Lines at the end of a mail that may be its signature, where no greeting comes before it.
_LAST = 14
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_COMPANY = 60, 80, 120

_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_FROM = re.compile(r"^\s*\**(?:from|von|de)\**:\**\s*(?P<who>.+)$", re.IGNORECASE)
_SUBJECT = re.compile(r"^\s*\**(?:subject|betreff)\**:\**\s*(?P<what>.+)$", re.IGNORECASE)
_HEADER = re.compile(
    r"^\s*\**(?:to|an|cc|bcc|date|sent|gesendet|datum|reply-to|antwort an|subject|betreff|from|von)"
    r"\**:",
    re.IGNORECASE,
)
_TO = re.compile(r"^\s*\**(?:to|an)\**:\**\s*(?P<who>.+)$", re.IGNORECASE)
# Where a mail begins that this one answers.
_OLDER = re.compile(
    r"^(?:-+\s*(?:original message|ursprüngliche nachricht|forwarded message|weitergeleitete nachricht)"
    r"|_{10,}$|(?:on|am) .{6,120}(?:wrote|schrieb.*):$|\**(?:from|von)\**:)",
    re.IGNORECASE,
)
_REPLY = re.compile(r"(?:re|aw|fwd?|wg):\s*", re.IGNORECASE)
_GREETING = re.compile(
    r"^(?:(?:(?:with )?(?:best|kind|warm|kindest|many)(?: regards| wishes| thanks)?|regards|sincerely"
    r"|yours (?:sincerely|faithfully|truly)|cheers|thanks|thank you|all the best"
    r"|(?:mit )?(?:freundliche[nrm]?|beste[nr]?|herzliche[nr]?|viele[n]?|liebe|schöne) gr(?:ü|ue)(?:ß|ss)en?"
    r"(?: aus [\w ]+)?|mfg|lg|vg|bg|gruß|grüße|danke|hochachtungsvoll)[,.! ]*)$|^--\s*$",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"\b(?:g?mbh|gesmbh|ag|kg|kgaa|og|ohg|gbr|e\.?\s?u\.?|se|ltd\.?|limited|llc|llp|plc|inc\.?|corp\.?"
    r"|s\.?a\.?|s\.?l\.?(?:u\.?)?|sas|sarl|b\.?v\.?|n\.?v\.?|s\.?r\.?o\.?|a\.?\s?s\.?|kft\.?|zrt\.?"
    r"|sp\. ?z ?o\.? ?o\.?|s\.?p\.?a\.?|s\.?r\.?l\.?|d\.?o\.?o\.?|oy|ab|aps|gen|e\.?v\.?)(?=$|[\s,.)])",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"^(?:(?:dr|mag|mmag|dipl|ing|di|dipl\.-ing|dipl\.-kfm|prof|mr|mrs|ms|herr|frau|fh)\.?[\s.-]+"
    r"|\(fh\)\s*)+",
    re.IGNORECASE,
)
_DEGREES = re.compile(
    r"(?:[\s,]+(?:mba|m\.?sc\.?|b\.?sc\.?|m\.?a\.?|b\.?a\.?|ll\.?m\.?|ph\.?d\.?|bakk\.?|dr\.?))+$",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"^(?:[^\W\d_][\w'’.-]*|van|von|de|del|da|di|der|den|zu|la|le|y|e)$")
_SIGNS = re.compile(r"\s*(?:\||•|·|\u2013|\u2014| - )\s*")
_FAX = re.compile(r"\b(?:fax|telefax|f)\s*[:.]?\s*$", re.IGNORECASE)
_WEB = re.compile(r"\b(?:https?://|www\.)", re.IGNORECASE)
_PLACE = re.compile(
    r"\b\d{4,5}\b|\b(?:street|str|straße|strasse|gasse|weg|platz|road|avenue)\b", re.IGNORECASE
)
# A link and nothing else; of a page about a person or a company on a network, its last part says whom.
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?([\w-]+(?:\.[\w-]+)+)(?::\d+)?(/\S*)?", re.ASCII | re.IGNORECASE
)
_PROFILE = re.compile(
    r"/(?P<of>in|company|profile|pages|companies)/(?P<who>[\w%.-]+)", re.IGNORECASE
)
_NETWORKS = {"linkedin", "xing", "facebook", "instagram", "x", "twitter", "youtube", "google"}
# Whose domain says nothing of where somebody works.
_FREE = {
    *("gmail", "googlemail", "gmx", "web", "outlook", "hotmail", "live", "msn", "yahoo", "icloud"),
    *("me", "aon", "chello", "t-online", "freenet", "proton", "protonmail", "a1", "mail", "posteo"),
}


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who wrote, and how to reach them; what was not found is empty.

    Numbers as they were written, the direct ones first; faxes are left out.
    """

    name: str = ""
    job_title: str = ""
    company: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    subject: str = ""
    is_name_guessed: bool = False
    is_company_guessed: bool = False


def read_signature(text: str, *, country: str) -> Signature:
    """Read a pasted text; numbers without a prefix are those of `country` (two letters)."""
    if link := _LINK.fullmatch(text.strip()):
        return _of_link(link[1], link[2] or "")
    lines = _lines_of(text)
    block = _signature_of(lines)
    parts = [part for line in block for part in _parts(line)]
    sender, subject = _sender(lines), _subject(lines)
    emails = _emails(sender, block, lines)
    name = _from_header(sender) or next(filter(_is_name, parts), "")
    company = next(filter(_is_company, parts), "")
    known_name, known_company = name, company
    if not name and emails:
        name = _name_of_address(emails[0])
    if not company and emails:
        company = _company_of_domain(emails[0])
    return Signature(
        name=name,
        job_title=_job_title(parts, name=known_name, company=company),
        company=company[:_LONGEST_COMPANY],
        emails=tuple(emails),
        phones=tuple(_phones(block, country)),
        subject=subject,
        is_name_guessed=bool(name and not known_name),
        is_company_guessed=bool(company and not known_company),
    )


@dataclass(frozen=True, kw_only=True)
class PastedMail:
    """A mail that was pasted: who wrote it and to whom, as addresses; what it says, without what it
    answers to."""

    senders: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    subject: str = ""
    words: str = ""

    def of(self, own: str) -> tuple[str, ...]:
        """The addresses of the other side; `own` is that of whoever pasted it."""
        is_own = own.lower() in (one.lower() for one in self.senders)
        return self.to if is_own else self.senders


def read_mail(text: str) -> PastedMail | None:
    """Read a pasted mail: with a line that says from whom, or with something said before the greeting
    at its end. None for a signature alone, and for what is neither."""
    lines = _lines_of(text)
    began = next((at for at, line in enumerate(lines) if line and not _HEADER.match(line)), 0)
    sender = _sender(lines[:began])
    said = lines[began:]
    ended = next((at for at, line in enumerate(said) if _OLDER.match(line)), len(said))
    said = said[:ended]
    greeting = next((at for at, line in enumerate(said) if _GREETING.match(line)), None)
    words = "\n".join(said).strip()
    if not sender and not (greeting and any(said[:greeting])):
        return None
    to = [match["who"] for match in map(_TO.match, lines[:began]) if match]
    senders = _ADDRESS.findall(sender) or _emails("", _signature_of(said), said)
    return PastedMail(
        senders=tuple(senders),
        to=tuple(one for line in to for one in _ADDRESS.findall(line)),
        subject=_subject(lines[:began]),
        words=re.sub(r"\n{3,}", "\n\n", words),
    )


def _lines_of(text: str) -> list[str]:
    text = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return [line.strip().lstrip(">").strip() for line in text.split("\n")]


# Where it stands ----------------------------------------------------------------------------------


def _signature_of(lines: Sequence[str]) -> list[str]:
    """The lines after the last greeting; without one, the last that there are."""
    body = [line for line in lines if line and not _HEADER.match(line)]
    greetings = [at for at, line in enumerate(body) if _GREETING.match(line)]
    if greetings and greetings[-1] < len(body) - 1:
        return body[greetings[-1] + 1 :][:_LAST]
    return body[-_LAST:]


def _parts(line: str) -> Iterator[str]:
    """`Anna Reiter | Head of Purchasing` says two things."""
    for part in _SIGNS.split(line):
        plain = part.strip(" ,;*_")
        if plain:
            yield plain


def _sender(lines: Sequence[str]) -> str:
    found = next(filter(None, map(_FROM.match, lines)), None)
    return found["who"].strip() if found else ""


def _subject(lines: Sequence[str]) -> str:
    found = next(filter(None, map(_SUBJECT.match, lines)), None)
    return _REPLY.sub("", found["what"]).strip(" *")[:200] if found else ""


def _from_header(sender: str) -> str:
    """`Anna Reiter <anna@norte.example>`, `Reiter, Anna [mailto:…]`."""
    name = re.split(r"[<\[(]", sender)[0].strip(" \"'*")
    if "@" in name:
        return ""
    last, comma, first = name.partition(",")
    if comma and _is_name(f"{first.strip()} {last.strip()}"):
        return f"{first.strip()} {last.strip()}"
    return name if _is_name(name) else ""


# What it says -------------------------------------------------------------------------------------


def _emails(sender: str, block: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The sender's first; of other lines only where neither sender nor signature names one."""
    found = [
        *_ADDRESS.findall(sender),
        *(one for line in block for one in _ADDRESS.findall(line)),
    ]
    if not found:
        found = [one for line in lines for one in _ADDRESS.findall(line)][:1]
    return list({one.lower(): one for one in reversed(found)}.values())[::-1]


def _is_name(text: str) -> bool:
    plain = _DEGREES.sub("", _TITLES.sub("", text)).strip(" ,")
    words = plain.split()
    if not 2 <= len(words) <= 5 or len(text) > _LONGEST_NAME:
        return False
    if any(sign in text for sign in "@:/0123456789!?") or _FORM.search(text):
        return False
    return all(map(_NAME_WORD.match, words)) and words[0][:1].isupper() and words[-1][:1].isupper()


def _is_company(text: str) -> bool:
    if len(text) > _LONGEST_COMPANY or "@" in text or _WEB.search(text) or ":" in text:
        return False
    return bool(_FORM.search(text)) and len(text.split()) > 1 and text[:1].isalnum()


def _job_title(parts: Sequence[str], *, name: str, company: str) -> str:
    """What stands beside or below the name, if it is neither an address nor a number."""
    if name not in parts:
        return ""
    after = parts[parts.index(name) + 1 :][:1]
    for text in after:
        is_other = "@" in text or _WEB.search(text) or any(sign.isdigit() for sign in text)
        if is_other or ":" in text or text == company or _PLACE.search(text):
            return ""
        if len(text) <= _LONGEST_TITLE:
            return text
    return ""


def _phones(block: Sequence[str], country: str) -> list[str]:
    found: dict[str, str] = {}
    for line in block:
        for match in phonenumbers.PhoneNumberMatcher(line, country or None):
            if _FAX.search(line[: match.start]):
                continue
            number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            found.setdefault(number, match.raw_string.strip())
    return list(found.values())


def _of_link(host: str, path: str) -> Signature:
    """`https://www.norte-aceites.example/contact` is of Norte Aceites, most likely."""
    name = company = _company_of_domain(f"@{host}")
    if name.lower() in _NETWORKS:
        name = company = ""
        if profile := _PROFILE.match(path):
            # What tells people of the same name apart has a digit in it.
            words = [word for word in re.split(r"[-_.]", unquote(profile["who"])) if word.isalpha()]
            said = " ".join(word.capitalize() for word in words)
            is_person = profile["of"].lower() in ("in", "profile")
            name, company = (said, "") if is_person else ("", said)
    else:
        name = ""
    return Signature(
        name=name[:_LONGEST_NAME],
        company=company[:_LONGEST_COMPANY],
        is_name_guessed=bool(name),
        is_company_guessed=bool(company),
    )


def _name_of_address(address: str) -> str:
    """`anna.reiter@…` is most likely Anna Reiter; of `office@…` nobody knows."""
    words = [word for word in re.split(r"[._]", address.split("@")[0]) if word.isalpha()]
    return " ".join(word.capitalize() for word in words) if len(words) >= 2 else ""


def _company_of_domain(address: str) -> str:
    labels = address.split("@")[1].lower().split(".")
    # Of `firm.co.uk` and `firm.co.at` the name stands before what is common to all.
    common = 2 if len(labels) > 2 and labels[-2] in ("co", "com", "or", "ac", "gv") else 1
    name = labels[-1 - common] if len(labels) > common else labels[0]
    if name in _FREE:
        return ""
    return " ".join(word.capitalize() for word in name.split("-") if word)
