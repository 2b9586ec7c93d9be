"""Fold each claimed case's events in order, hop by hop, with every need loaded once for all cases at once."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from careengine.engine.applying import Desk
from careengine.engine.batch import Batch, OpenCard
from careengine.engine.case import CARD_DECIDED, CardDecided, Case, Event
from careengine.engine.case_clock import ClockDesk
from careengine.engine.case_of import case_of
from careengine.engine.composition import Coded, Engine
from careengine.engine.deciding import (
    MOST_HOPS,
    Answer,
    Call,
    answer_or_explain,
    decide,
    engine_call,
    event_call,
    refuse_undeclared,
    state_call,
)
from careengine.engine.engine_needs import ENGINE_CARDS, LATENESS
from careengine.engine.events import event_from
from careengine.engine.guards import Stops
from careengine.engine.held import HeldNow
from careengine.engine.inputs import SeenEvent, seen_event
from careengine.engine.journey import State
from careengine.engine.lanes import withhold
from careengine.engine.locking import lock
from careengine.engine.rows import UNTIL_HOLD, CaseRow, EventRow, hurried
from careengine.engine.second_chance import call_again
from careengine.engine.writing import release_holds, take_holds
from careengine.kernel.errors import CareError
from careengine.kernel.need import Need
from careengine.kernel.next import Next
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import span
from careengine.trust.access import Access
from careengine.trust.actor import Reader
from careengine.trust.audit import AuditEntry
from careengine.trust.charts import Charts

_ROUND = timedelta(days=1)
"""How far back it is looked whether a case goes round and round: every turn is a batch, within a second."""
TRIES_FOR_HOLDS = 3
"""How often a case that lost a hold decides again before it waits."""


class FactsMissing(CareError):
    """A loader left out a case it was asked about; a fault of the loader."""


class Work:
    """One claimed case on its way through the batch."""

    __slots__ = ("again", "cards", "consumed", "events", "hop", "hops", "known", "left", "row", "tries")

    def __init__(self, row: CaseRow, events: Sequence[EventRow], cards: list[OpenCard]) -> None:
        self.row = row
        self.events = deque(events)
        self.cards = cards
        self.hop: Call | None = None
        self.again: Call | None = None
        self.hops = 0
        self.tries = 0
        self.left = False
        self.consumed: list[int] = []
        self.known: dict[str, Any] = {}


class Folding:
    """Decides for a batch of claimed cases and fills what is to be written."""

    def __init__(
        self,
        conn: Connection,
        engine: Engine,
        batch: Batch,
        *,
        clocks: ClockDesk,
        access: Access,
        stops: Stops,
    ) -> None:
        self._conn = conn
        self._engine = engine
        self._batch = batch
        self._clocks = clocks
        self._access = access
        self._stops = stops
        self._desk = Desk(engine, clocks, batch)
        self._held = HeldNow(conn, batch.now)
        self._charts: dict[str, Charts] = {}

    def audits(self) -> list[AuditEntry]:
        """Return one entry for each batch of charts read."""
        return [entry for charts in self._charts.values() for entry in charts.audits]

    def run(self, works: Sequence[Work]) -> None:
        """Advance every case as far as its events and hops carry it."""
        active = list(works)
        while active:
            calls = [(work, call) for work in active if (call := self._next_call(work)) is not None]
            if not calls:
                break
            active = self._wave(calls)
        for work in works:
            self._settle(work)

    def _wave(self, calls: list[tuple[Work, Call]]) -> list[Work]:
        """Answer one call of each case; return the cases that may go on."""
        cases = {
            work.row.id: case_of(self._engine, work.row, call.event.ref if call.event else "")
            for work, call in calls
        }
        self._lock(calls, cases)
        facts = self._load(calls, cases)
        answers = [(work, self._answer(work, call, cases, facts)) for work, call in calls]
        won = self._hold(answers)
        going = []
        for work, answer in answers:
            if self._won_all(work, answer, won):
                self._accept(work, answer)
                going.append(work)
            elif self._may_try_again(work, answer):
                going.append(work)
        return going

    def _answer(
        self, work: Work, call: Call, cases: Mapping[int, Case], facts: Mapping[int, dict[str, Any]]
    ) -> Answer:
        case = cases[work.row.id]
        journey = self._coded(work.row).journey
        known = facts.get(work.row.id, {})

        def check(call: Call, answer: Next) -> None:
            refuse_undeclared(journey, case.state, call, answer)
            for effect in answer.effects:
                self._engine.codes.id("effect", effect.kind)
                self._engine.codes.id("partner", effect.partner)

        with span("decide", case=case.id, journey=case.journey, state=case.state, function=call.function):
            answer = answer_or_explain(
                call, case=case, facts=known, book=self._engine.book, now=self._batch.now, check=check
            )
        held_back = withhold(answer, case, self._stops)
        if held_back is None:
            return answer
        return decide(
            held_back,
            case=case,
            facts=dict(held_back.given or {}),
            book=self._engine.book,
            now=self._batch.now,
        )

    def _accept(self, work: Work, answer: Answer) -> None:
        coded = self._coded(work.row)
        if answer.call.event is not None and answer.call.consumes:
            work.consumed.append(answer.call.event.id)
        self._desk.apply(answer, work.row, coded, work.cards)
        work.hop, work.again = work.again, None
        work.tries = 0
        if answer.call.event is not None:
            work.hops = 0
        if not answer.next.now:
            # What else waits for this case must see these writes: it runs in the next batch.
            again = work.row.wake_at is not None and work.row.wake_at <= self._batch.now
            work.left = bool(answer.next.writes) and not (again and self._goes_round(work, answer))
            return
        if answer.next.writes and not self._goes_round(work, answer):
            # The next state's facts must see these writes: it runs in the next batch.
            work.left = True
            return
        self._hop(work, coded, answer)

    def _hop(self, work: Work, coded: Coded, answer: Answer) -> None:
        state = coded.states[work.row.state].name
        work.row.wake_at = None
        work.hop = self._endless(work) or state_call(coded.journey, state, by_person=answer.call.by_person)
        lock(self._conn, answer.next.locks)

    def _endless(self, work: Work) -> Call | None:
        """Count one more call that no event caused; too many in a row are shown to a person."""
        work.hops += 1
        return engine_call("engine/endless") if work.hops > MOST_HOPS else None

    def _goes_round(self, work: Work, answer: Answer) -> bool:
        """Say whether a case has wanted to go on at once too often, one batch after the other."""
        if answer.call.event is not None:
            return False
        since = self._batch.recorded_at - _ROUND
        if hurried(self._conn, work.row.id, work.row.was, MOST_HOPS, since=since) < MOST_HOPS:
            return False
        work.hops = MOST_HOPS
        return True

    def _next_call(self, work: Work) -> Call | None:
        if work.left:
            return None
        if work.hop is not None:
            return work.hop
        row = work.row
        coded = self._coded(row)
        state = coded.state(row.state)
        while work.events:
            seen, event = self._event(work.events.popleft())
            call = self._call_for(work, coded, state.name, seen, event)
            if call is not None:
                return call
            work.consumed.append(event.id)
        if row.closed_at is not None or not isinstance(state, State):
            return None
        return self._due_call(work, coded, state)

    def _call_for(self, work: Work, coded: Coded, state: str, seen: SeenEvent, event: Event) -> Call | None:
        if work.row.version == 0 and event.kind != CARD_DECIDED:
            return state_call(coded.journey, state, event=event, seen_event=seen)
        if isinstance(event, CardDecided) and event.card_kind in ENGINE_CARDS:
            work.again = call_again(self._conn, self._engine, coded, state, event)
            return engine_call("engine/settled", event=event, seen_event=seen)
        return event_call(coded.journey, state, event, seen)

    def _due_call(self, work: Work, coded: Coded, state: State) -> Call | None:
        row, now = work.row, self._batch.now
        if row.wake_at is not None and row.wake_at <= now:
            row.wake_at = None
            return self._endless(work) or state_call(coded.journey, state.name)
        if row.due_at is None or row.due_at > now or row.clock_until is None:
            return None
        late = self._clocks.reached(row, state)
        if late is None:
            return None
        return engine_call("engine/late", given={LATENESS.name: late}, rung=late.rung)

    def _event(self, row: EventRow) -> tuple[SeenEvent, Event]:
        kind = self._engine.codes.name("event", row.kind)
        body = unpack(row.body) or b"{}"
        event = event_from(id=row.id, kind=kind, at=row.happened_at, actor=row.actor, ref=row.ref, body=body)
        return seen_event(event, body), event

    def _settle(self, work: Work) -> None:
        """After the last call: note what was consumed, and date a case that was claimed for nothing."""
        row = work.row
        self._batch.consumed.extend((event, row.id) for event in work.consumed)
        if row.id in self._batch.changed or row.closed_at is not None:
            return
        if row.due_at is not None and row.due_at <= self._batch.now:
            state = self._coded(row).state(row.state)
            if isinstance(state, State) and row.clock_until is not None:
                self._clocks.set_due(row, state)
                self._batch.changed[row.id] = row

    def _load(
        self, calls: Sequence[tuple[Work, Call]], cases: Mapping[int, Case]
    ) -> dict[int, dict[str, Any]]:
        """Load each need once for all the cases that ask for it, as each journey may see it."""
        facts: dict[int, dict[str, Any]] = {work.row.id: dict(call.given or {}) for work, call in calls}
        wanted: dict[tuple[str, Need[Any]], list[Work]] = defaultdict(list)
        for work, call in calls:
            for need in call.needs if call.given is None else ():
                if need.name in work.known:
                    facts[work.row.id][need.name] = work.known[need.name]
                else:
                    wanted[self._coded(work.row).journey.name, need].append(work)
        for (journey, need), asking in wanted.items():
            found = self._engine.loaders[need.name](
                self._charts_of(journey), [cases[work.row.id] for work in asking]
            )
            for work in asking:
                _take(work, need, found, facts[work.row.id])
        return facts

    def _charts_of(self, journey: str) -> Charts:
        charts = self._charts.get(journey)
        if charts is None:
            reader = Reader.for_journey(journey)
            charts = self._charts[journey] = Charts(
                self._conn, reader=reader, access=self._access, at=self._batch.now, held=self._held
            )
        return charts

    def _lock(self, calls: Sequence[tuple[Work, Call]], cases: Mapping[int, Case]) -> None:
        keys: set[str] = set()
        for work, _ in calls:
            state = self._coded(work.row).states[work.row.state]
            if isinstance(state, State) and state.locks is not None:
                keys.update(state.locks(cases[work.row.id]))
        lock(self._conn, keys)

    def _hold(self, answers: Sequence[tuple[Work, Answer]]) -> frozenset[tuple[str, int]]:
        wanted = [(h.key, work.row.id, h.until) for work, answer in answers for h in answer.next.holds]
        return take_holds(self._conn, wanted, now=self._batch.now) if wanted else frozenset()

    def _won_all(self, work: Work, answer: Answer, won: frozenset[tuple[str, int]]) -> bool:
        return all((hold.key, work.row.id) in won for hold in answer.next.holds)

    def _may_try_again(self, work: Work, answer: Answer) -> bool:
        """Give back what a loser won, and let it decide again on fresh facts; at last leave it for later."""
        release_holds(self._conn, [(hold.key, work.row.id) for hold in answer.next.holds])
        work.tries += 1
        work.hop = answer.call
        work.left = work.tries >= TRIES_FOR_HOLDS
        if work.left:
            self._wait_for_hold(work.row, answer)
        return not work.left

    def _wait_for_hold(self, row: CaseRow, answer: Answer) -> None:
        """Look at a case again a little later: what it wants may be held for hours."""
        self._batch.let_go.append(row.id)
        if answer.call.event is None:
            row.wake_at = row.due_at = self._batch.now + UNTIL_HOLD
            self._batch.changed[row.id] = row

    def _coded(self, row: CaseRow) -> Coded:
        return self._engine.coded_journey(row.journey, row.journey_version)


def _take(work: Work, need: Need[Any], found: Mapping[int, Any], facts: dict[str, Any]) -> None:
    """Keep a loaded fact; a steady one for all that is still to come in this transaction."""
    case = work.row.id
    if case not in found:
        raise FactsMissing(f"The loader of {need.name} left out case {case}; mend the loader.")
    facts[need.name] = found[case]
    if need.steady:
        work.known[need.name] = found[case]
