"""What waits for people, in the order they should take it, each with the line that says why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.clocks import ClockPolicy, Ladder, Running, at_risk
from careengine.engine.composition import Engine
from careengine.engine.journey import State
from careengine.kernel.decision import Decision, Reason
from careengine.kernel.errors import NotFound
from careengine.kernel.policy import PolicyName
from careengine.kernel.team import Team
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.trust.encoding import decode_decision
from careengine.worklist.order import ORDER, OrderPolicy, Standing, place, why_here

OPEN, DECIDED, CLOSED = 0, 1, 2
"""Where a card stands; decided is waiting for the engine to take the answer."""

_COLUMNS = """
    c.id, c.case_id, c.subject, c.journey, c.state, c.site, c.team, c.kind, c.assignee, c.opened_at, c.due_at,
    c.urgent, c.priority, c.rung, c.status, c.version, c.snoozed_until, c.snoozed_for, c.decision_id, c.body,
    coalesce(c.decision_at, c.opened_at)
"""
_AWAKE = """
    (c.snoozed_until is null or c.snoozed_until <= %(now)s or exists (
        select from case_event h join event e on e.id = h.event_id
        join code k on k.kind = 'event' and k.id = e.kind
        where h.case_id = c.case_id and h.recorded_at > c.snoozed_at and k.name = c.snoozed_for))
"""
_WANTED = f"""
    c.status = 0
        and (%(sites)s::smallint[] is null or c.site = any(%(sites)s))
        and (%(kinds)s::smallint[] is null or c.kind = any(%(kinds)s))
        and (%(subjects)s::uuid[] is null or c.subject = any(%(subjects)s))
        and (%(assignee)s::text is null or c.assignee = %(assignee)s)
        and (%(due_before)s::timestamptz is null or c.due_at < %(due_before)s)
        and (not %(unassigned)s or c.assignee is null) and c.rung >= %(rung)s
        and case %(aside)s when 'only' then not {_AWAKE} when 'also' then true else {_AWAKE} end
"""
_LIST = """
    select c.* from {among} cross join lateral (
        select {columns} from card c where {group} and {wanted}
        order by c.due_at, c.opened_at, c.id limit %(limit)s) c
    order by 11, 10, 1 limit %(limit)s
"""
_TEAMS = "unnest(%(teams)s::smallint[]) as t(team)"
_KINDS = f"{_TEAMS} cross join unnest(%(kinds)s::smallint[]) as k(kind)"
_LEGAL = "unnest(%(journeys)s::smallint[], %(states)s::smallint[]) as l(journey, state)"
_GROUPS = (
    (_TEAMS, "c.team = t.team and c.urgent"),
    (f"{_TEAMS} cross join {_LEGAL}",
     "c.team = t.team and not c.urgent and c.journey = l.journey and c.state = l.state"),
    (_TEAMS, "c.team = t.team and not c.urgent"),
)  # fmt: skip
"""Within each the order is the least time left, so that the first page of each holds the first of all."""
_GROUPS_OF_KINDS = (
    (_KINDS, "c.kind = k.kind and c.team = t.team and c.urgent"),
    (f"{_KINDS} cross join {_LEGAL}",
     "c.kind = k.kind and c.team = t.team and not c.urgent and c.journey = l.journey and c.state = l.state"),
    (_KINDS, "c.kind = k.kind and c.team = t.team and not c.urgent"),
)  # fmt: skip
"""The same where only some kinds are wanted, each read from an index that begins with the kind."""


def _lists(groups: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(
        _LIST.format(among=among, columns=_COLUMNS, group=group, wanted=_WANTED) for among, group in groups
    )


_LISTS, _LISTS_OF_KINDS = _lists(_GROUPS), _lists(_GROUPS_OF_KINDS)
_OF_PEOPLE = f"""
    select {_COLUMNS} from card c
    where c.subject = any(%(subjects)s::uuid[]) and c.team = any(%(teams)s::smallint[]) and {_WANTED}
    order by c.due_at, c.opened_at, c.id limit %(limit)s
"""  # noqa: S608  as above
"""Few people have few cards: read by whom they are about, and put in order afterwards."""
_NARROWED = {
    "sites": "c.site = any(%(sites)s::smallint[])",
    "kinds": "c.kind = any(%(kinds)s::smallint[])",
    "subjects": "c.subject = any(%(subjects)s::uuid[])",
    "assignee": "c.assignee = %(assignee)s::text",
    "due_before": "c.due_at < %(due_before)s::timestamptz",
    "unassigned": "c.assignee is null",
    "rung": "c.rung > 0 and c.rung >= %(rung)s",
}
"""What a count is narrowed by, said only when it is asked: so that each reads an index of its own."""
_ANY = (None, False, 0)
"""What a filter holds where nothing is asked; an empty list asks, and finds nothing."""
_ONE = f"select {_COLUMNS} from card c where c.id = %(id)s"  # noqa: S608  made of the constants above


class NoSuchCard(NotFound):
    """There is no card of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One decision that waits for a person."""

    id: int
    version: int
    """What the person saw; an answer names it, so that two people cannot both answer."""
    case: int
    subject: UUID
    journey: str
    state: str
    site: str
    team: str
    kind: str
    assignee: str | None
    opened_at: datetime
    due_at: datetime
    urgent: bool
    priority: int
    rung: int
    role: str
    """Who has heard of it by now: owner, backup, supervisor and so on."""
    status: int
    snoozed_until: datetime | None
    snoozed_for: str | None
    decision_id: int | None
    recorded_at: datetime
    """Real time at which its decision was recorded: its words are those in force then."""
    proposal: Decision
    """What software would do or ask, with its reasons and evidence."""
    stopped_at: str
    """The function whose answer this is."""
    at_risk: bool
    """Its clock will be breached at this pace: too small a share of its time is left."""
    here: Reason
    """Why it stands where it stands in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cards to list; everything left out does not matter."""

    team: str | None = None
    teams: tuple[str, ...] = ()
    """Of any of these; ``team`` alone is the shorter way to say one."""
    site: str | None = None
    kind: str | None = None
    kinds: tuple[str, ...] | None = None
    """Of any of these kinds; none at all finds nothing."""
    subjects: tuple[UUID, ...] | None = None
    """About any of these people; none at all finds nothing."""
    assignee: str | None = None
    unassigned: bool = False
    due_before: datetime | None = None
    rung: int = 0
    """Only what has climbed so far: 1 the backup has heard of, 2 the supervisor, 3 the director."""
    snoozed: bool = False
    """Also those put aside."""
    only_snoozed: bool = False
    """Those put aside and no others."""

    def by_team(self) -> tuple["Filter", ...]:
        """Return the same filter for each of its teams alone."""
        return tuple(replace(self, teams=(team,)) for team in self.teams)


def list_cards(
    conn: Connection, engine: Engine, wanted: Filter, *, now: datetime, limit: int = 50
) -> list[Card]:
    """Return open cards, the one to take first on top; ``now`` is domain time."""
    policy = engine.book.value(ORDER, now.date())
    legal = _legal_states(engine, now)
    values = {**_values(engine, wanted), "now": now, "limit": limit, **_pairs(legal)}
    rows: dict[int, Sequence[Any]] = {}
    for statement in _statements(wanted):
        rows.update((row[0], row) for row in conn.execute(statement, values).fetchall())
    cards = [_card(engine, row, legal, now=now, policy=policy) for row in rows.values()]

    def first(card: Card) -> tuple[Any, ...]:
        return (*place(_standing(card, legal, engine), now=now, policy=policy), card.id)

    return sorted(cards, key=first)[:limit]


def _statements(wanted: Filter) -> tuple[str, ...]:
    if wanted.subjects is not None:
        return (_OF_PEOPLE,)
    return _LISTS if wanted.kinds is None and not wanted.kind else _LISTS_OF_KINDS


def count_cards(conn: Connection, engine: Engine, wanted: Filter, *, now: datetime) -> int:
    """Count what :func:`list_cards` would list without a limit."""
    values = {**_values(engine, wanted), "now": now}
    asked = [text for name, text in _NARROWED.items() if values[name] not in _ANY]
    where = " and ".join(["c.status = 0", "c.team = any(%(teams)s::smallint[])", *asked])
    row = conn.execute(_counting(where, values["aside"]), values).fetchone()
    return int(row[0]) if row else 0


def _counting(where: str, aside: object) -> str:
    """Return the count of what ``where`` holds of; the few put aside are counted apart and taken off."""
    whole = f"select count(*) from card c where {where}"  # noqa: S608  made of the constants above
    asleep = f"{whole} and c.snoozed_until is not null and not {_AWAKE}"
    return {"only": asleep, "also": whole}.get(str(aside), f"select ({whole}) - ({asleep})")


def card_called(conn: Connection, engine: Engine, card: int, *, now: datetime) -> Card:
    """Return one card, open or not; raises :class:`NoSuchCard`."""
    row = conn.execute(_ONE, {"id": card}).fetchone()
    if row is None:
        raise NoSuchCard(f"There is no card {card}. `careengine cards list` shows those there are.")
    policy = engine.book.value(ORDER, now.date())
    return _card(engine, row, _legal_states(engine, now), now=now, policy=policy)


def _values(engine: Engine, wanted: Filter) -> dict[str, object]:
    def codes(kind: str, names: Iterable[str] | None) -> list[int] | None:
        return None if names is None else [engine.codes.id(kind, name) for name in names]

    teams = (wanted.team,) if wanted.team else wanted.teams or tuple(team.value for team in Team)
    kinds = (wanted.kind,) if wanted.kind else wanted.kinds
    return {
        "teams": codes("team", teams), "sites": codes("site", (wanted.site,) if wanted.site else None),
        "kinds": codes("card", kinds), "assignee": wanted.assignee or None, "due_before": wanted.due_before,
        "subjects": None if wanted.subjects is None else list(wanted.subjects),
        "unassigned": wanted.unassigned, "rung": wanted.rung,
        "aside": "only" if wanted.only_snoozed else "also" if wanted.snoozed else "no",
    }  # fmt: skip


def _legal_states(engine: Engine, now: datetime) -> frozenset[tuple[int, int]]:
    """Return (journey, state) of every state whose clock is set by law or contract."""
    return frozenset(
        (coded.code, code)
        for coded in engine.coded.values()
        for code, state in coded.states.items()
        if isinstance(state, State)
        and engine.book.value(PolicyName(state.clock, ClockPolicy), now.date()).legal
    )


def _pairs(legal: frozenset[tuple[int, int]]) -> Mapping[str, list[int]]:
    pairs = sorted(legal)
    return {"journeys": [journey for journey, _ in pairs], "states": [state for _, state in pairs]}


def _card(
    engine: Engine,
    row: Sequence[Any],
    legal: frozenset[tuple[int, int]],
    *,
    now: datetime,
    policy: OrderPolicy,
) -> Card:
    name = engine.codes.name
    said = orjson.loads(unpack(row[19]))
    clock = _clock(engine, row[3], row[4], now)
    standing = Standing(urgent=row[11], legal=(row[3], row[4]) in legal, due_at=row[10], opened_at=row[9])
    return Card(
        id=row[0], case=row[1], subject=row[2], journey=name("journey", row[3]), state=name("state", row[4]),
        site=name("site", row[5]), team=name("team", row[6]), kind=name("card", row[7]), assignee=row[8],
        opened_at=row[9], due_at=row[10], urgent=row[11], priority=row[12], rung=row[13],
        role=_role(engine, clock, row[13], now), status=row[14], version=row[15],
        snoozed_until=row[16], snoozed_for=row[17], decision_id=row[18], recorded_at=row[20],
        proposal=decode_decision(said["kind"], orjson.dumps(said["decision"])),
        stopped_at=said["call"]["function"], here=why_here(standing, now=now, policy=policy),
        at_risk=clock is not None and at_risk(Running(row[9], row[10]), clock, now),
    )  # fmt: skip


def _standing(card: Card, legal: frozenset[tuple[int, int]], engine: Engine) -> Standing:
    key = (engine.codes.id("journey", card.journey), engine.codes.id("state", card.state))
    return Standing(urgent=card.urgent, legal=key in legal, due_at=card.due_at, opened_at=card.opened_at)


def _clock(engine: Engine, journey: int, state: int, now: datetime) -> ClockPolicy | None:
    """Return the clock of a state of whichever version of the journey still has it."""
    for coded in engine.coded.values():
        declared = coded.states.get(state)
        if coded.code == journey and isinstance(declared, State):
            return engine.book.value(PolicyName(declared.clock, ClockPolicy), now.date())
    return None


def _role(engine: Engine, clock: ClockPolicy | None, rung: int, now: datetime) -> str:
    if clock is None:
        return "owner"
    return engine.book.value(PolicyName(clock.ladder, Ladder), now.date()).role(rung)
