"""Software cannot make an adverse decision by any path; a clinician can, and stands for it."""

from dataclasses import replace
from typing import Any

import pytest
import toy_journeys as toys
from hypothesis import given
from hypothesis import strategies as st

from careengine.engine.journey import CardDecided, Case, Event, Facts, Instant, Journey, Policies
from careengine.kernel.decision import AdverseDecision, ClinicianBasis, Decision, Route, because
from careengine.kernel.errors import Refused
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.team import Team

BASIS = ClinicianBasis(
    clinician="Dr. Ann Hale",
    licence="IL-036-1",
    specialty="cardiology",
    attestation="I reviewed this record.",
)


def adverse(*, basis: Any = BASIS) -> AdverseDecision:
    return AdverseDecision(
        question="toy.necessity", route=Route.PROCEED, answer="deny", because=because("toy.not_necessary"),
        policy=toys.POLICY, basis=basis,
    )  # fmt: skip


def _denying() -> Journey:
    """A journey that tries every way: on its own, on a plain event, and by changing a person's answer."""
    journey = Journey(
        "denying",
        version=1,
        subject="Basic",
        outcome="denied",
        target="toy.completion",
        listens=("toy.arrived",),
    )

    @journey.state(
        "open",
        owner=Team.ACCESS,
        clock="engine.place_event",
        awaits="a_clinician",
        goes=("denied",),
        asks=("deny",),
    )
    def begin(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        if case.data["word"] == "alone":
            return to("denied", because=adverse())
        proposal = Decision(
            question="toy.necessity",
            route=Route.ASK,
            answer="deny",
            because=because("toy.look"),
            policy=toys.POLICY,
        )
        return ask("deny", because=proposal)

    @journey.on("open", CardDecided, goes=("denied",))
    def decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        assert isinstance(event, CardDecided)
        if event.answer == "deny":
            return to("denied", because=event.decision)
        return to("denied", because=(event.decision, adverse()))

    @journey.on("open", "toy.step", goes=("denied",))
    def told(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return stay(because=adverse())

    journey.end("denied", outcome="denied", reached_goal=False)
    journey.route(toys.route)
    return journey


@pytest.fixture
def court(open_toy: Any) -> Any:
    return open_toy(_denying(), toys.placing)


def test_a_handler_that_denies_on_its_own_becomes_a_card(court: Any) -> None:
    court.arrive("a", "alone")
    court.drain()

    assert [kind for _, kind, _ in court.cards()] == ["engine.fault"]
    assert court.one("select count(*) from decision where kind = 2") == 0


def test_a_handler_that_denies_on_an_event_becomes_a_card(court: Any) -> None:
    court.arrive("a")
    court.drain()
    [(case, _, _)] = court.cases()

    court.happen(case, "toy.step")
    court.drain()

    assert "engine.fault" in [kind for _, kind, _ in court.cards()]
    assert court.one("select count(*) from decision where kind = 2") == 0


def test_a_clinician_s_denial_stands_with_licence_and_attestation(court: Any) -> None:
    court.arrive("a")
    court.drain()
    [(card, _, _)] = court.cards()

    court.answer(card, adverse())
    court.drain()

    assert court.all("select actor, actor_kind, basis from decision where kind = 2") == [
        ("ann", 1, "Dr. Ann Hale; IL-036-1; cardiology")
    ]


def test_an_agent_s_denial_is_no_clinician_s(court: Any) -> None:
    court.arrive("a")
    court.drain()
    [(card, _, _)] = court.cards()

    court.answer(card, adverse(), person=False)
    court.drain()

    assert court.one("select count(*) from decision where kind = 2") == 0
    assert "engine.fault" in [kind for _, kind, _ in court.cards()]


def test_software_cannot_slip_a_denial_in_beside_a_person_s_answer(court: Any) -> None:
    court.arrive("a")
    court.drain()
    [(card, _, _)] = court.cards()

    approve = Decision(
        question="toy.necessity",
        route=Route.PROCEED,
        answer="approve",
        because=because("toy.fine"),
        policy=toys.POLICY,
    )
    court.answer(card, approve)
    court.drain()

    assert court.one("select count(*) from decision where kind = 2") == 0


@given(
    part=st.sampled_from(["clinician", "licence", "specialty", "attestation"]),
    blank=st.sampled_from(["", " ", "\t\n"]),
)
def test_no_adverse_decision_can_be_built_without_a_whole_basis(part: str, blank: str) -> None:
    with pytest.raises(Refused):
        adverse(basis=replace(BASIS, **{part: blank}))


@given(basis=st.one_of(st.none(), st.text(), st.integers(), st.dictionaries(st.text(), st.text())))
def test_nothing_else_passes_for_a_basis(basis: object) -> None:
    with pytest.raises(Refused):
        adverse(basis=basis)
