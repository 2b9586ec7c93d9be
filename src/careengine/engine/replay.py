"""Decide recorded history again with a draft laid over the policies of then; say what comes out otherwise.

Each call of a handler is decided on exactly what it saw: people's answers, replies and model answers are part
of that. A case stops at its first difference, as what it saw afterwards would have been something else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

import msgspec

from careengine.engine import inputs
from careengine.engine.case_policies import CasePolicies
from careengine.engine.deciding import Call, decided, find_call
from careengine.engine.journey import Journey
from careengine.engine.recompute import Pinned
from careengine.kernel.decision import Decision, Route
from careengine.kernel.errors import CareError
from careengine.policy.book import DatedPolicy, PolicyBook
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.trust.encoding import encode_decision

_PAGE = """
    with page as materialized (
        select id, recorded_at, at, case_id, site, route, answer, kind, body, input, rule from decision
        where id > %(last)s and at >= %(since)s and at < %(until)s
          and journey = %(journey)s and case_id %% %(of)s = %(part)s
        order by id limit %(limit)s
    )
    select d.id, d.at, d.case_id, d.site, d.route, d.answer, d.kind, d.body, d.input,
        r.question, r.function, i.body
    from page d
    join decision_rule r on r.key = d.rule
    left join decision_input i
        on i.digest = d.input and i.month = date_trunc('month', d.recorded_at at time zone 'UTC')::date
    order by d.id
"""
_IN_ORDER = "set local enable_sort = off"
"""Walk along the ids: the planner takes a share of the cases for one in 200, and would sort all the rest."""
PAGE = 2000
_ROUTES = (Route.PROCEED, Route.ASK)


class Direction(StrEnum):
    """Which way a case would have gone otherwise."""

    ALONE = "alone"
    """Software finishes what a person was asked."""
    PEOPLE = "people"
    """A person is asked what software finished."""
    ANSWER = "answer"
    """The same hands, another answer."""
    REASONS = "reasons"
    """The same answer for other reasons: other times are offered, another threshold is named."""
    PATH = "path"
    """Other questions are asked from here on."""
    RAISES = "raises"
    """The draft fails on what was seen; a person would get the case as a fault."""


class Unreadable(StrEnum):
    """Why a call could not be decided again."""

    PURGED = "purged"
    CODE = "other_code"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision as far as two runs are compared: what was asked, what was answered, who carries it on."""

    question: str
    answer: str
    route: str


_NOTHING = Outcome("", "", Route.PROCEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of history: of one journey, by domain time, half-open; one share of the cases of ``of``."""

    journey: int
    since: datetime
    until: datetime
    part: int = 0
    of: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far a replay has come; where the next one goes on."""

    decision: int = 0
    """The last one looked at: ids rise with the time at which they were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A case's first difference."""

    case: int
    decision: int
    """The recorded decision that would have come out otherwise."""
    at: datetime
    site: int
    function: str
    was: Outcome
    becomes: Outcome
    direction: Direction
    seen: inputs.SeenRaw = field(repr=False)
    """What was seen, for whoever groups by it."""


@dataclass(slots=True)
class Counts:
    """What came of the decisions looked at so far."""

    replayed: int = 0
    same: int = 0
    changed: int = 0
    after_a_change: int = 0
    """Not decided again, since their case had gone another way before."""
    not_replayable: dict[str, int] = field(default_factory=dict)
    written: int = 0
    """Pages during which something was written by the replay's own transaction; it cannot, and is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of history: what changed in it, and how far it goes."""

    place: Place
    changed: tuple[Changed, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class _Recorded:
    id: int
    at: datetime
    case: int
    site: int
    route: int
    answer: str
    kind: int
    body: bytes | None
    input: bytes | None
    question: str
    function: str
    seen: bytes | None

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.question, self.answer, _ROUTES[self.route])


class _NotReplayable(Exception):
    def __init__(self, why: Unreadable) -> None:
        super().__init__(why)
        self.why = why


class Replay:
    """One replay of one draft, or of none: then every decision must come out as it is recorded."""

    def __init__(
        self,
        journeys: Mapping[tuple[str, int], Journey],
        pinned: Pinned,
        *,
        draft: DatedPolicy | None = None,
        changed_before: Iterable[int] = (),
        look: Callable[[inputs.SeenRaw], None] = lambda _seen: None,
    ) -> None:
        """``look`` is shown every call that could be read: for whoever counts among which cases."""
        self._journeys = journeys
        self._pinned = pinned
        self._draft = draft
        self._look = look
        self._over: set[int] = set(changed_before)
        self._books: dict[tuple[tuple[str, int], ...], PolicyBook] = {}
        self._drafts: dict[int, DatedPolicy] = {}
        self._calls: dict[str, Call] = {}
        self.counts = Counts()

    def run(self, conn: Connection, span: Span, begin: Place | None = None) -> Iterator[Step]:
        """Replay page by page, each read in a transaction of its own that can write nothing."""
        place, more = begin or Place(), True
        while more:
            rows, more, wrote = _page(conn, span, place)
            self.counts.written += wrote
            if rows:
                place = Place(rows[-1].id)
            yield Step(place=place, changed=tuple(self._changed(rows)), last=not more)

    def _changed(self, rows: list[_Recorded]) -> Iterator[Changed]:
        for _, together in groupby(rows, key=lambda one: (one.case, one.input, one.function)):
            call = list(together)
            if call[0].case in self._over:
                self.counts.after_a_change += len(call)
                continue
            found = self._again(call)
            if found is not None:
                self._over.add(found.case)
                yield found

    def _again(self, call: list[_Recorded]) -> Changed | None:
        try:
            seen, made = self._read(call[0])
        except _NotReplayable as why:
            count = self.counts.not_replayable
            count[why.why] = count.get(why.why, 0) + len(call)
            return None
        self.counts.replayed += len(call)
        if self._draft is not None and self._draft.name not in seen.pins:
            self.counts.same += len(call)  # it read nothing that the draft changes, and functions are pure
            return None
        return self._compare(call, made, seen)

    def _read(self, first: _Recorded) -> tuple[inputs.SeenRaw, Call]:
        if first.seen is None:
            raise _NotReplayable(Unreadable.PURGED)
        try:
            seen = inputs.decode(unpack(first.seen))
            self._look(seen)
            event, made = seen.typed_event(), self._call(seen.function)
            return seen, made if event is None else replace(made, event=event)
        except CareError:
            raise _NotReplayable(Unreadable.CODE) from None
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
            raise _NotReplayable(Unreadable.BROKEN) from None

    def _decide(self, made: Call, seen: inputs.SeenRaw, book: PolicyBook) -> tuple[Decision, ...] | Exception:
        try:
            policies = CasePolicies(book, seen.case, seen.now)
            facts = seen.typed_facts(made.needs)
            return decided(made, case=seen.case, facts=facts, policies=policies, now=seen.now).because
        except Exception as error:  # noqa: BLE001  whatever a draft raises is what the replay is there to show
            return error

    def _compare(self, call: list[_Recorded], made: Call, seen: inputs.SeenRaw) -> Changed | None:
        first, again = call[0], self._decide(made, seen, self._book(seen.pins))
        if isinstance(again, Exception):
            was, becomes = first, Outcome("engine.fault", type(again).__name__, Route.ASK)
            direction = Direction.RAISES
        else:
            at = next(
                (n for n, one in enumerate(call) if n >= len(again) or not self._same(one, again[n])), None
            )
            if at is None and (len(again) == len(call) or not self._more(made, seen, again)):
                self.counts.same += len(call)
                return None
            if at is None:
                was, becomes, direction = call[-1], _outcome(again[len(call)]), Direction.PATH
            else:
                was, becomes = call[at], _outcome(again[at]) if at < len(again) else _NOTHING
                direction = direction_of(was.outcome, becomes)
        self.counts.changed += 1
        self.counts.after_a_change += len(call) - 1
        return Changed(
            case=first.case, decision=was.id, at=was.at, site=was.site, function=seen.function,
            was=was.outcome, becomes=becomes, direction=direction, seen=seen,
        )  # fmt: skip

    def _more(self, made: Call, seen: inputs.SeenRaw, again: tuple[Decision, ...]) -> bool:
        """Say whether the draft decides something besides; a stopped lane keeps some from record, too."""
        then = self._decide(made, seen, self._pinned(seen.pins))
        return isinstance(then, Exception) or len(again) != len(then)

    def _same(self, was: _Recorded, now: Decision) -> bool:
        """Say whether a decision comes out the same to the bit."""
        if was.body is None or (was.answer, was.question) != (now.answer, now.question):
            return False
        kind, body = encode_decision(now)
        return (int(kind), body) == (was.kind, unpack(was.body))

    def _call(self, function: str) -> Call:
        if function not in self._calls:
            self._calls[function] = find_call(self._journeys, function)
        return self._calls[function]

    def _book(self, pins: Mapping[str, int]) -> PolicyBook:
        key = tuple(sorted(pins.items()))
        if key not in self._books:
            book = self._pinned(pins)
            self._books[key] = book.overlay([self._as(pins)]) if self._draft is not None else book
        return self._books[key]

    def _as(self, pins: Mapping[str, int]) -> DatedPolicy:
        """Return the draft under the version it stands for: what it leaves alone stays the same bytes."""
        assert self._draft is not None  # noqa: S101  the caller looked
        version = pins[self._draft.name]
        if version not in self._drafts:
            self._drafts[version] = self._draft.as_version(version)
        return self._drafts[version]


def direction_of(was: Outcome, becomes: Outcome) -> Direction:
    """Return which way a decision goes otherwise; the question, the hands, then the answer."""
    if was.question != becomes.question:
        return Direction.PATH
    if was.route != becomes.route:
        return Direction.ALONE if becomes.route == Route.PROCEED else Direction.PEOPLE
    return Direction.ANSWER if was.answer != becomes.answer else Direction.REASONS


def _outcome(decision: Decision) -> Outcome:
    return Outcome(decision.question, decision.answer, decision.route)


def _page(conn: Connection, span: Span, place: Place) -> tuple[list[_Recorded], bool, bool]:
    """Return the next decisions, whether more may follow, and whether anything was written meanwhile.

    A full page's last call waits for the next page: it may be cut in two.
    """
    asked = {
        "last": place.decision, "since": span.since, "until": span.until,
        "journey": span.journey, "part": span.part, "of": span.of, "limit": PAGE,
    }  # fmt: skip
    conn.execute("set transaction read only")
    conn.execute(_IN_ORDER)
    with conn.cursor(binary=True) as cursor:
        rows = [_Recorded(*row) for row in cursor.execute(_PAGE, asked).fetchall()]
    wrote = conn.execute("select pg_current_xact_id_if_assigned() is not null").fetchone() == (True,)
    conn.rollback()
    if len(rows) < PAGE:
        return rows, False, wrote
    whole = len(rows)
    while whole and (rows[whole - 1].case, rows[whole - 1].input) == (rows[-1].case, rows[-1].input):
        whole -= 1
    return rows[: whole or len(rows)], True, wrote
