"""History forgets a person, by one function alone.

No other way is opened: who serves pages may still change no row of history (`manage.py grant`). The
function does it with the rights of its owner, takes words out and puts none in, leaves kinds, days,
sums and who did it as they are, and enters each run in the audit itself.
"""

from importlib import import_module

from django.db import migrations

_people = import_module("pipeline.migrations.0022_history_is_append_only")
_audit = import_module("pipeline.migrations.0019_audit")
_acts = import_module("crm.migrations.0024_undoable_acts")

ERASING = "coalesce(current_setting('seven.undo', true), '') = 'erasure'"
APPEND_ONLY = f"""
CREATE OR REPLACE FUNCTION seven_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {ERASING} THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' AND coalesce(current_setting('seven.undo', true), '') IN ('batch', 'act') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'row % of % is history: it is only written', OLD.id, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
AUDIT = f"""
CREATE OR REPLACE FUNCTION pipeline_audit_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {ERASING} THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        ELSIF to_jsonb(OLD) - 'asked' = to_jsonb(NEW) - 'asked' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'entry % of the audit is written once', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;
"""
# A closed visit gives up what was said of it, and nothing else.
VISITS = _acts.FREEZE.replace(
    "\nBEGIN\n",
    f"""
BEGIN
    IF TG_OP = 'UPDATE' AND {ERASING} THEN
        IF to_jsonb(OLD) - 'reason' = to_jsonb(NEW) - 'reason' THEN
            RETURN NEW;
        END IF;
    END IF;
""",
    1,
)

WORDS = """
CREATE FUNCTION seven_without_words(said text, names text, addresses text) RETURNS text
    IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT regexp_replace(
        regexp_replace(said, coalesce(names, '(?!)'), '[…]', 'gi'),
        coalesce(addresses, '(?!)'), '[…]', 'gi'
    )
$$;
"""
# References to the person lose the name, texts the words that name or reach it.
PERSON = """
CREATE FUNCTION seven_without_person(said jsonb, contact bigint, names text, addresses text)
    RETURNS jsonb IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    CASE jsonb_typeof(said)
    WHEN 'string' THEN
        RETURN to_jsonb(seven_without_words(said #>> '{}', names, addresses));
    WHEN 'array' THEN
        RETURN coalesce((
            SELECT jsonb_agg(seven_without_person(value, contact, names, addresses) ORDER BY no)
            FROM jsonb_array_elements(said) WITH ORDINALITY AS each (value, no)
        ), said);
    WHEN 'object' THEN
        IF said ->> 'kind' = 'contact' AND said ->> 'id' = contact::text THEN
            RETURN said - 'name';
        END IF;
        RETURN coalesce((
            SELECT jsonb_object_agg(
                seven_without_words(key, names, addresses),
                seven_without_person(value, contact, names, addresses)
            ) FROM jsonb_each(said)
        ), said);
    ELSE
        RETURN said;
    END CASE;
END
$$;
"""
# What was said by the person or to it, as an event keeps it: `crm.events` has the kinds.
SAYINGS = """
CREATE FUNCTION seven_without_sayings(kind text, said jsonb) RETURNS jsonb
    IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE
        WHEN jsonb_typeof(value) = 'string' AND (
            key IN ('about', 'words', 'body', 'subject', 'said')
            OR key IN ('old', 'new') AND kind IN ('need', 'concern_words', 'talk_body')
        ) THEN '"[…]"'::jsonb ELSE value END), '{}') FROM jsonb_each(said)
$$;
"""
FORGET = """
CREATE FUNCTION seven_forget_person(
    person bigint, names text, addresses text, hint text, actor bigint, moment timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ref text := '"id": ' || person || '[,}]';
BEGIN
    PERFORM set_config('seven.undo', 'erasure', true);
    DELETE FROM crm_partychange WHERE contact_id = person;

    UPDATE crm_dealchange AS t
    SET data = seven_without_sayings(t.kind, t.data),
        reason = CASE t.reason WHEN '' THEN '' ELSE '[…]' END
    WHERE (t.kind LIKE 'talk\\_%' OR t.kind = 'taken_back') AND t.deal_id IN (
            SELECT deal_id FROM crm_activity WHERE contact_id = person AND deal_id IS NOT NULL)
       OR t.kind LIKE 'need%' AND t.deal_id IN (
            SELECT deal_id FROM crm_need WHERE said_by_id = person)
       OR t.kind LIKE 'concern%' AND t.kind <> 'concern_response' AND t.deal_id IN (
            SELECT deal_id FROM crm_concern WHERE raised_by_id = person)
       OR t.kind = 'step' AND t.data ->> 'answer' = 'contact' AND t.deal_id IN (
            SELECT deal_id FROM crm_stepresult WHERE contact_id = person);
    UPDATE crm_dealchange AS t
    SET data = seven_without_person(t.data, person, names, addresses),
        reason = seven_without_words(t.reason, names, addresses)
    WHERE t.data::text ~ ref OR t.data::text ~* hint OR t.reason ~* hint;
    UPDATE crm_partychange AS t
    SET data = seven_without_person(t.data, person, names, addresses),
        reason = seven_without_words(t.reason, names, addresses)
    WHERE t.data::text ~ ref OR t.data::text ~* hint OR t.reason ~* hint;
    UPDATE crm_settingchange AS t
    SET data = seven_without_person(t.data, person, names, addresses),
        kept = seven_without_person(t.kept, person, names, addresses),
        name = left(seven_without_words(t.name, names, addresses), 120)
    WHERE t.data::text ~* hint OR t.kept::text ~* hint OR t.name ~* hint;
    UPDATE crm_judgement AS t
    SET words = seven_without_words(t.words, names, addresses),
        findings = seven_without_person(t.findings, person, names, addresses)
    WHERE t.words ~* hint OR t.findings::text ~* hint;
    UPDATE crm_stagevisit AS t SET reason = seven_without_words(t.reason, names, addresses)
    WHERE t.reason ~* hint;
    UPDATE pipeline_auditentry AS t
    SET asked = left(seven_without_words(t.asked, names, addresses), 500)
    WHERE t.asked ~* hint;
    PERFORM set_config('seven.undo', '', true);
    INSERT INTO pipeline_auditentry (at, by_id, kind, what, asked, rows, owner_ids)
    VALUES (moment, actor, 'erasure', 'contact', person::text, 1, '{}');
END
$$;
"""
# By age, and of what tells of our own people alone; the last of each may be asked for a day's limit.
FORGET_AUDIT = """
CREATE FUNCTION seven_forget_audit(of_kinds text[], before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF before > now() - interval '27 days' THEN
        RAISE EXCEPTION 'entries of the audit are kept for a month' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('seven.undo', 'erasure', true);
    DELETE FROM pipeline_auditentry
    WHERE kind = ANY (of_kinds) AND kind IN ('export', 'refused', 'sign_in') AND at < before;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('seven.undo', '', true);
    RETURN gone;
END
$$;
"""
DROP = """
DROP FUNCTION seven_forget_audit(text[], timestamptz);
DROP FUNCTION seven_forget_person(bigint, text, text, text, bigint, timestamptz);
DROP FUNCTION seven_without_sayings(text, jsonb);
DROP FUNCTION seven_without_person(jsonb, bigint, text, text);
DROP FUNCTION seven_without_words(text, text, text);
"""
GUARDS_BEFORE = [
    _people.FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
    _audit.WRITTEN_ONCE.partition("CREATE TRIGGER")[0].replace(
        "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
    ),
    _acts.FREEZE,
]


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0001_initial"),
        ("crm", "0036_erased_and_deleted"),
        ("pipeline", "0024_audit_of_erasures"),
    ]

    operations = [
        migrations.RunSQL([APPEND_ONLY, AUDIT, VISITS], GUARDS_BEFORE),
        migrations.RunSQL([WORDS, PERSON, SAYINGS, FORGET, FORGET_AUDIT], DROP),
    ]
