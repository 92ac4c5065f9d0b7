"""Announcements: recorded once per data map."""

from nexoraz.events.testing import given
from nexoraz.privacy.domain.participants import NoteAnnouncement, participant
from services.privacy.tests import examples as x

announce = NoteAnnouncement("assets", x.DIGEST, "[]", x.NOW)


def test_a_participant_is_noted() -> None:
    given(participant).when(announce).then(x.announced)


def test_the_same_data_map_again_changes_nothing() -> None:
    given(participant, x.announced).when(announce).then()


def test_a_new_data_map_is_noted() -> None:
    changed = NoteAnnouncement("assets", "other", '["more"]', x.NOW)
    outcome = given(participant, x.announced).when(changed)
    assert [event.data_map for event in outcome.events] == ['["more"]']  # type: ignore[attr-defined]
