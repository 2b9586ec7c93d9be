"""The other policies of referrals as their files state them, and the frozen values the rules receive."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field

from careengine.capabilities.referrals.model import (
    AcknowledgementPolicy,
    Attachment,
    Clinic,
    ClinicPolicy,
    Code,
    Cover,
    DuplicatePolicy,
    IdentityPolicy,
    Item,
    Person,
    Placer,
    Referral,
    Role,
    RoutingPolicy,
    Sender,
    StandingPolicy,
    TargetPolicy,
    Twin,
    Twins,
    Words,
)
from careengine.capabilities.referrals.rules.acknowledgement import decide_acknowledgement
from careengine.capabilities.referrals.rules.clinics import clinic_named, decide_clinic
from careengine.capabilities.referrals.rules.completeness import BASICS, decide_completeness, missing_items
from careengine.capabilities.referrals.rules.duplicates import decide_duplicate
from careengine.capabilities.referrals.rules.identity import decide_identity
from careengine.capabilities.referrals.rules.sending import acknowledge
from careengine.capabilities.referrals.rules.standing import decide_standing
from careengine.capabilities.referrals.rules.triage import VISIT, decide_triage
from careengine.kernel.policy import PolicyRef, Table
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues, TableShape

_DAY = date.fromisoformat("2026-03-05")
_NOON = datetime.fromisoformat("2026-03-05T12:00:00+00:00")
_SNOMED = "http://snomed.info/sct"
_LOINC = "http://loinc.org"
ROUTING_SHAPE = TableShape(
    inputs={
        "clinic": str,
        "urgency": ("routine", "urgent", "emergency"),
        "wanted": ("visit", "econsult"),
    },
    answers={
        "action": ("accept", "econsult", "propose_econsult", "nurse", "desk", "redirect"),
        "reason": str,
        "to": str,
    },
)


class StandingValues(PolicyValues):
    """Statuses and intents."""

    work: frozenset[str] = Field(min_length=1)
    withdrawn: frozenset[str]
    intents: frozenset[str] = Field(min_length=1)
    referrals: frozenset[str] = Field(min_length=1)
    others: frozenset[str]


class IdentityValues(PolicyValues):
    """Identifiers and facts."""

    identifiers: frozenset[str] = Field(min_length=1)
    required: tuple[str, ...]


class DuplicateValues(PolicyValues):
    """Days, and statuses that no longer count."""

    same_within_days: int = Field(ge=0)
    near_within_days: int = Field(ge=0)
    ignored: frozenset[str]


class ItemValues(PolicyValues):
    """One thing a clinic needs."""

    item: str
    ask_of: str = Field(pattern="^(sender|patient)$")
    any_of: frozenset[str] = frozenset()
    within_days: int | None = Field(default=None, ge=1)


class ClinicValues(PolicyValues):
    """One clinic."""

    services: frozenset[str] = Field(min_length=1)
    specialties: frozenset[str]
    needs: tuple[ItemValues, ...]


class ClinicsValues(PolicyValues):
    """Every clinic."""

    every_clinic: tuple[ItemValues, ...]
    econsults: frozenset[str] = frozenset()
    clinics: dict[str, ClinicValues]


class OutcomeValues(PolicyValues):
    """One outcome in the sender's codes."""

    status: str
    task: str
    reasons: frozenset[str] = frozenset()


class AcknowledgementValues(PolicyValues):
    """What is told for each outcome."""

    outcomes: dict[str, OutcomeValues]
    valid_days: int = Field(ge=1)


class TargetValues(PolicyValues):
    """What we aim for."""

    share: float = Field(gt=0, le=1)
    within_business_days: int = Field(ge=1)


def build_target(values: TargetValues, ref: PolicyRef) -> TargetPolicy:
    """Return what leaders compare the figures with."""
    return TargetPolicy(ref=ref, share=values.share, within_business_days=values.within_business_days)


def build_standing(values: StandingValues, ref: PolicyRef) -> StandingPolicy:
    """Return the value the rule receives."""
    return StandingPolicy(
        ref=ref,
        work=values.work,
        withdrawn=values.withdrawn,
        intents=values.intents,
        referrals=values.referrals,
        others=values.others,
    )


def build_identity(values: IdentityValues, ref: PolicyRef) -> IdentityPolicy:
    """Return the value the rule receives."""
    return IdentityPolicy(ref=ref, identifiers=values.identifiers, required=values.required)


def build_duplicates(values: DuplicateValues, ref: PolicyRef) -> DuplicatePolicy:
    """Return the value the rule receives."""
    return DuplicatePolicy(
        ref=ref,
        same_within_days=values.same_within_days,
        near_within_days=values.near_within_days,
        ignored=values.ignored,
    )


def build_clinics(values: ClinicsValues, ref: PolicyRef) -> ClinicPolicy:
    """Return every clinic, with what all of them need before what each needs."""
    clinics = tuple(
        Clinic(
            name=name,
            services=one.services,
            specialties=one.specialties,
            needs=tuple(_item(item) for item in (*values.every_clinic, *one.needs)),
        )
        for name, one in values.clinics.items()
    )
    return ClinicPolicy(
        ref=ref,
        clinics=clinics,
        by_service={code: clinic for clinic in clinics for code in clinic.services},
        by_specialty={code: clinic for clinic in clinics for code in clinic.specialties},
        econsults=values.econsults,
    )


def _item(values: ItemValues) -> Item:
    return Item(code=values.item, ask_of=values.ask_of, any_of=values.any_of, within_days=values.within_days)


def lint_clinics(values: ClinicsValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a code that names two clinics, and an item that nothing can recognise."""
    seen: dict[str, str] = {}
    for name, clinic in values.clinics.items():
        for code in sorted(clinic.services | clinic.specialties):
            if code in seen:
                yield ("clinics", name), f"{code} also names {seen[code]}.", "Give each code to one clinic."
            seen[code] = name
    every: list[tuple[Path, ItemValues]] = [(("every_clinic",), item) for item in values.every_clinic]
    every += [(("clinics", n, "needs"), item) for n, c in values.clinics.items() for item in c.needs]
    for place, item in every:
        if not item.any_of and item.item not in BASICS:
            yield place, f"Nothing recognises {item.item}.", "List the codes that would do under any_of."


def build_routing(table: Table, ref: PolicyRef) -> RoutingPolicy:
    """Return the table the rule asks."""
    return RoutingPolicy(ref=ref, table=table)


def build_acknowledgement(values: AcknowledgementValues, ref: PolicyRef) -> AcknowledgementPolicy:
    """Return the value the rule receives."""
    return AcknowledgementPolicy(
        ref=ref,
        statuses={name: one.status for name, one in values.outcomes.items()},
        task_statuses={name: one.task for name, one in values.outcomes.items()},
        valid_days=values.valid_days,
        reasons={name: one.reasons for name, one in values.outcomes.items() if one.reasons},
    )


def _referral(**facts: Any) -> Referral:
    known: dict[str, Any] = {
        "ref": "ServiceRequest/case@1",
        "received": _NOON,
        "status": "active",
        "intent": "order",
        **facts,
    }
    return Referral(**known)


def answer_standing(policy: StandingPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {status, intent, categories?}``."""
    said = {**given, "categories": tuple(given.get("categories", ()))}
    decision = decide_standing(_referral(**said), policy=policy)
    return {"answer": decision.answer, "route": decision.route.value}


def answer_identity(policy: IdentityPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {people: [{has, identified_by, deceased, replaced}]}``."""
    people = tuple(
        Person(
            ref=f"Patient/{i}@1",
            deceased=bool(one.get("deceased")),
            replaced=bool(one.get("replaced")),
            has=tuple(one.get("has", ())),
            identified_by=tuple(one.get("identified_by", ())),
        )
        for i, one in enumerate(given["people"])
    )
    decision = decide_identity(_referral(people=people), policy=policy)
    return {"answer": decision.answer, "route": decision.route.value}


def answer_duplicates(policy: DuplicatePolicy, given: Given) -> Answer:
    """Answer a case: ``given: {authored, placer?, twins: [{authored, placer?, reason?, service?}]}``."""

    def placers(one: Given) -> tuple[Placer, ...]:
        return (Placer("urn:sender", str(one["placer"])),) if "placer" in one else ()

    twins = tuple(
        Twin(
            ref=f"ServiceRequest/twin-{i}@1",
            received=_NOON - timedelta(hours=1),
            status=str(one.get("status", "active")),
            authored=date.fromisoformat(str(one["authored"])),
            placers=placers(one),
            services=(Code(_SNOMED, str(one.get("service", "308471005"))),),
            reasons=(str(one.get("reason", "palpitations")),),
        )
        for i, one in enumerate(given["twins"])
    )
    referral = _referral(
        authored=date.fromisoformat(str(given["authored"])),
        placers=placers(given),
        services=(Code(_SNOMED, "308471005"),),
        words=(Words("ServiceRequest/case@1#reasonCode[0].text", "Palpitations", Role.REASON),),
    )
    decision = decide_duplicate(referral, Twins(twins), policy=policy, today=_DAY)
    return {"answer": decision.answer, "route": decision.route.value}


def answer_clinics(policy: ClinicPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {service, specialty?, without?, attached?, days_old?}``."""
    without = set(given.get("without", ()))
    at = "ServiceRequest/case@1#"
    words = (
        Words(f"{at}reasonCode[0].text", "a reason", Role.REASON),
        Words(f"{at}note", "a question", Role.QUESTION),
    )
    referral = _referral(
        services=(Code(_SNOMED, given["service"]),),
        specialties=(Code(_SNOMED, given["specialty"]),) if "specialty" in given else (),
        words=tuple(w for w in words if w.role.value not in without),
        covers=() if "insurance" in without else (Cover("Coverage/1@1", "active"),),
        people=(Person(ref="Patient/1@1", has=() if "phone" in without else ("phone",)),),
        sender=Sender("" if "requester" in without else "PractitionerRole/1"),
        attachments=tuple(
            Attachment(
                f"DocumentReference/{code}",
                (f"{_LOINC}|{code}",),
                _DAY - timedelta(days=given.get("days_old", 1)),
            )
            for code in given.get("attached", ())
        ),
    )
    named = decide_clinic(referral, policy=policy)
    clinic = clinic_named(named.answer, policy=policy)
    if clinic is None:
        return {"clinic": named.answer}
    complete = decide_completeness(referral, clinic=clinic, policy=policy, today=_DAY)
    return {"clinic": clinic.name, "answer": complete.answer, "missing": dict(missing_items(complete))}


def answer_routing(policy: RoutingPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {clinic, urgency, wanted?}``."""
    decision = decide_triage(
        _referral(),
        clinic=given["clinic"],
        urgency=given["urgency"],
        policy=policy,
        wanted=given.get("wanted", VISIT),
    )
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "row": decision.policy.row,
        "to": decision.because[0].params.get("to", ""),
    }


def answer_acknowledgement(policy: AcknowledgementPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {outcome, partner, why?}``."""
    referral = _referral(sender=Sender("Practitioner/1", "", given["partner"]))
    decision = decide_acknowledgement(referral, outcome=given["outcome"], policy=policy)
    told = {}
    if "why" in given:
        sent = acknowledge(referral, decision, policy=policy, now=_NOON, why=str(given["why"]))
        told["reason"] = sent.body["reason"]
    return told | {
        "answer": decision.answer,
        "route": decision.route.value,
        "status": policy.statuses[given["outcome"]],
        "task_status": policy.task_statuses[given["outcome"]],
        "valid_days": policy.valid_days,
    }
