"""What happened to deals, parties and settings becomes kind and JSON instead of words (`crm.events`).

In one transaction: the code of before cannot read what comes after, so that nobody waits for the tables.
Back, it is words again: nothing goes, but what has parts is told as JSON. What a click could take back
(five minutes) holds rows as they were, and goes.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import migrations, models

from pipeline.migrations._typed_events import (
    Data,
    carry_back,
    carry_over,
    changed,
    day,
    ref,
    said,
    text,
)

# What roles were called when they were kept as people read them, in the language of who wrote.
_ROLES = {
    "decides": ("Decides", "Entscheidet"),
    "influences": ("Influences", "Beeinflusst"),
    "for_us": ("For us", "Für uns"),
    "against_us": ("Against us", "Gegen uns"),
    "uses": ("Will use it", "Wird es nutzen"),
    "unknown": ("Role not known", "Rolle nicht bekannt"),
}
_ROLE_OF = {f" ({label})": role for role, labels in _ROLES.items() for label in labels}
_LINE = re.compile(r"(?P<quantity>\S+) × (?P<product>.+?)(?: à (?P<price>[\d.]+))?", re.DOTALL)
_MODELS = {"stop_cause": "stopcause"}

_contact = ref("contact")


def number(value: str) -> str:
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(value)
    return f"{exact:f}"


def instant(value: str) -> str:
    at = dt.datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(value)
    return at.astimezone(dt.UTC).isoformat()


def in_role(value: str) -> Data:
    for ending, role in _ROLE_OF.items():
        if value.endswith(ending):
            return {"person": said(kind="contact", name=value.removesuffix(ending)), "role": role}
    return {"person": {"kind": "contact", "name": value}}


def raised_by(value: str) -> Data:
    return {"kind": "us"} if value == "us" else _contact(value)


_TEXTS = "name currency source_detail initiator closing_note"
_TEXT_PARTS = (
    "need path_steps path_criteria concern_words concern_category concern_response"
    " hand_off hand_off_promised"
)
_DAY_PARTS = (
    "need_confirmed_on path_decides_on path_confirmed_on hand_off_starts_on hand_off_due_on"
)
_FACTS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_TEXTS.split(), text),
    "company": ref("company"),
    "source_company": ref("company"),
    "source": ref("source"),
    "method": ref("method"),
    "cause": ref("stopcause"),
    "owner": ref("user"),
    "team": ref("team"),
    "expected_close_on": day,
    "parked_until": day,
    "contact": in_role,
}
_PARTS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_TEXT_PARTS.split(), text),
    **dict.fromkeys(_DAY_PARTS.split(), day),
    "need_said_by": _contact,
    "path_confirmed_by": _contact,
    "concern_raised_by": raised_by,
    "concern_after_price": {"after": True, "before": False}.__getitem__,
    "hand_off_seller": {"yes": True}.__getitem__,
}
_ENTRY: dict[str, Callable[[str], Any]] = {
    "talk_kind": text,
    "talk_body": text,
    "talk_result": text,
    "talk_done_at": instant,
    "talk_contact": _contact,
}


def of_record(field: str, old: str, new: str, reason: str, currency: str) -> tuple[str, Data]:
    """Kind and data of what happened to a deal or a party."""
    if field in _FACTS:
        return field, changed(old, new, _FACTS[field])
    if field in _PARTS:
        return field, changed(old, new, _PARTS[field]) | said(about=reason)
    if field in _ENTRY:
        return field, changed(old, new, _ENTRY[field]) | _entry(reason)
    if field == "talk_removed":
        return field, said(body=old) | _entry(reason)
    if field in ("amount", "need_worth", "line", "offer"):
        return _SUMS[field](old, new, reason, currency)
    return _ACTS[field](old, new)


def _entry(which: str) -> Data:
    kind, _space, moment = which.partition(" ")
    return {"entry": said(kind=_some(kind), at=instant(moment))}


def _some(value: str) -> str:
    if not value:
        raise ValueError(value)
    return value


def _amount(old: str, new: str, _reason: str, currency: str) -> tuple[str, Data]:
    return "amount", changed(old, new, lambda value: said(amount=number(value), currency=currency))


def _need_worth(old: str, new: str, reason: str, currency: str) -> tuple[str, Data]:
    def worth(value: str) -> Data:
        amount, per = value.split(" ")
        return said(amount=number(amount), currency=currency, per=per)

    return "need_worth", changed(old, new, worth) | said(about=reason)


def _line(old: str, new: str, _reason: str, currency: str) -> tuple[str, Data]:
    def line(value: str) -> Data:
        found = _LINE.fullmatch(value)
        if found is None:
            raise ValueError(value)
        price = found["price"] and said(amount=number(found["price"]), currency=currency)
        product = {"kind": "product", "name": found["product"]}
        return said(product=product, quantity=number(found["quantity"]), unit_price=price)

    return "line", changed(old, new, line)


def _offer(old: str, new: str, _reason: str, currency: str) -> tuple[str, Data]:
    if old:
        return "offer_withdrawn", {"revision": int(old)}
    revision, form, value, sent_at, *to = new.split(" ", 4)
    people = [{"kind": "contact", "name": name} for name in to if name]
    return "offer", said(
        revision=int(revision),
        form=_some(form),
        value=None if value == "-" else said(amount=number(value), currency=currency),
        sent_at=instant(sent_at),
        to=people or None,
    )


_SUMS = {"amount": _amount, "need_worth": _need_worth, "line": _line, "offer": _offer}


def _verdict(_old: str, new: str) -> tuple[str, Data]:
    ruling, ours, theirs = new.split(" ")
    return "verdict", {"ruling": _some(ruling), "ours": _some(ours), "theirs": _some(theirs)}


def _concern(old: str, new: str) -> tuple[str, Data]:
    disposition, _space, words = new.partition(" ")
    if old:
        return "concern_settled", {"words": words, "old": old, "new": _some(disposition)}
    question = {"question": True, "open": None}[disposition]
    return "concern", {"words": words} | said(is_question=question)


def _step(old: str, new: str) -> tuple[str, Data]:
    if not new:
        return "step_undone", {"step": _some(old)}
    head, _line, answer = new.partition("\n")
    kind, _space, label = head.partition(" ")
    return "step", {"answer": _some(kind), "step": _some(label)} | said(said=answer)


def _step_aside(_old: str, new: str) -> tuple[str, Data]:
    why, _space, label = new.partition(" ")
    return "step_aside", {"why": _some(why), "step": _some(label)}


def _gate(_old: str, new: str) -> tuple[str, Data]:
    head, *missing = new.split("\n")
    why, stage = head.split(" ")
    parts = [{"fact": one[1:]} if one.startswith("=") else {"step": one} for one in missing if one]
    if int(stage) not in range(1, 8):
        raise ValueError(stage)
    return "gate", said(why=_some(why), stage=int(stage), missing=parts or None)


def _taken_back(old: str, _new: str) -> tuple[str, Data]:
    plan, _space, subject = old.partition(" ")
    return "taken_back", said(plan=_some(plan), subject=subject)


_ACTS: dict[str, Callable[[str, str], tuple[str, Data]]] = {
    "verdict": _verdict,
    "concern": _concern,
    "attempt": lambda _old, new: ("attempt", {"reply": _some(new)}),
    "step": _step,
    "step_aside": _step_aside,
    "gate": _gate,
    "need_dropped": lambda old, _new: ("need_dropped", {"words": old}),
    "undone": lambda old, _new: ("undone", {"verb": _some(old)}),
    "taken_back": _taken_back,
}


def of_setting(
    field: str, old: str, new: str, verb: str, setting: str, into: str | None, currency: str
) -> tuple[str, Data]:
    """Kind and data of what happened to a setting; `field` is the verb where nothing else is said."""
    if setting == "rate":
        if field == "all":
            return "rates_rebased", {"old": int(old), "new": int(new)}
        return "rate", {"on": day(field)} | changed(old, new, number)
    kind = _MODELS.get(setting, setting)
    if verb == "merged":
        number_of = int(into) if into else None
        return verb, {"into": said(kind=kind, id=number_of, name=new)}
    if verb == "unmerged":
        return verb, {"out_of": said(kind=kind, name=old)}
    if verb != "changed":
        return {one: one for one in ("added", "retired", "brought_back", "deleted")}[verb], {}
    if field == "price":
        return field, changed(old, new, lambda it: said(amount=number(it), currency=currency))
    kinds = {"kind": f"{setting}_kind", "initiator": f"{setting}_initiator"}
    own = {"name": "name", "series": "series", "currency": "currency"} | kinds
    return own[field], changed(old, new, text)


# A sum was in the currency that the deal had then: the one that the next change of it says.
_CURRENCY = """
    CASE WHEN field IN ('amount', 'need_worth', 'line', 'offer') THEN coalesce(
        (SELECT c.old FROM crm_dealchange AS c WHERE c.deal_id = t.deal_id AND c.field = 'currency'
         AND (c.at, c.id) > (t.at, t.id) ORDER BY c.at, c.id LIMIT 1),
        (SELECT d.currency FROM crm_deal AS d WHERE d.id = t.deal_id)) ELSE '' END
"""
_PRICED = """
    coalesce((SELECT p.currency FROM crm_product AS p
              WHERE t.setting = 'product' AND p.id = t.record_id), '')
"""
COLUMNS = {
    "crm_dealchange": (f"field, old, new, reason, {_CURRENCY}", of_record),
    "crm_partychange": ("field, old, new, reason, ''", of_record),
    "crm_settingchange": (
        f"coalesce(nullif(field, ''), verb), old, new, verb, setting, kept ->> 'into', {_PRICED}",
        of_setting,
    ),
}
# What was said of a row as its reason is in its data by now.
_REASONS = "UPDATE {table} SET reason = '' WHERE reason <> '' AND (data ? 'about' OR data ? 'entry')"
_REASONS_BACK = """
    UPDATE {table} SET reason = coalesce(data ->> 'about', concat_ws(' ',
        data -> 'entry' ->> 'kind', data -> 'entry' ->> 'at'))
    WHERE data ? 'about' OR data ? 'entry'
"""
_VERBS_BACK = """
    UPDATE crm_settingchange SET verb = CASE WHEN kind IN
        ('added', 'retired', 'brought_back', 'deleted', 'merged', 'unmerged')
        THEN kind ELSE 'changed' END
"""


# A row that is written twice has its references checked at the end, and no table changes until then.
_CHECKED = "SET CONSTRAINTS ALL IMMEDIATE"


def forwards(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DELETE FROM crm_undoableact")
    for table, (columns, typed) in COLUMNS.items():
        carry_over(schema_editor.connection, table, columns, typed)
        if table != "crm_settingchange":
            schema_editor.execute(_REASONS.format(table=table))
    schema_editor.execute(_CHECKED)


def backwards(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DELETE FROM crm_undoableact")
    for table in COLUMNS:
        longest = 300 if table == "crm_settingchange" else 100_000
        carry_back(schema_editor.connection, table, longest=longest)
        if table != "crm_settingchange":
            schema_editor.execute(_REASONS_BACK.format(table=table))
    schema_editor.execute(_VERBS_BACK)
    schema_editor.execute(_CHECKED)



class Migration(migrations.Migration):
    dependencies = [("crm", "0029_sums_by_index"), ("pipeline", "0016_typed_events")]

    operations = [
        *(
            operation
            for model in ("dealchange", "partychange", "settingchange")
            for operation in (
                migrations.AddField(model, "kind", models.CharField(max_length=40, default="")),
                migrations.AddField(model, "data", models.JSONField(default=dict)),
            )
        ),
        migrations.RunPython(forwards, backwards),
        *(
            migrations.AlterField(model, "field", models.CharField(max_length=length, default=""))
            for model, length in (("dealchange", 40), ("partychange", 40), ("settingchange", 20))
        ),
        migrations.AlterField(
            "settingchange", "verb", models.CharField(max_length=12, default="changed")
        ),
        *(
            migrations.RemoveField(model, name)
            for model in ("dealchange", "partychange", "settingchange")
            for name in ("field", "old", "new")
        ),
        migrations.RemoveField("settingchange", "verb"),
        *(
            migrations.AlterField(model, "kind", models.CharField(max_length=40))
            for model in ("dealchange", "partychange", "settingchange")
        ),
    ]
