"""Apply an answer to its case in memory, and note every row the transaction must write for it."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from careengine.engine.batch import Batch, NewCard, OpenCard, Told, Written
from careengine.engine.case import CardDecided
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Coded, Engine
from careengine.engine.deciding import Answer, first_asked
from careengine.engine.engine_needs import FAULT_FOUND, LATE, WITHHELD
from careengine.engine.journey import End, State
from careengine.engine.keys import content_key
from careengine.engine.rows import CaseRow
from careengine.engine.task_projection import task_of
from careengine.kernel.decision import Decision
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, Write
from careengine.runtime.codec import PHRASES, pack, unpack
from careengine.trust.actor import ActorKind
from careengine.trust.encoding import encode_decision
from careengine.trust.ledger import LedgerEntry


@dataclass(slots=True)
class Desk:
    """Where answers are applied: the engine's codes and clocks, and the batch being filled."""

    engine: Engine
    clocks: ClockDesk
    batch: Batch

    def apply(self, answer: Answer, row: CaseRow, coded: Coded, open_cards: list[OpenCard]) -> None:
        """Advance ``row`` by one version and note decisions, cards, effects, writes and tells."""
        was = row.state
        if row.version == 0:
            row.wake_at = None
        row.version += 1
        shown = self._decisions(answer, row, coded)
        self._close_answered(answer, open_cards)
        self._move(answer, row, coded, open_cards)
        self._merge(row, answer.next)
        if answer.next.asking is not None and shown:
            self._ask(answer, row, coded, open_cards, shown)
        self._clock(answer, row, coded)
        self._outward(answer.next, row, coded)
        self._note(answer, row, was)
        self.batch.changed[row.id] = row

    def _decisions(self, answer: Answer, row: CaseRow, coded: Coded) -> dict[int, int]:
        """Note a ledger entry for each decision; return the ledger's id by the decision's identity."""
        if not answer.next.because:
            return {}
        self.batch.inputs[answer.digest] = answer.seen
        noted = {}
        for ordinal, decision in enumerate(answer.next.because):
            entry = self._entry(answer, row, coded, decision, ordinal)
            self.batch.entries.append(entry)
            noted[id(decision)] = entry.id
        return noted

    def _entry(
        self, answer: Answer, row: CaseRow, coded: Coded, decision: Decision, ordinal: int
    ) -> LedgerEntry:
        event = answer.call.event
        actor, kind = f"journey:{coded.journey.name}", ActorKind.SOFTWARE
        if isinstance(event, CardDecided) and decision is event.decision:
            actor = event.actor
            kind = ActorKind.PERSON if event.person else ActorKind.AGENT
        return LedgerEntry(
            id=self.engine.ids.next(), case=row.id, case_version=row.version, ordinal=ordinal,
            subject=row.subject, site=row.site, journey=row.journey, function=answer.call.function,
            at=self.batch.now, actor=actor, actor_kind=kind,
            event=event.id if event is not None else None, code_version=self.engine.code_version,
            decision=decision, input_digest=answer.digest,
        )  # fmt: skip

    def _close_answered(self, answer: Answer, open_cards: list[OpenCard]) -> None:
        event = answer.call.event
        if isinstance(event, CardDecided):
            self._close([card for card in open_cards if card.id == event.card], open_cards)

    def _close(self, cards: list[OpenCard], open_cards: list[OpenCard]) -> None:
        for card in cards:
            self.batch.cards_closed.append(card.id)
            open_cards.remove(card)

    def _move(self, answer: Answer, row: CaseRow, coded: Coded, open_cards: list[OpenCard]) -> None:
        target = answer.next.state
        if target is None:
            return
        was = coded.states[row.state]
        state = coded.states[coded.code_of[target]]
        row.state = coded.code_of[target]
        row.entered_at = self.batch.now
        row.wake_at = None
        row.awaiting = coded.awaits_of[target]
        self._close(list(open_cards), open_cards)
        if isinstance(state, End):
            row.closed_at, row.due_at = self.batch.now, None
        else:
            row.owner = coded.owner_of[target]
            self.clocks.enter(row, state, was if isinstance(was, State) else None)
        if state.status and state.status != was.status:
            self._project(row, coded, state)

    def _project(self, row: CaseRow, coded: Coded, state: State | End) -> None:
        task = task_of(row, coded.journey, state, now=self.batch.now)
        self.batch.writes.append(Written(row, Write(task, row.subject)))

    def _merge(self, row: CaseRow, answer: Next) -> None:
        if answer.data:
            kept = {**orjson.loads(unpack(row.data)), **answer.data}
            row.data = pack(orjson.dumps({k: v for k, v in kept.items() if v is not None}), compress=False)

    def _ask(
        self,
        answer: Answer,
        row: CaseRow,
        coded: Coded,
        open_cards: list[OpenCard],
        noted: dict[int, int],
    ) -> None:
        asking = answer.next.asking
        assert asking is not None  # noqa: S101  the caller looked
        kind = self.engine.codes.id("card", asking.kind)
        if asking.kind == LATE and open_cards:
            self.batch.cards_raised.update({card.id: answer.call.rung for card in open_cards})
            return
        self._close([card for card in open_cards if card.kind == kind], open_cards)
        shown = first_asked(answer.next)
        sort, decision = encode_decision(shown)
        called = {"function": _stopped_function(answer), "event": _stopped_event(answer)}
        body = {"call": called, "kind": int(sort), "decision": orjson.Fragment(decision)}
        team = self.engine.codes.id("team", asking.team.value) if asking.team else row.owner
        due = asking.due or self._answer_by(row, late=asking.kind == LATE, urgent=asking.urgent)
        card = NewCard(
            id=self.engine.ids.next(), row=row, journey=coded.code, team=team, kind=kind,
            urgent=asking.urgent, due_at=due, decision_id=noted[id(shown)],
            body=pack(orjson.dumps(body), phrases=PHRASES),
        )  # fmt: skip
        self.batch.cards.append(card)
        open_cards.append(OpenCard(card.id, row.id, kind, row.rung))

    def _answer_by(self, row: CaseRow, *, late: bool, urgent: bool) -> datetime:
        """Return by when a card is answered: one about a deadline by that deadline, others by policy."""
        if row.clock_until is None:
            return self.batch.now
        return row.clock_until if late else self.clocks.answer_by(row, urgent=urgent)

    def _clock(self, answer: Answer, row: CaseRow, coded: Coded) -> None:
        if row.closed_at is not None:
            return
        if answer.next.wake is not None:
            row.wake_at = answer.next.wake
        if answer.call.rung:
            row.rung = answer.call.rung
        if answer.next.now:
            row.wake_at = self.batch.now
        state = coded.states[row.state]
        if isinstance(state, State):
            self.clocks.set_due(row, state)

    def _outward(self, answer: Next, row: CaseRow, coded: Coded) -> None:
        for kind in answer.voids:
            self.batch.voids.append((row.id, self.engine.codes.id("effect", kind)))
        for ordinal, effect in enumerate(answer.effects):
            self.batch.effects.append(self._effect(effect, ordinal, row, coded))
        self.batch.writes.extend(Written(row, write) for write in answer.writes)
        self.batch.tells.extend(Told(row, n, tell) for n, tell in enumerate(answer.tells))

    def _effect(self, effect: Effect, ordinal: int, row: CaseRow, coded: Coded) -> tuple[object, ...]:
        content = orjson.dumps({"body": effect.body, "purpose": effect.purpose}, option=orjson.OPT_SORT_KEYS)
        key = content_key(content, row.id, row.version, ordinal, effect.kind, effect.partner)
        return (
            self.engine.ids.next(), self.batch.recorded_at, row.id, row.subject, key, effect.not_before,
            effect.not_after, self.batch.recorded_at, row.version, ordinal,
            self.engine.codes.id("effect", effect.kind), self.engine.codes.id("partner", effect.partner),
            row.site, coded.code, pack(content, phrases=PHRASES),
        )  # fmt: skip

    def _note(self, answer: Answer, row: CaseRow, was: int) -> None:
        event = answer.call.event
        what = self.engine.codes.id("what", _what(answer, row))
        self.batch.history.append(
            (row.id, row.version, self.batch.recorded_at, self.batch.now, row.due_at,
             event.id if event is not None else None, what, was, row.state, row.owner)
        )  # fmt: skip


def _stopped_function(answer: Answer) -> str:
    """Return the function a card of the engine's own stands in for, so that it can be called again."""
    given = answer.call.given or {}
    stopped = given.get(FAULT_FOUND.name) or given.get(WITHHELD.name)
    return stopped.function if stopped is not None else answer.call.function


def _stopped_event(answer: Answer) -> int:
    """Return the event that call was about, 0 for none."""
    if answer.call.event is not None:
        return answer.call.event.id
    fault = (answer.call.given or {}).get(FAULT_FOUND.name)
    return fault.event if fault is not None else 0


def _what(answer: Answer, row: CaseRow) -> str:
    if row.closed_at is not None and answer.next.state is not None:
        return "closed"
    if answer.call.rung:
        return "escalated"
    if answer.next.asking is not None:
        return "asked"
    return "hopped" if answer.call.event is None else "advanced"
