"""As a payer: keep a question and tell the engine of it; give back the answer once it is decided."""

from careengine.capabilities.registration import wiring as registration
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.journeys.eligibility_answered import ASKED, journey
from careengine.kernel.refs import Ref
from careengine.record.timeline import timeline
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.charts import Charts
from careengine.wire.x12 import Inquiry, build_271

MEDIA = registration.MEDIA
_ANSWER = "CoverageEligibilityResponse"
_KINDS = ("Binary", _ANSWER)


def answers_questions(engine: Engine) -> bool:
    """Say whether this organisation answers eligibility questions."""
    return any(one.name == journey.name for one in engine.journeys)


def reader_of(partner: str) -> Reader:
    """Return a provider as the reader of the answers to its questions."""
    return Reader(
        actor=f"partner:{partner}", actor_kind=ActorKind.AGENT, purpose=Purpose.PAYMENT,
        roles=frozenset({"askers"}),
    )  # fmt: skip


def keep(conn: Connection, engine: Engine, raw: bytes, *, actor: str) -> str:
    """Keep a question and tell the engine of it; return its id. The same bytes are the same question."""
    id_ = registration.question_id(raw)
    kept = NewVersion(type="Binary", id=id_, raw=registration.kept(raw, id_, MEDIA))
    ref = write_versions(conn, [kept], recorded_at=real_now())[0]
    told = NewEvent(
        kind=ASKED, at=engine.clock.now(), key=key_of("x12", id_), actor=actor, ref=str(ref)
    )  # fmt: skip
    post(conn, engine, [told], recorded_at=real_now())
    return id_


def is_answered(conn: Connection, question: str) -> bool:
    """Say whether the journey has answered; nothing of the answer is read."""
    return bool(timeline(conn, Ref(_ANSWER, registration.answer_id(question)), limit=1))


def answer_to(conn: Connection, charts: Charts, inquiry: Inquiry, question: str) -> bytes | None:
    """Return the 271: the one that was sent before, or the first, kept before it leaves; else nothing."""
    sent = Ref("Binary", registration.sent_id(question))
    answer = Ref(_ANSWER, registration.answer_id(question))
    found = charts.resources([sent, answer], kinds=_KINDS)
    if sent in found:
        return registration.unkept(found[sent].raw)
    if answer not in found:
        return None
    raw = build_271(inquiry, registration.said_of(found[answer].raw, inquiry))
    kept = registration.kept(raw, sent.id, MEDIA)
    version = NewVersion(type="Binary", id=sent.id, raw=kept, subject=found[answer].subject)
    write_versions(conn, [version], recorded_at=real_now())
    return raw


def not_now(engine: Engine, inquiry: Inquiry) -> bytes:
    """Return the 271 of a payer that cannot answer at this time."""
    return build_271(inquiry, registration.cannot_now(engine.clock.now()))
