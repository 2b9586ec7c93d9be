"""What a text from a patient leads to, and what became of ours: everything in one transaction, once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson

from careengine.capabilities.messaging import wiring as messaging
from careengine.capabilities.messaging.wiring import READER, Text
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.referring import effect_called, open_cases
from careengine.entrypoints.compose import Installation
from careengine.record.query import query_of
from careengine.record.subjects import roots
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.trust.charts import Charts

__all__ = ["READER", "Text", "Texting", "lost", "take", "texting_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texting:
    """What it takes to be written to: the engine, the token that signs, and the address that is signed."""

    engine: Engine
    token: str
    public_url: str


def texting_of(here: Installation, engine: Engine) -> Texting | None:
    """Return how texts come in: signed with the token of the partner that carries ours."""
    policy = engine.book.value(messaging.MESSAGE, here.clock.now().date())
    way = policy.channel(messaging.SMS)
    partner = here.organisation.partners.get(way.partner) if way else None
    if partner is None or not partner.secret or not here.settings.public_url:
        return None
    token = here.settings.secret(partner.secret).rpartition(":")[2]
    return Texting(engine=engine, token=token, public_url=here.settings.public_url)


def take(conn: Connection, charts: Charts, engine: Engine, text: Text) -> str:
    """Do all that a text leads to; return the sentence answered at once. A repetition changes nothing."""
    before = charts.resources([text.ref], kinds=("Communication",))
    if before:
        text = replace(text, at=messaging.received_at(before[text.ref]))
    known = messaging.around(charts, text, query=query_of)
    people = [one.subject for one in known.people if one.subject is not None]
    taken = messaging.take(
        text,
        known,
        open_cases=open_cases(conn, known.cases()),
        roots=roots(conn, people),
        book=engine.book,
    )
    if not before:
        _keep(conn, engine, text, taken)
    return taken.answer


def _keep(conn: Connection, engine: Engine, text: Text, taken: messaging.Taken) -> None:
    versions = [
        NewVersion(
            type=str(one.resource["resourceType"]), id=str(one.resource["id"]),
            raw=orjson.dumps(one.resource), subject=one.subject, resource=dict(one.resource),
        )
        for one in taken.writes
    ]  # fmt: skip
    real = real_now()
    refs = write_versions(conn, versions, recorded_at=real)
    if taken.goes_on:
        event = NewEvent(
            kind=messaging.RECEIVED, at=text.at, key=key_of("sms", text.sid), actor="patient:sms",
            ref=str(refs[0]), subject=taken.subject, cases=taken.cases, body=pack(orjson.dumps(taken.told)),
        )  # fmt: skip
        post(conn, engine, [event], recorded_at=real)


def lost(conn: Connection, engine: Engine, said: Mapping[str, str], effect: UUID, *, at: datetime) -> None:
    """Tell an open case that its text did not arrive; an act that is not ours concerns nobody."""
    called = effect_called(conn, effect)
    if called is None or not called.is_open:
        return
    code = said.get("ErrorCode", "")
    why = f"{said['MessageStatus']}:{code if code.isdecimal() else 'none'}"
    event = NewEvent(
        kind=messaging.STATUS, at=at, actor="partner:sms", ref=called.about,
        key=key_of("sms.status", said.get("MessageSid"), effect), subject=called.subject,
        cases=(called.case,), body=pack(orjson.dumps({"channel": "sms", "why": why})),
    )  # fmt: skip
    post(conn, engine, [event], recorded_at=real_now())
