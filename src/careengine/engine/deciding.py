"""One call of a handler: what it may see goes in, a checked answer comes out. No database, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from careengine.engine import inputs
from careengine.engine.case import ENGINE_KINDS, CardDecided, Case, Event, Facts, Instant
from careengine.engine.case_policies import CasePolicies
from careengine.engine.engine_needs import ENGINE_CARDS, ENGINE_HANDLERS, FAULT_FOUND, Fault
from careengine.engine.events import is_human_act
from careengine.engine.journey import Handler, Journey, JourneyError
from careengine.kernel.decision import AdverseDecision, Decision, Route
from careengine.kernel.need import Need
from careengine.kernel.next import Next
from careengine.policy.book import PolicyBook

MOST_HOPS = 8
"""Hops in one transaction; a case that wants more is shown to a person."""


@dataclass(frozen=True, slots=True)
class Call:
    """A handler about to be called: which, with which needs, on which event, and what it may answer."""

    function: str
    handler: Handler
    needs: tuple[Need[Any], ...]
    goes: tuple[str, ...]
    event: Event | None = None
    seen_event: inputs.SeenEvent | None = None
    given: Mapping[str, Any] | None = None
    """Facts the engine itself supplies."""
    rung: int = 0
    by_person: bool = False
    """A person said so although the lane is stopped."""
    consumes: bool = True
    """Whether the event leaves the inbox with this call; one that is looked at again has left it before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answered, and exactly what it had seen."""

    call: Call
    next: Next
    digest: bytes
    seen: bytes


def state_call(
    journey: Journey,
    state: str,
    *,
    event: Event | None = None,
    seen_event: inputs.SeenEvent | None = None,
    by_person: bool = False,
) -> Call:
    """Return the call of a state's own handler: on entering by a hop, on opening, when its time has come."""
    declared = journey.states[state]
    function = f"{journey.name}@{journey.version}/{state}"
    return Call(
        function, declared.handler, declared.needs, declared.goes, event, seen_event, by_person=by_person
    )


def event_call(journey: Journey, state: str, event: Event, seen: inputs.SeenEvent) -> Call:
    """Return the call that ``event`` means in ``state``; one that nothing handles is shown to a person."""
    on = journey.handles(state, event.kind)
    if on is None:
        return engine_call("engine/unhandled", event=event, seen_event=seen)
    function = f"{journey.name}@{journey.version}/{on.state or '*'}+{on.kind}"
    return Call(function, on.handler, on.needs, on.goes, event, seen)


def engine_call(
    function: str,
    *,
    event: Event | None = None,
    seen_event: inputs.SeenEvent | None = None,
    given: Mapping[str, Any] | None = None,
    rung: int = 0,
) -> Call:
    """Return the call of one of the engine's own handlers."""
    handler, needs = ENGINE_HANDLERS[function]
    return Call(function, handler, needs, (), event, seen_event, given or {}, rung)


def find_call(journeys: Mapping[tuple[str, int], Journey], function: str) -> Call:
    """Return the call a recorded function names, to decide again; it carries no event yet."""
    if function in ENGINE_HANDLERS:
        return engine_call(function)
    name, _, place = function.partition("/")
    title, _, version = name.partition("@")
    try:
        journey = journeys[title, int(version)]
        state, plus, kind = place.partition("+")
        if not plus:
            return state_call(journey, state)
        on = journey.ons["" if state == "*" else state, kind]
    except (KeyError, ValueError):
        raise JourneyError(
            f"No function {function} in this code; it was decided by another release."
        ) from None
    return Call(function, on.handler, on.needs, on.goes)


def decide(call: Call, *, case: Case, facts: Mapping[str, Any], book: PolicyBook, now: Instant) -> Answer:
    """Call the handler and record what it saw. What it raises is for the caller to catch."""
    policies = CasePolicies(book, case, now)
    answer = decided(call, case=case, facts=facts, policies=policies, now=now)
    seen = inputs.Seen(
        function=call.function, case=case, now=now, pins=policies.used, facts=facts, event=call.seen_event
    )
    digest, raw = inputs.encode(seen)
    return Answer(call, answer, digest, raw)


def decided(
    call: Call, *, case: Case, facts: Mapping[str, Any], policies: CasePolicies, now: Instant
) -> Next:
    """Call the handler and return its answer alone: what it saw is on record already."""
    answer = call.handler(case, Facts(facts), policies, call.event, now)
    return _with_the_persons_decision(call, answer)


def answer_or_explain(
    call: Call,
    *,
    case: Case,
    facts: Mapping[str, Any],
    book: PolicyBook,
    now: Instant,
    check: Callable[[Call, Next], None],
) -> Answer:
    """Decide; a handler that raises, or whose answer ``check`` refuses, becomes a card; the rest goes on."""
    try:
        answer = decide(call, case=case, facts=facts, book=book, now=now)
        check(call, answer.next)
    except Exception as error:  # noqa: BLE001  whatever a handler raises must not stop the other cases
        failed = engine_call(
            "engine/fault",
            event=call.event,
            seen_event=call.seen_event,
            given={FAULT_FOUND.name: Fault(function=call.function, error=type(error).__name__)},
        )
        return decide(failed, case=case, facts=dict(failed.given or {}), book=book, now=now)
    return answer


def refuse_undeclared(journey: Journey, state: str, call: Call, answer: Next) -> None:
    """Refuse an answer that goes, asks, tells or decides beyond what may be."""
    if answer.state is not None and answer.state not in call.goes:
        raise JourneyError(f"{call.function} goes to {answer.state}, which it does not declare.")
    if answer.now and (answer.state is None or answer.state in journey.ends):
        raise JourneyError(f"{call.function} wants to go on at once but names no further state.")
    if answer.asking is not None and answer.asking.kind not in ENGINE_CARDS:
        if state in journey.ends or answer.asking.kind not in journey.asks_in(state):
            raise JourneyError(f"{call.function} asks {answer.asking.kind}, which it does not declare.")
        if not answer.because:
            raise JourneyError(f"{call.function} asks a person without saying why.")
    if any(tell.kind in ENGINE_KINDS for tell in answer.tells):
        raise JourneyError(f"{call.function} tells a kind of event that only the engine may write.")
    _refuse_adverse_by_software(call, answer.because)


def _refuse_adverse_by_software(call: Call, because: Sequence[Decision]) -> None:
    """An adverse decision passes only if it is the very one a person posted with this event."""
    posted = call.event.decision if isinstance(call.event, CardDecided) else None
    for decision in because:
        if isinstance(decision, AdverseDecision) and not (decision is posted and is_human_act(call.event)):
            raise JourneyError(f"{call.function} makes an adverse decision; only a clinician may.")


def _with_the_persons_decision(call: Call, answer: Next) -> Next:
    """A person's decision is on record even when the handler does not repeat it."""
    if not isinstance(call.event, CardDecided) or call.event.decision in answer.because:
        return answer
    return replace(answer, because=(call.event.decision, *answer.because))


def first_asked(answer: Next) -> Decision:
    """Return the decision a card shows: the one that asks, else the first."""
    return next((d for d in answer.because if d.route is Route.ASK), answer.because[0])
