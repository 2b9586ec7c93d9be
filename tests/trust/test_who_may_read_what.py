"""Role by kind by purpose: the whole table of who may read what, as data."""

import json
from importlib.resources import files

import pytest
from chart_values import person

from careengine.kernel.team import Team
from careengine.record.resource_types import RESOURCE_TYPES
from careengine.trust.access import Access, BrokenAccessPolicy, Chart
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.policies import installed_book

ACCESS = Access.from_package()
TYPES = json.loads(files("careengine").joinpath("policies", "access", "kinds.json").read_text("utf-8"))
KINDS = (
    "Patient", "Coverage", "ServiceRequest", "Appointment", "Condition", "Observation", "MedicationRequest",
    "Encounter", "Claim", "ClaimResponse", "Communication", "Consent", "AuditEvent", "Organization",
    "Parameters",
)  # fmt: skip
TABLE = """
                      Pat Cov Srv App Con Obs Med Enc Clm Clr Com Cns Aud Org Par
access       T        x   x   x   x   x   .   .   .   .   .   x   x   .   x   .
access       O        x   x   x   x   x   .   .   .   .   .   x   x   .   x   .
access       P        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
authorization T       x   x   x   x   x   x   x   x   x   x   .   .   .   x   .
authorization P       x   x   x   x   x   x   x   x   x   x   .   .   .   x   .
authorization O       .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
billing      P        x   x   x   .   x   .   .   x   x   x   x   .   .   x   .
billing      T        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
care_coordination T   x   x   x   x   x   x   x   x   .   .   x   x   .   x   .
care_coordination P   .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
clinicians   T        x   x   x   x   x   x   x   x   .   .   x   x   .   x   .
clinicians   E        x   x   x   x   x   x   x   x   .   .   x   x   .   x   .
clinicians   P        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
nurses       T        x   x   x   x   x   x   x   x   .   .   x   x   .   x   .
nurses       E        x   x   x   x   x   x   x   x   .   .   x   x   .   x   .
nurses       O        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
coding       P        x   .   x   .   x   x   x   x   x   .   .   .   .   x   .
coding       O        x   .   x   .   x   x   x   x   x   .   .   .   .   x   .
examiners    P        x   x   x   .   x   x   .   x   x   x   .   .   .   x   .
examiners    T        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
integration  O        x   .   x   .   .   .   .   .   .   .   .   .   .   x   .
integration  E        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
operations   O        x   .   x   x   .   .   .   .   .   .   .   .   .   x   .
privacy      V        x   .   .   .   .   .   .   .   .   .   .   x   x   x   .
privacy      T        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
leadership   O        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
trainers     O        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
workflow     O        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
partners     T        x   x   x   x   x   x   x   x   x   x   x   x   .   x   .
partners     P        .   .   .   .   .   .   .   .   .   .   .   .   .   x   .
"""
PURPOSES = {
    "T": Purpose.TREATMENT,
    "P": Purpose.PAYMENT,
    "O": Purpose.OPERATIONS,
    "E": Purpose.EMERGENCY,
    "V": Purpose.OVERSIGHT,
}
LINES = [line.split() for line in TABLE.splitlines()[2:]]


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:2]))
def test_a_role_reads_what_its_line_grants_and_nothing_else(line: list[str]) -> None:
    role, purpose, *marks = line
    reader = person(role, purpose=PURPOSES[purpose])
    assert {kind: ACCESS.allows(reader, [kind]) for kind in KINDS} == {
        kind: mark == "x" for kind, mark in zip(KINDS, marks, strict=True)
    }


def test_every_team_has_a_line() -> None:
    assert {line[0] for line in LINES} == {*(team.value for team in Team), "partners"}


def test_two_roles_read_what_either_reads() -> None:
    both = person("access", "nurses")
    assert ACCESS.grant(both, ["Observation", "Consent"]) == ("roles.access", "roles.clinical")


def test_no_role_and_no_journey_read_nothing_about_a_patient() -> None:
    for reader in (person(), Reader.for_journey("none"), person("no_such_role")):
        assert [kind for kind in KINDS if ACCESS.allows(reader, [kind])] == ["Organization"]


def test_an_agent_with_a_role_may_read_but_never_breaks_the_glass() -> None:
    agent = Reader(
        actor="agent.a", actor_kind=ActorKind.AGENT, purpose=Purpose.EMERGENCY, roles=frozenset({"nurses"})
    )
    assert ACCESS.allows(agent, ["Condition"])
    assert not ACCESS.opens(agent, Chart(restricted=False, own=False, glass=True))


@pytest.mark.parametrize(
    ("purpose", "chart", "opens"),
    [
        ("T", Chart(restricted=False, own=False, glass=False), True),
        ("T", Chart(restricted=True, own=False, glass=False), False),
        ("E", Chart(restricted=True, own=False, glass=True), True),
        ("E", Chart(restricted=False, own=False, glass=False), False),
        ("E", Chart(restricted=False, own=True, glass=True), False),
        ("T", Chart(restricted=False, own=True, glass=False), False),
        ("V", Chart(restricted=True, own=False, glass=False), True),
    ],
)
def test_whose_chart_opens(purpose: str, chart: Chart, opens: bool) -> None:
    role = "privacy" if purpose == "V" else "clinicians"
    assert ACCESS.opens(person(role, purpose=PURPOSES[purpose]), chart) is opens


def test_every_kind_named_exists_in_fhir() -> None:
    assert {kind for kinds in TYPES.values() for kind in kinds} <= set(RESOURCE_TYPES)


@pytest.mark.parametrize(
    "broken",
    [
        'permit (principal, action == Action::"read", resource);',
        '@id("a") permit (principal, action == Action::"read", resource) when { context.colour == "red" };',
        '@id("a") permit (principal in Team::"x", action, resource);',
        "permit (",
    ],
)
def test_a_broken_access_policy_is_refused_at_the_start(broken: str) -> None:
    schema = files("careengine").joinpath("policies", "access", "access.cedarschema").read_text("utf-8")
    with pytest.raises(BrokenAccessPolicy):
        Access(policies=broken, schema=schema, kinds=TYPES, book=installed_book())
