"""The shipped framework is read in the reader's language; what somebody reworded, as it was written."""

from django.test import Client
from django.utils import translation

from pipeline.process import commands as process
from pipeline.process import framework
from pipeline.process.queries import in_force as queries
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, make_deal


def speak_german(user) -> None:
    user.language = "de"
    user.save(update_fields=["language"])


def test_every_shipped_text_is_known_in_every_language() -> None:
    content = framework.shipped_content()
    for language in ("de", "en"):
        with translation.override(language):
            said = framework.shipped_content()
            for row, here in zip(content.steps, said.steps, strict=True):
                assert framework.translated_text(row.label or "") == here.label
                assert framework.translated_text(here.gives_you or "") == here.gives_you
                assert tuple(map(framework.translated_text, row.choices or ())) == (
                    here.choices or ()
                )


def test_pages_say_it_in_the_language_of_who_reads(cast: Cast, client: Client) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.LEAD_GENERATION)
    step = framework.STEPS[Stage.LEAD_GENERATION][2]
    english = str(step.label)
    with translation.override("de"):
        german = str(step.label)
    assert german != english
    pages = (f"/deals/{deal.pk}/", "/process/", f"/process/{cast.north.pk}/")
    speak_german(cast.ana)

    client.force_login(cast.ana)
    for page in pages:
        content = client.get(page).content.decode()
        assert german in content
        assert english not in content
    client.force_login(cast.ben)
    for page in pages[1:]:
        assert english in client.get(page).content.decode()


def test_what_a_layer_reworded_stays_as_it_was_written(cast: Cast) -> None:
    step = framework.STEPS[Stage.LEAD_GENERATION][2]
    layer = process.layer_of(cast.north, by=cast.mona, at=NOW)
    said: process.StepWording = {"label": "Do they fit Vienna?"}
    process.adapt_step(
        layer,
        stage=Stage.LEAD_GENERATION,
        key=step.key,
        said=said,
        reason="Ours",
        by=cast.mona,
        at=NOW,
    )
    process.publish(layer, note="Ours", by=cast.mona, at=NOW)
    ids = queries.current_version_ids(cast.north.pk)

    with translation.override("de"):
        found = queries.of_versions(ids).find(Stage.LEAD_GENERATION, step.key)
    assert found is not None
    assert found.label == "Do they fit Vienna?"
    assert found.gives_you != str(step.gives_you)
