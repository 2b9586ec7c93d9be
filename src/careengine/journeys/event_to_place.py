"""From an event nobody could place to the case it belongs to: a person names the case, or closes it."""

from careengine.engine.case import LANE_STOPPED
from careengine.engine.clocks import ClockPolicy
from careengine.engine.journey import CardDecided, Case, Event, Facts, Instant, Journey, Policies
from careengine.kernel.decision import Decision, Evidence, Reason, Route
from careengine.kernel.next import Next, Tell, ask, to
from careengine.kernel.policy import PolicyName
from careengine.kernel.team import Team

CLOCK = PolicyName("engine.place_event", ClockPolicy)

journey = Journey(
    "event_to_place", version=1, subject="Basic",
    outcome="every event is placed or was looked at", target="engine.place_event",
)  # fmt: skip


@journey.state("to_place", owner=Team.ACCESS, clock=CLOCK.name, awaits="a_place", asks=("engine.place",))
def to_place(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Show the event, and why no journey could say where it belongs."""
    if case.data.get("event_kind") == LANE_STOPPED:
        return ask("engine.place", because=_stopped(case, policy), team=Team.WORKFLOW, urgent=True)
    known = {name: str(case.data.get(name) or "") for name in ("event_kind", "why", "journey")}
    ref = str(case.data.get("ref") or "")
    unplaced = Decision(
        question="engine.place",
        route=Route.ASK,
        answer="unplaced",
        because=(Reason("engine.event_unplaced", known),),
        policy=policy[CLOCK].ref,
        evidence=(Evidence(source=ref),) if ref else (),
    )
    return ask("engine.place", because=unplaced)


def _stopped(case: Case, policy: Policies) -> Decision:
    """Say which lane stopped itself and what it was about to send too much of."""
    known = {name: str(case.data.get(name) or "") for name in ("journey", "effect_kind")}
    return Decision(
        question="engine.look_at_stop",
        route=Route.ASK,
        answer="stopped",
        because=(Reason(f"engine.{case.data.get('why')}", known),),
        policy=policy[CLOCK].ref,
    )


@journey.on("to_place", CardDecided, goes=("placed", "closed"))
def placed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The answer is the number of the case the event belongs to, or that it concerns nobody."""
    answer = event.answer if isinstance(event, CardDecided) else ""
    if not answer.isdecimal():
        return to("closed")
    body = {"ref": case.data.get("ref"), "event": case.data.get("event")}
    return to("placed", tells=(Tell(int(answer), str(case.data["event_kind"]), body),))


journey.end("placed", outcome="brought to its case", reached_goal=True)
journey.end("closed", outcome="looked at; it concerns no case", reached_goal=True)
