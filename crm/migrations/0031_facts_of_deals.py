from django.db import migrations

# A row a deal; each part follows an index of its own table. crm.queries.facts says what each means.
# Who alters a column that it reads drops it before, and makes it anew after that.
_VIEW = """
CREATE VIEW crm_dealfacts AS
SELECT
    deal.id,
    EXISTS (SELECT FROM crm_dealcontact link WHERE link.deal_id = deal.id) AS party,
    deal.source_id IS NOT NULL AS source,
    talk.held AS conversation,
    talk.held OR talk.agreed OR EXISTS (
        SELECT FROM crm_stepresult done
        WHERE done.deal_id = deal.id AND done.stage = 2 AND done.key = 'agreement'
            AND done.state = 'done' AND done.replaced_at IS NULL AND done.private_to_id IS NULL
    ) AS agreement,
    (
        SELECT verdict.ruling = 'qualified' FROM crm_verdict verdict
        WHERE verdict.deal_id = deal.id ORDER BY verdict.at DESC, verdict.id DESC LIMIT 1
    ) AS qualified,
    need.problem,
    need.worth,
    path.steps <> '' AND EXISTS (
        SELECT FROM crm_dealcontact link WHERE link.deal_id = deal.id AND link.role = 'decides'
    ) AS decision_path,
    need.confirmed OR path.confirmed_on IS NOT NULL AS confirmed,
    offer.id IS NOT NULL AS offer,
    EXISTS (
        SELECT FROM crm_offerrecipient went WHERE went.offer_id = offer.id
    ) AS offer_sent_to,
    (
        SELECT bool_and(line.need_id IS NOT NULL) FROM crm_offerline line
        WHERE line.offer_id = offer.id
    ) AS offer_fits,
    offer.decision_on IS NOT NULL OR path.decides_on IS NOT NULL AS decision_date,
    concern.raised > 0 AS concerns_recorded,
    concern.unsettled = 0 AND (concern.raised > 0 OR deal.stage >= 6) AS concerns_settled,
    EXISTS (SELECT FROM crm_closingattempt asked WHERE asked.deal_id = deal.id) AS asked,
    EXISTS (SELECT FROM crm_handoff hand WHERE hand.deal_id = deal.id) AS hand_off,
    deal.next_kind <> '' AS next,
    concern.unsettled,
    CASE WHEN deal.parked_until IS NOT NULL THEN deal.attention_at END AS parked_till,
    company.relationship = 'customer' AND (deal.outcome <> 'won' OR EXISTS (
        SELECT FROM crm_deal before
        WHERE before.company_id = deal.company_id AND before.outcome = 'won'
            AND before.id <> deal.id AND before.closed_at <= deal.closed_at
    )) AS existing_customer,
    (
        SELECT array_agg(done.stage || ' ' || done.key) FROM crm_stepresult done
        WHERE done.deal_id = deal.id AND done.replaced_at IS NULL AND done.private_to_id IS NULL
    ) AS settled
FROM crm_deal deal
LEFT JOIN crm_company company ON company.id = deal.company_id
LEFT JOIN crm_decisionpath path ON path.deal_id = deal.id
LEFT JOIN LATERAL (
    SELECT offer.id, offer.decision_on FROM crm_offer offer
    WHERE offer.deal_id = deal.id AND offer.outcome <> 'withdrawn'
    ORDER BY offer.revision DESC LIMIT 1
) offer ON true
CROSS JOIN LATERAL (
    SELECT
        coalesce(bool_or(talk.kind || ' ' || talk.result = ANY(ARRAY['call reached', 'call moved_forward', 'email reached', 'meeting reached', 'meeting meeting_set', 'meeting moved_forward'])), false) AS held,
        coalesce(bool_or(talk.result = 'meeting_set'), false) AS agreed
    FROM crm_activity talk
    WHERE talk.deal_id = deal.id AND talk.done_at IS NOT NULL
        AND talk.kind IN ('call', 'meeting', 'email') AND talk.result <> ''
) talk
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS problem, count(need.worth) > 0 AS worth,
        count(need.confirmed_on) > 0 AS confirmed
    FROM crm_need need WHERE need.deal_id = deal.id AND need.dropped_at IS NULL
) need
CROSS JOIN LATERAL (
    SELECT count(*) AS raised, count(*) FILTER (WHERE concern.disposition = 'open') AS unsettled
    FROM crm_concern concern WHERE concern.deal_id = deal.id
) concern
"""


class Migration(migrations.Migration):
    """What the records of a deal say, as a view: a column for each fact."""

    dependencies = [("crm", "0030_typed_events")]

    operations = [migrations.RunSQL(_VIEW, "DROP VIEW crm_dealfacts")]
