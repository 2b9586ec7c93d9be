"""The versions a resource has had: which, when, and whether it was a deletion; without what they say."""

from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.refs import Ref
from careengine.record.resource_types import type_code
from careengine.runtime.database import Connection


@dataclass(frozen=True, slots=True)
class Moment:
    """One version of a resource."""

    ref: Ref
    updated: datetime
    deleted: bool


def timeline(conn: Connection, ref: Ref, *, before: int = 0, limit: int = 50) -> list[Moment]:
    """Return a resource's versions, newest first; ``before`` goes on below that version."""
    rows = conn.execute(
        "select v.version, v.updated, v.deleted from resource r cross join lateral ("
        " select r.version, r.updated, r.deleted"
        " union all select version, recorded_at, deleted from resource_version where rid = r.rid) v"
        " where r.type = %b and r.id = %b and (%b = 0 or v.version < %b) order by v.version desc limit %b",
        (type_code(ref.type), ref.id, before, before, limit),
    ).fetchall()
    return [Moment(Ref(ref.type, ref.id, version), updated, deleted) for version, updated, deleted in rows]
