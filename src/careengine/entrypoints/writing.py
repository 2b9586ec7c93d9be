"""A person writes to a patient: their words become an event of the case, and leave as software's would."""

from dataclasses import dataclass

import orjson

from careengine.capabilities.messaging import wiring as messaging
from careengine.engine.case_views import subject_of_open_case
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.kernel.errors import Refused
from careengine.policy.wording import tells
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.worklist.order import DECIDING


class NotInAMessage(Refused):
    """Words that are too long for a message, empty, or tell what somebody is treated for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody writes, from which showing of a form: sent twice, it leaves once."""

    text: str
    actor: str
    key: str


def longest(engine: Engine) -> int:
    """Return how many characters a person's words in one message may have."""
    return engine.book.value(messaging.TEMPLATES, engine.clock.now().date()).longest_words


def write(conn: Connection, engine: Engine, case: int, words: Words) -> None:
    """Let words leave to a case's patient, a few seconds from now; raises :class:`NotInAMessage`."""
    policy = engine.book.value(messaging.TEMPLATES, engine.clock.now().date())
    text = " ".join(words.text.split())
    if not 0 < len(text) <= policy.longest_words:
        raise NotInAMessage(f"A message has 1 to {policy.longest_words} characters; this has {len(text)}.")
    told = tells(text, policy.never_say)
    if told:
        raise NotInAMessage(
            f"A text must not say '{told}…': whoever holds the telephone reads it. Write that you call them."
        )
    subject, at, real = subject_of_open_case(conn, case), engine.clock.now(), real_now()
    key = f"{case} {words.key}"
    draft = messaging.drafted(text, case=case, key=key, at=at)
    kept = NewVersion(
        type="Communication", id=draft["id"], raw=orjson.dumps(draft), subject=subject, resource=draft
    )
    ref = write_versions(conn, [kept], recorded_at=real)[0]
    event = NewEvent(
        kind=messaging.WRITTEN, at=at, key=key_of("written", key), actor=words.actor, ref=str(ref),
        subject=subject, cases=(case,), not_before=real + engine.book.value(DECIDING, real.date()).undo,
    )  # fmt: skip
    post(conn, engine, [event], recorded_at=real)
