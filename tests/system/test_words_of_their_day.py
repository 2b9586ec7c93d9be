"""What was decided is told in the words that were live then, and what has no words is said as such."""

from datetime import UTC, datetime, timedelta

import pytest

from careengine.entrypoints.compose import SCHEMAS
from careengine.entrypoints.words import Words
from careengine.kernel.decision import Reason
from careengine.policy.sources import PolicySource, all_sources
from careengine.policy.store import install, load_book, offer, publish
from careengine.runtime.database import Connection

BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHANGED = BEGUN + timedelta(days=10)
DAY = BEGUN.date()
POLICY = "worklist.wording"
REASON = Reason("worklist.here_urgent", {"hours": 3})


@pytest.fixture
def words(conn: Connection) -> Words:
    """English words of a database whose wording was changed after ten days."""
    sources = all_sources()
    install(conn, sources, SCHEMAS, at=BEGUN)
    old = sources[POLICY]
    text = old.text.replace("First because it is clinically urgent", "Before all others, being urgent")
    newer = PolicySource(old.where, text, old.cases, old.tables)
    version = offer(conn, newer, at=CHANGED, by="ana")
    publish(conn, POLICY, version, at=CHANGED, by="ana", approved_by="ben", note="shorter")
    return Words(conn, load_book(conn, SCHEMAS), "en")


def test_a_decision_keeps_the_words_it_was_made_in(words: Words) -> None:
    before = words.then(CHANGED - timedelta(seconds=1), DAY).reason(REASON)
    after = words.then(CHANGED + timedelta(seconds=1), DAY).reason(REASON)
    assert before == "First because it is clinically urgent; 3 hours are left."
    assert after == "Before all others, being urgent; 3 hours are left."
    assert words.now(DAY).reason(REASON) == after


def test_a_reason_without_words_names_its_code_and_parameters(words: Words) -> None:
    said = words.now(DAY).reason(Reason("referrals.nobody_wrote_this", {"item": "phone"}))
    assert said == "[referrals.nobody_wrote_this: item phone; no words in 'en']"


def test_a_sentence_whose_parameter_is_missing_is_told_as_missing(words: Words) -> None:
    assert words.now(DAY).reason(Reason("worklist.here_urgent", {})) == (
        "[worklist.here_urgent; no words in 'en']"
    )


def test_a_code_without_words_is_at_least_readable(words: Words) -> None:
    assert words.now(DAY).called("awaits", "something_new") == "something new"
