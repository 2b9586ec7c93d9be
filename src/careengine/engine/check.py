"""Check that a journey cannot lose anybody: every state reachable, owned, dated, awaited and left. Pure."""

from collections.abc import Iterable

from careengine.engine.case import CARD_DECIDED, EFFECT_FAILED
from careengine.engine.journey import Journey, JourneyError


def problems(journey: Journey) -> list[str]:
    """Return what is wrong with the declaration, one sentence each; empty when it may run."""
    if not journey.states:
        return [f"Journey {journey.name} declares no state."]
    return [
        *_undeclared_targets(journey),
        *_unreachable(journey),
        *_never_ending(journey),
        *_unnamed(journey),
        *_unanswered(journey),
        *_unrouted(journey),
    ]


def check_all(journeys: Iterable[Journey]) -> None:
    """Refuse to start with a journey that has a problem, or with two of one name; says all of them."""
    found: list[str] = []
    seen: set[tuple[str, int]] = set()
    for journey in journeys:
        if (journey.name, journey.version) in seen:
            found.append(f"Journey {journey.name} version {journey.version} is given twice.")
        seen.add((journey.name, journey.version))
        found.extend(problems(journey))
    if found:
        raise JourneyError(" ".join(found))


def leads_to(journey: Journey, state: str) -> frozenset[str]:
    """Return the states that can follow ``state``: by its own handler or by any event it handles."""
    own = journey.states[state].goes if state in journey.states else ()
    more = [target for on in journey.ons.values() if on.state in {"", state} for target in on.goes]
    return frozenset((*own, *more))


def _undeclared_targets(journey: Journey) -> list[str]:
    known = {*journey.states, *journey.ends}
    named = [(f"state {s.name}", t) for s in journey.states.values() for t in s.goes]
    named += [(f"{on.kind} in {on.state or 'any state'}", t) for on in journey.ons.values() for t in on.goes]
    missing = [
        f"{journey.name}: {where} goes to {t}, which is not declared." for where, t in named if t not in known
    ]
    placed = {on.state for on in journey.ons.values()} - {""} - known
    return missing + [
        f"{journey.name}: events are handled in {s}, which is not declared." for s in sorted(placed)
    ]


def _unreachable(journey: Journey) -> list[str]:
    reached, todo = {journey.start}, [journey.start]
    while todo:
        for target in leads_to(journey, todo.pop()) - reached:
            reached.add(target)
            todo.append(target)
    lost = ({*journey.states, *journey.ends}) - reached
    return [f"{journey.name}: nothing leads to {state}." for state in sorted(lost)]


def _never_ending(journey: Journey) -> list[str]:
    ends = set(journey.ends)
    ending = set(ends)
    grown = True
    while grown:
        more = {s for s in journey.states if s not in ending and leads_to(journey, s) & ending}
        grown = bool(more)
        ending |= more
    stuck = set(journey.states) - ending
    return [f"{journey.name}: from {state} no end can be reached." for state in sorted(stuck)]


def _unnamed(journey: Journey) -> list[str]:
    found = []
    for state in journey.states.values():
        if not state.awaits or state.awaits in {"pending", "in_progress", "waiting"}:
            found.append(f"{journey.name}: {state.name} does not name what it awaits.")
        if not state.clock:
            found.append(f"{journey.name}: {state.name} has no clock.")
    return found


def _unanswered(journey: Journey) -> list[str]:
    """A card that nobody's answer can move, and a failed send that nobody handles, lose a patient."""
    asking = [s for s in journey.states if journey.asks_in(s) and journey.handles(s, CARD_DECIDED) is None]
    found = [f"{journey.name}: {s} asks a person but does not handle CardDecided." for s in asking]
    if any(on.kind == EFFECT_FAILED for on in journey.ons.values()):
        return found
    sends = any(on.kind.startswith("effect.") for on in journey.ons.values())
    return (
        [*found, f"{journey.name}: awaits deliveries but does not handle EffectFailed."] if sends else found
    )


def _unrouted(journey: Journey) -> list[str]:
    if journey.listens and journey.router is None:
        return [f"{journey.name}: listens to events but has no route."]
    return []
