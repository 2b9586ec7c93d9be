"""Small journeys that exercise every way an engine can be asked to move a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
    Unplaced,
)
from careengine.kernel.decision import Decision, Route, because
from careengine.kernel.effect import Effect
from careengine.kernel.need import Need
from careengine.kernel.next import Hold, Next, Tell, ask, stay, to
from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team

POLICY = PolicyRef("toy.errands", 1)


@dataclass(frozen=True, slots=True)
class Word:
    """What the toy's loader knows of a case."""

    text: str


WORD = Need("toy.word", Word)


def decided(question: str, answer: str, *, route: Route = Route.PROCEED) -> Decision:
    return Decision(
        question=question,
        route=route,
        answer=answer,
        because=because("toy.because", answer=answer),
        policy=POLICY,
    )


errand = Journey(
    "errand",
    version=1,
    subject="Basic",
    outcome="errand run",
    target="toy.completion",
    listens=("toy.arrived",),
)


@errand.state(
    "received", owner=Team.ACCESS, clock="engine.place_event", awaits="a_first_look",
    needs=(WORD,), goes=("walking", "done", "spinning", "received"), asks=("unsure",),
)  # fmt: skip
def received(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    word = facts[WORD].text
    if word == "ask":
        return ask("unsure", because=decided("toy.first_look", "ask", route=Route.ASK))
    if word == "raise":
        raise RuntimeError("the toy breaks here")
    if word == "spin":
        return to("spinning", because=decided("toy.first_look", "spin"), now=True)
    if word == "nul":
        return to("walking", because=decided("toy.first_look", "a\x00b"))
    if word == "far":
        return to("nowhere", because=decided("toy.first_look", "far"))
    if word == "hop":
        return to("walking", because=decided("toy.first_look", "hop"), now=True)
    return to("walking", because=decided("toy.first_look", "go"), data={"steps": 0})


@errand.on("received", CardDecided, goes=("walking", "done"))
def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert isinstance(event, CardDecided)
    return to("done" if event.answer == "close" else "walking", because=event.decision)


@errand.state(
    "walking", owner=Team.ACCESS, clock="engine.place_event", awaits="a_step",
    goes=("done",),
)  # fmt: skip
def walking(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(because=decided("toy.pause", "wait"))


@errand.on("walking", "toy.step", goes=("done",))
def step(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    taken = int(case.data.get("steps") or 0) + 1
    trace = f"{case.data.get('trace') or ''}{event.body['n']},"
    return stay(because=decided("toy.step", str(taken)), data={"steps": taken, "trace": trace})


@errand.on("walking", "toy.send")
def send(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    effect = Effect(kind="toy.deliver", partner="shop", body={"n": event.body.get("n", 0)})
    return stay(because=decided("toy.send", "send"), effects=(effect,))


@errand.on("walking", "toy.sleep")
def sleep(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(because=decided("toy.sleep", "sleep"), wake=now + timedelta(minutes=5))


@errand.on("walking", "toy.grab")
def grab(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    hold = Hold(str(event.body["key"]), now + timedelta(minutes=10))
    return stay(because=decided("toy.grab", hold.key), holds=(hold,), data={"held": hold.key})


@errand.on("walking", "toy.tell")
def tell(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    named = event.body["case"]
    whom = named if isinstance(named, str) else int(str(named))
    body = {"n": event.body.get("n", 0)}
    told = Tell(whom, str(event.body["kind"]), body, opens=bool(event.body.get("opens")))
    return stay(because=decided("toy.tell", "tell"), tells=(told,))


@errand.on("walking", EffectDelivered)
def delivered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(data={"delivered": int(case.data.get("delivered") or 0) + 1})


@errand.on("walking", EffectFailed)
def failed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(data={"failed": int(case.data.get("failed") or 0) + 1})


@errand.on("walking", "toy.finish", goes=("done",))
def finish(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return to("done", because=decided("toy.finish", "done"))


@errand.state(
    "spinning", owner=Team.ACCESS, clock="engine.place_event", awaits="rest", goes=("spinning", "done")
)
def spinning(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return to("spinning", because=decided("toy.spin", "round"), now=True)


errand.end("done", outcome="errand run", reached_goal=True)


@errand.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | Unplaced | None:
    word = str(event.body.get("word", "go"))
    if word == "lost":
        return Unplaced("toy.nobody_knows")
    if word == "ignore":
        return None
    if word == "follow":
        return Join(tuple(c.case for c in candidates))
    return Open(key=str(event.body["key"]), data={"word": word})


placing = Journey(
    "event_to_place", version=1, subject="Basic", outcome="event placed", target="toy.completion"
)


@placing.state(
    "to_place",
    owner=Team.ACCESS,
    clock="engine.place_event",
    awaits="a_person",
    goes=("placed",),
    asks=("place",),
)
def to_place(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return ask("place", because=decided("toy.place", "ask", route=Route.ASK))


@placing.on("to_place", CardDecided, goes=("placed",))
def placed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert isinstance(event, CardDecided)
    return to("placed", because=event.decision)


placing.end("placed", outcome="event placed", reached_goal=True)

KINDS = (
    "toy.step",
    "toy.send",
    "toy.sleep",
    "toy.grab",
    "toy.tell",
    "toy.finish",
    "toy.unknown",
    "toy.arrived",
)


def load_words(charts: object, cases: Sequence[Case]) -> dict[int, Word]:
    return {case.id: Word(str(case.data.get("word") or "go")) for case in cases}
