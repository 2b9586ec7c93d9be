"""Cancel queued effects: what has not left does not leave, what is on its way is not tried again."""

from collections.abc import Sequence

from careengine.engine.outgoing import EffectStatus
from careengine.runtime.database import Connection

_VOID = """
    with queued as (
        select e.id, e.recorded_at from effect e
        join unnest(%b::bigint[], %b::smallint[]) v(case_id, kind) using (case_id, kind)
        where e.status = 0 order by e.id for no key update of e
    ) update effect e set void_asked = true,
        status = case when e.lease is null then %b::smallint else e.status end,
        why = case when e.lease is null then 'voided' else e.why end
    from queued q where e.id = q.id and e.recorded_at = q.recorded_at
"""


def void(conn: Connection, cases_and_kinds: Sequence[tuple[int, int]]) -> int:
    """Cancel these cases' queued effects of these kinds; return how many were found. The caller commits.

    One that is on its way right now may still arrive, and its delivery is then told to
    the case; if it does not arrive, it is not tried again.
    """
    if not cases_and_kinds:
        return 0
    cases, kinds = zip(*cases_and_kinds, strict=True)
    with conn.cursor(binary=True) as cursor:
        return cursor.execute(_VOID, (list(cases), list(kinds), int(EffectStatus.VOID))).rowcount
