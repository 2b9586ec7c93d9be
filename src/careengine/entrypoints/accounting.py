"""The account of disclosures that a patient may ask for (45 CFR 164.528), as a letter."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.entrypoints.visiting import signature
from careengine.record.subjects import same_person
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.wire.letter import Letter, pdf_of

REACHES_BACK = timedelta(days=6 * 365 + 2)
"""An account covers six years: 45 CFR 164.528(a)(1)."""
_LEFT_OUT = frozenset({"treatment", "payment", "operations"})
"""Purposes the law does not ask to be listed (164.528(a)(1)(i)); we list them all the same, and say so."""
_TO_THE_PATIENT = "messaging."
_SENT = """
    select e.recorded_at, k.name, e.partner, e.body from effect e
    join code k on k.kind = 'effect' and k.id = e.kind
    where e.subject = any(%s) and e.status = %s and e.recorded_at > %s order by e.recorded_at
"""


def account_of(conn: Connection, engine: Engine, subject: UUID, name: str) -> bytes:
    """Return as PDF what went to whom about one patient, and for what, in the last six years."""
    now = engine.clock.now()
    zone = ZoneInfo(next(iter(engine.organisation.sites.values())).zone)
    everyone = list(same_person(conn, [subject]).get(subject, {subject}))
    rows = conn.execute(_SENT, (everyone, EffectStatus.DELIVERED, now - REACHES_BACK)).fetchall()
    lines = [_line(engine, zone, *row) for row in rows if not row[1].startswith(_TO_THE_PATIENT)]
    org, phone = signature(engine)
    text = "\n".join(lines) or "Nothing about you was sent to anybody outside."
    letter = Letter(
        sender=org, phone=phone, recipient=(name,), day=f"{now.astimezone(zone):%Y-%m-%d}",
        subject="Account of disclosures in the last six years",
        text=f"{_HEAD}\n\n{text}\n\n{_FOOT}",
    )  # fmt: skip
    return pdf_of(letter)


_HEAD = "To whom we sent information about you, when, what, and for what purpose (45 CFR 164.528):"
_FOOT = (
    "Lines marked * were sent for treatment, payment or our own operations; the law does not ask for them."
    " Messages to you yourself are not listed."
)


def _line(engine: Engine, zone: ZoneInfo, at: object, kind: str, partner: int, body: bytes) -> str:
    purpose = str(orjson.loads(unpack(body)).get("purpose", "treatment"))
    mark = " *" if purpose in _LEFT_OUT else ""
    to = engine.codes.name("partner", partner)
    when = f"{at.astimezone(zone):%Y-%m-%d %H:%M}"  # type: ignore[attr-defined]  # a moment of the database
    return f"{when}  to {to}: {kind.replace('.', ' ').replace('_', ' ')}, for {purpose}{mark}"
