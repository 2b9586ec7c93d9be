"""Can we tell whom the referral is about: exactly one living person, known well enough to act? Pure."""

from careengine.capabilities.referrals.model import IdentityPolicy, Person, Referral
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import Scalar

KNOWN = "known"
NOBODY = "nobody"
SEVERAL = "several"
DECEASED = "deceased"
REPLACED = "merged"
INACTIVE = "inactive"
UNIDENTIFIED = "unidentified"


def decide_identity(referral: Referral, *, policy: IdentityPolicy) -> Decision:
    """Say whether the referral is about exactly one living, unmerged person the policy can rely on.

    Records merged into another do not count when the one that replaced them is there.
    Anything else goes to a person: software never guesses who somebody is.
    """
    standing = [i for i, person in enumerate(referral.people) if not person.replaced]
    if len(standing) > 1:
        reason = Reason("referrals.several_people", {"how_many": len(standing)})
        return _ask(referral, policy, SEVERAL, (reason,), tuple(standing))
    if not standing:
        return _nobody_standing(referral, policy)
    index = standing[0]
    person = referral.people[index]
    if person.deceased:
        flips = (Flip(f"referral.people[{index}].deceased", False, _living(person, policy)),)  # noqa: FBT003  a flip's value
        return _ask(referral, policy, DECEASED, (Reason("referrals.patient_died"),), (index,), flips)
    return _alive(referral, policy, index)


def _alive(referral: Referral, policy: IdentityPolicy, index: int) -> Decision:
    person = referral.people[index]
    answer = _living(person, policy)
    if answer == INACTIVE:
        flips = (Flip(f"referral.people[{index}].active", True, _active(person, policy)),)  # noqa: FBT003  a flip's value
        return _ask(referral, policy, INACTIVE, (Reason("referrals.record_inactive"),), (index,), flips)
    if answer == UNIDENTIFIED:
        return _unidentified(referral, policy, index)
    return Decision(
        question="referrals.identity",
        route=Route.PROCEED,
        answer=KNOWN,
        because=(Reason("referrals.one_person_known", {"checked": len(policy.required)}),),
        policy=policy.ref,
        evidence=(Evidence(source=f"{person.ref}#identifier"),),
        flips=(
            Flip(f"referral.people[{index}].deceased", True, DECEASED),  # noqa: FBT003  a flip's value
            Flip(f"referral.people[{index}].active", False, INACTIVE),  # noqa: FBT003  a flip's value
        ),
    )


def _living(person: Person, policy: IdentityPolicy) -> str:
    return _active(person, policy) if person.active else INACTIVE


def _active(person: Person, policy: IdentityPolicy) -> str:
    return KNOWN if not _missing(person, policy) else UNIDENTIFIED


def _missing(person: Person, policy: IdentityPolicy) -> tuple[str, ...]:
    missing = tuple(field for field in policy.required if field not in person.has)
    return missing if policy.identifiers & set(person.identified_by) else (*missing, "identifier")


def _unidentified(referral: Referral, policy: IdentityPolicy, index: int) -> Decision:
    missing = _missing(referral.people[index], policy)
    reasons = tuple(Reason("referrals.identity_lacks", {"item": item}) for item in missing)
    flips: tuple[Flip, ...] = ()
    if len(missing) == 1:
        path = "identified_by" if missing[0] == "identifier" else "has"
        values: tuple[Scalar, ...] = tuple(sorted(policy.identifiers)) if path == "identified_by" else missing
        flips = tuple(Flip(f"referral.people[{index}].{path}", value, KNOWN) for value in values)
    return _ask(referral, policy, UNIDENTIFIED, reasons, (index,), flips)


def _nobody_standing(referral: Referral, policy: IdentityPolicy) -> Decision:
    if not referral.people:
        evidence = (Evidence(source=referral.at("subject"), bearing=Bearing.MISSING),)
        return Decision(
            question="referrals.identity",
            route=Route.ASK,
            answer=NOBODY,
            because=(Reason("referrals.patient_not_in_record"),),
            policy=policy.ref,
            evidence=evidence,
        )
    return _ask(
        referral, policy, REPLACED, (Reason("referrals.record_replaced"),), tuple(range(len(referral.people)))
    )


def _ask(
    referral: Referral,
    policy: IdentityPolicy,
    answer: str,
    reasons: tuple[Reason, ...],
    about: tuple[int, ...],
    flips: tuple[Flip, ...] = (),
) -> Decision:
    return Decision(
        question="referrals.identity",
        route=Route.ASK,
        answer=answer,
        because=reasons,
        policy=policy.ref,
        evidence=tuple(Evidence(source=referral.people[i].ref, bearing=Bearing.CONTRADICTS) for i in about),
        flips=flips,
    )
