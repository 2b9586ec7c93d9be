"""Which clinic is asked? Pure."""

from collections.abc import Mapping

from careengine.capabilities.referrals.model import Clinic, ClinicPolicy, Code, Referral
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route

UNKNOWN = "unknown_clinic"
CONTRADICTORY = "contradictory"


def decide_clinic(referral: Referral, *, policy: ClinicPolicy) -> Decision:
    """Say which clinic the sender means, from the service and specialty codes.

    A code the policy does not list never falls through to another clinic, and two codes
    that name two clinics go to a person.
    """
    by_service = _named(referral.services, policy.by_service)
    by_specialty = _named(referral.specialties, policy.by_specialty)
    names = tuple(dict.fromkeys((*by_service, *by_specialty)))
    if len(names) == 1:
        return _decision(referral, policy, names[0], Reason("referrals.clinic_named", {"clinic": names[0]}))
    if names:
        reason = Reason("referrals.clinics_disagree", {"clinics": ", ".join(sorted(names))})
        return _decision(referral, policy, CONTRADICTORY, reason)
    first = next((c.name for c in (*referral.services, *referral.specialties)), "")
    return _decision(referral, policy, UNKNOWN, Reason("referrals.clinic_unknown", {"code": first}))


def clinic_named(name: str, *, policy: ClinicPolicy) -> Clinic | None:
    """Return the clinic of that name, or nothing."""
    return next((clinic for clinic in policy.clinics if clinic.name == name), None)


def _named(codes: tuple[Code, ...], clinics: Mapping[str, Clinic]) -> tuple[str, ...]:
    return tuple(clinics[code.name].name for code in codes if code.name in clinics)


def _decision(referral: Referral, policy: ClinicPolicy, answer: str, reason: Reason) -> Decision:
    asks = answer in {UNKNOWN, CONTRADICTORY}
    bearing = Bearing.CONTRADICTS if asks else Bearing.SUPPORTS
    elements = (("code", referral.services), ("performerType", referral.specialties))
    evidence = tuple(
        Evidence(
            source=referral.at(f"{element}.coding[{i}]"), words=code.display or code.code, bearing=bearing
        )
        for element, codes in elements
        for i, code in enumerate(codes)
    )
    return Decision(
        question="referrals.clinic",
        route=Route.ASK if asks else Route.PROCEED,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=evidence or (Evidence(source=referral.at("code"), bearing=Bearing.MISSING),),
        flips=_flips(referral, policy, answer),
    )


def _flips(referral: Referral, policy: ClinicPolicy, answer: str) -> tuple[Flip, ...]:
    """With a single service code and no specialty, any listed code of another clinic changes the answer."""
    if len(referral.services) != 1 or referral.specialties:
        return ()
    system = referral.services[0].system
    others = (
        (name.partition("|")[2], clinic.name)
        for name, clinic in sorted(policy.by_service.items())
        if clinic.name != answer and name.startswith(f"{system}|")
    )
    return tuple(Flip("referral.services[0].code", code, name) for code, name in list(others)[:3])
