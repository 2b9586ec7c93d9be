"""As a payer: from a provider's question about a member to the answer it has in seconds."""

from collections.abc import Sequence

from careengine.capabilities import registration
from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
)
from careengine.kernel.decision import Route
from careengine.kernel.next import Next, ask, to
from careengine.kernel.team import Team

ASKED = "eligibility.asked"
FACTS = (registration.INQUIRY, registration.MEMBERS)

journey = Journey(
    "eligibility_answered", version=1, subject="CoverageEligibilityRequest",
    outcome="the provider has its answer", target="registration.answered_in_time", listens=(ASKED,),
)  # fmt: skip


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | None:
    """Every question is a case of its own; the same question asked again is the same case."""
    question = event.ref.partition("@")[0]
    return Open(key=question, data={"focus": question}, priority=1)


@journey.state(
    "asked", owner=Team.EXAMINERS, clock="examiners.answer_eligibility", awaits="our_answer",
    needs=FACTS, goes=("answered", "two_members"),
)  # fmt: skip
def asked(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Answer at once, as the field does; where two records fit, somebody looks afterwards."""
    inquiry, members = facts[registration.INQUIRY], facts[registration.MEMBERS]
    answer = registration.decide_answer(
        inquiry, members, today=case.day(now), policy=policy[registration.OUR_MEMBERS]
    )
    write = registration.answered(inquiry, members, answer, now=now)
    if answer.route is Route.ASK:
        return to("two_members", because=answer, writes=(write,), now=True)
    return to("answered", because=answer, writes=(write,))


@journey.state(
    "two_members", owner=Team.EXAMINERS, clock="examiners.correct_members", awaits="enrolments_look",
    needs=FACTS, asks=("registration.answer",),
)  # fmt: skip
def two_members(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The provider has its answer; a person says whether the two records are one member."""
    answer = registration.decide_answer(
        facts[registration.INQUIRY], facts[registration.MEMBERS], today=case.day(now),
        policy=policy[registration.OUR_MEMBERS],
    )  # fmt: skip
    return ask("registration.answer", because=answer)


@journey.on("two_members", CardDecided, goes=("answered",))
def looked_at(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Somebody has looked: merged the records, or found that they are two people."""
    return to("answered")


journey.end("answered", outcome="the provider has its answer", reached_goal=True)
