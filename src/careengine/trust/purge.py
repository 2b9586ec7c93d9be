"""Purge what a decision was about, when the law or the patient asks: the text goes, the proof stays."""

from collections.abc import Sequence
from datetime import datetime

from careengine.kernel.errors import Refused
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.trust import chain
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.audit import AuditEntry
from careengine.trust.rows import month_of

_TAKE = """
    select id, recorded_at, subject, input, salt, body from decision
    where id = any(%b::bigint[]) and body is not null order by id for update
"""
_LEAVE = """
    update decision d set digest = u.digest, input = null, salt = null, body = null, body_crc = null
    from unnest(%b::bigint[], %b::timestamptz[], %b::bytea[]) u(id, recorded_at, digest)
    where d.id = u.id and d.recorded_at = u.recorded_at
"""
_FORGET = """
    delete from decision_input i using unnest(%b::bytea[], %b::date[]) u(digest, month)
    where i.digest = u.digest and i.month = u.month and not exists (
        select from decision d where d.input = i.digest
        and d.recorded_at >= i.month::timestamp at time zone 'UTC'
        and d.recorded_at < (i.month + interval '1 month') at time zone 'UTC'
    )
"""


class NothingToPurge(Refused):
    """None of the decisions named has a body left."""


def purge(conn: Connection, decisions: Sequence[int], *, by: Reader, why: str, at: datetime) -> AuditEntry:
    """Take away the bodies and inputs of decisions; return the entry to be sealed in the same transaction.

    Without salt and body nobody can guess what stood there, and the chain still
    verifies. The ids, codes and times in the columns stay. Only a person may purge.
    """
    if by.actor_kind is not ActorKind.PERSON or not why.strip():
        raise Refused("A purge needs a person and a reason. Say who asks for it, and why.")
    found = conn.execute(_TAKE, (list(decisions),), binary=True).fetchall()
    if not found:
        raise NothingToPurge("None of these decisions has a body left to purge.")
    digests = [chain.body_digest(salt, seen, unpack(body)) for _, _, _, seen, salt, body in found]
    conn.execute(_LEAVE, ([row[0] for row in found], [row[1] for row in found], digests))
    conn.execute(_FORGET, ([row[3] for row in found], [month_of(row[1]) for row in found]))
    return AuditEntry(
        act="purge", actor=by.actor, actor_kind=by.actor_kind, purpose=Purpose.OVERSIGHT, at=at,
        subjects=tuple(dict.fromkeys(row[2] for row in found)), why=why,
        things=tuple(row[0] for row in found),
    )  # fmt: skip
