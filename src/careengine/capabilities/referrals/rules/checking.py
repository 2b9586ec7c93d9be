"""Ask a referral's questions in order, and stop at the first that software may not answer alone. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from careengine.capabilities.referrals.model import (
    CLINICS,
    DUPLICATES,
    IDENTITY,
    ROUTING,
    STANDING,
    URGENCY,
    Clinic,
    ClinicPolicy,
    DuplicatePolicy,
    IdentityPolicy,
    Referral,
    RoutingPolicy,
    StandingPolicy,
    Twins,
    UrgencyPolicy,
)
from careengine.capabilities.referrals.rules.acknowledgement import ACCEPTED, ECONSULT_ACCEPTED, REDIRECTED
from careengine.capabilities.referrals.rules.clinics import clinic_named, decide_clinic
from careengine.capabilities.referrals.rules.completeness import INCOMPLETE, decide_completeness
from careengine.capabilities.referrals.rules.duplicates import JOINED, decide_duplicate, decide_successor
from careengine.capabilities.referrals.rules.identity import decide_identity
from careengine.capabilities.referrals.rules.standing import NOT_A_REFERRAL, WITHDRAWN, decide_standing
from careengine.capabilities.referrals.rules.triage import ECONSULT, NURSE, asked_for, decide_triage
from careengine.capabilities.referrals.rules.urgency import decide_urgency
from careengine.kernel.decision import Decision, Route
from careengine.kernel.policy import PolicyName, Scalar

Value = TypeVar("Value")
ENDING = frozenset({WITHDRAWN, NOT_A_REFERRAL, JOINED})
"""Answers after which nothing more is asked."""
CLINIC, LEVEL = "clinic", "level"
"""Under which names people's own answers are kept: the clinic they named, the urgency they set."""
BY, FROM = "route", "redirected"
"""And: that they chose an eConsult, and that they passed the referral on to another clinic."""


def settles(question: str, answer: str) -> str:
    """Return the name under which a person's word on one finding is kept: it covers no other finding."""
    return f"{question}:{answer}"


SEEN_BY_A_NURSE = {
    settles("referrals.triage", NURSE): "urgent",
    settles("referrals.completeness", INCOMPLETE): "urgent",
}
"""Findings that no longer stop a referral once a nurse has accepted it as urgent."""


class InForce(Protocol):
    """The policies in force, looked up by name."""

    def __getitem__(self, name: PolicyName[Value]) -> Value:
        """Return the value of the policy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Every policy the questions follow."""

    standing: StandingPolicy
    urgency: UrgencyPolicy
    duplicates: DuplicatePolicy
    identity: IdentityPolicy
    clinics: ClinicPolicy
    routing: RoutingPolicy

    @classmethod
    def of(cls, policy: InForce) -> "Rules":
        """Return the policies in force for a case."""
        return cls(
            standing=policy[STANDING],
            urgency=policy[URGENCY],
            duplicates=policy[DUPLICATES],
            identity=policy[IDENTITY],
            clinics=policy[CLINICS],
            routing=policy[ROUTING],
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """The decisions made, in order, and the one that stopped; without one, software may go on."""

    decisions: tuple[Decision, ...]
    stop: Decision | None = None


def outcome_of(checked: Checked, settled: Mapping[str, Scalar]) -> str:
    """Return what the sender is told of a referral that nothing stops any more."""
    if FROM in settled:
        return REDIRECTED
    agreed = any(d.question == "referrals.triage" and d.answer == ECONSULT for d in checked.decisions)
    return ECONSULT_ACCEPTED if agreed or settled.get(BY) == ECONSULT else ACCEPTED


def check(
    referral: Referral, twins: Twins, *, rules: Rules, settled: Mapping[str, Scalar], today: date
) -> Checked:
    """Ask in order: is it a referral, is it urgent, is it new, who is meant, which clinic, taken, complete?

    Urgency comes before everything that could hold the referral up. What a person has
    settled does not stop it again, unless the finding has changed since.
    """
    asked = _Asked(referral, twins, rules, settled, today, {})
    for decide in _IN_ORDER:
        decision = decide(asked)
        asked.made[decision.question] = decision
        if asked.stops(decision):
            return _withdrawn(asked) if decision.answer == WITHDRAWN else Checked(asked.decisions, decision)
    return Checked(asked.decisions)


def _withdrawn(asked: "_Asked") -> Checked:
    """Before a withdrawn referral ends, see that none is lost with it."""
    successor = decide_successor(
        asked.referral, asked.twins, policy=asked.rules.duplicates, today=asked.today
    )
    if asked.stops(successor):
        return Checked((*asked.decisions, successor), successor)
    return Checked((*asked.decisions, successor), asked.decisions[-1])


@dataclass(frozen=True, slots=True)
class _Asked:
    """One referral under examination; ``made`` fills up with the decisions."""

    referral: Referral
    twins: Twins
    rules: Rules
    settled: Mapping[str, Scalar]
    today: date
    made: dict[str, Decision]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(self.made.values())

    def stops(self, decision: Decision) -> bool:
        if settles(decision.question, decision.answer) in self.settled:
            return decision.question == "referrals.clinic" and self.clinic is None
        if decision.question == "referrals.clinic" and CLINIC in self.settled:
            return self.clinic is None
        return decision.route is Route.ASK or decision.answer in ENDING

    @property
    def clinic(self) -> Clinic | None:
        named = str(self.settled.get(CLINIC, self.made["referrals.clinic"].answer))
        return clinic_named(named, policy=self.rules.clinics)

    @property
    def level(self) -> str:
        return str(self.settled.get(LEVEL, self.made["referrals.urgency"].answer))


def _standing(asked: _Asked) -> Decision:
    return decide_standing(asked.referral, policy=asked.rules.standing)


def _urgency(asked: _Asked) -> Decision:
    return decide_urgency(asked.referral, policy=asked.rules.urgency, today=asked.today)


def _duplicate(asked: _Asked) -> Decision:
    return decide_duplicate(asked.referral, asked.twins, policy=asked.rules.duplicates, today=asked.today)


def _identity(asked: _Asked) -> Decision:
    return decide_identity(asked.referral, policy=asked.rules.identity)


def _clinic(asked: _Asked) -> Decision:
    return decide_clinic(asked.referral, policy=asked.rules.clinics)


def _triage(asked: _Asked) -> Decision:
    clinic = asked.clinic
    return decide_triage(
        asked.referral,
        clinic=clinic.name if clinic else "",
        urgency=asked.level,
        policy=asked.rules.routing,
        urgencies=asked.rules.urgency.levels,
        wanted=asked_for(asked.referral, policy=asked.rules.clinics),
    )


def _completeness(asked: _Asked) -> Decision:
    clinic = asked.clinic
    assert clinic is not None  # noqa: S101  an unknown clinic has stopped the questions before
    return decide_completeness(asked.referral, clinic=clinic, policy=asked.rules.clinics, today=asked.today)


_IN_ORDER: tuple[Callable[[_Asked], Decision], ...] = (
    _standing,
    _urgency,
    _duplicate,
    _identity,
    _clinic,
    _triage,
    _completeness,
)
