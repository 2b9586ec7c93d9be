"""After the chaos: what was lost, done twice or left lying, by our rows and the partner's own log."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from careengine.runtime.database import Connection
from careengine.trust.verify import verify

_LOST = {
    "events_never_put_down": "select {events} - count(*) from event_key k join event e on e.id = k.event_id"
    " join code c on c.id = e.kind and c.kind = 'event' and c.name = 'chaos.tick'",
    "events_never_consumed": "select count(*) from event e"
    " where not exists (select from consumed c where c.event_id = e.id)",
    "events_without_a_step": "select count(*) from consumed c where not exists"
    " (select from case_event s where s.event_id = c.event_id and s.case_id = c.case_id)",
    "ticks_without_an_effect": "select {events} - count(*) from effect",
    "effects_not_delivered": "select count(*) from effect where status <> 1",
    "versions_missing": "select coalesce(sum(k.version - s.n), 0) from engine_case k left join lateral"
    " (select count(*) n from case_event s where s.case_id = k.id) s on true",
    "ticks_without_a_decision": "select {events} - count(*) from decision where event_id is not null",
    "outcomes_never_told": "select count(*) - (select count(*) from event e join code c on c.id = e.kind"
    " and c.kind = 'event' and c.name = 'effect.delivered') from effect",
}
_DOUBLED = {
    "events_consumed_twice": "select coalesce(sum(n - 1), 0) from"
    " (select count(*) n from consumed group by event_id) x where n > 1",
    "events_that_advanced_twice": "select coalesce(sum(n - 1), 0) from (select count(*) n from case_event"
    " where event_id is not null group by event_id, case_id) x where n > 1",
    "versions_twice": "select count(*) - count(distinct (case_id, version)) from case_event",
    "effects_twice": "select count(*) - count(distinct (case_id, case_version, ordinal)) from effect",
    "keys_twice": "select count(*) - count(distinct key) from effect",
    "decisions_twice": "select count(*) - count(distinct (case_id, case_version, ordinal)) from decision",
    "cases_twice": "select count(*) - count(distinct subject) from engine_case",
}
_STUCK = {
    "in_the_inbox": "select count(*) from inbox",
    "unrouted": "select count(*) from unrouted",
    "effects_queued": "select count(*) from effect where status = 0",
    "effects_leased": "select count(*) from effect where lease is not null",
    "cases_without_owner_or_due": "select count(*) from engine_case"
    " where closed_at is null and (due_at is null or owner = 0)",
    "cases_overdue": "select count(*) from engine_case where due_at <= clock_timestamp()",
}


@dataclass
class Checked:
    """Counts by what they count; every one should be 0 but those of the last lines."""

    lost: dict[str, int] = field(default_factory=dict)
    doubled: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    effects: int = 0
    cases: int = 0
    blocks: int = 0
    takeovers: int = 0
    repeats: int = 0


def check(conn: Connection, events: int, log: Path, repeats: int) -> Checked:
    """Compare what was planned, what the database holds and what the partner did and absorbed."""
    found = Checked(*({name: _count(conn, query.format(events=events)) for name, query in some.items()}
                      for some in (_LOST, _DOUBLED, _STUCK)), repeats=repeats)  # fmt: skip
    found.effects = _count(conn, "select count(*) from effect")
    found.cases = _count(conn, "select count(*) from engine_case")
    found.takeovers = _count(conn, "select coalesce(sum(takeovers), 0) from partner")
    _check_partner(conn, found, log)
    conn.rollback()
    report = verify(conn)
    found.blocks = report.blocks
    found.lost["faults_of_the_ledger"] = len(report.faults)
    return found


def _check_partner(conn: Connection, found: Checked, log: Path) -> None:
    """Hold the partner's own log against the effects: every key once, every act once, none unknown."""
    acts = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    did = Counter(act["key"] for act in acts)
    focus = Counter(act["focus"] for act in acts)
    wanted = {key.hex for (key,) in conn.execute("select key from effect")}
    found.lost["effects_the_partner_never_saw"] = len(wanted - set(did))
    found.doubled["keys_the_partner_did_twice"] = sum(n - 1 for n in did.values())
    found.doubled["acts_the_partner_did_twice"] = sum(n - 1 for n in focus.values())
    found.doubled["acts_nobody_asked_for"] = len(set(did) - wanted)


def _count(conn: Connection, query: str) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0
