"""Where does the referral go: accepted, answered in writing, to a nurse, the desk, another clinic? Pure."""

from functools import lru_cache

from careengine.capabilities.referrals.model import ClinicPolicy, Referral, RoutingPolicy
from careengine.kernel.decision import Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import PolicyRef, Row

ACCEPT = "accept"
ECONSULT = "econsult"
NURSE = "nurse"
REDIRECT = "redirect"
UNLISTED = "unlisted"
VISIT = "visit"
_AGREED = frozenset({ACCEPT, ECONSULT})
"""What the table may answer without a person: everything else, a no above all, is somebody's."""


def asked_for(referral: Referral, *, policy: ClinicPolicy) -> str:
    """Return whether the sender asks for a visit, or for written advice instead of one."""
    named = {code.name for code in (*referral.services, *referral.details)}
    return ECONSULT if named & policy.econsults else VISIT


def decide_triage(
    referral: Referral,
    *,
    clinic: str,
    urgency: str,
    policy: RoutingPolicy,
    urgencies: tuple[str, ...] = (),
    wanted: str = VISIT,
) -> Decision:
    """Say what happens to a referral for ``clinic`` at this urgency, by the table of clinics.

    Only ``accept``, and ``econsult`` where that is agreed, go on without a person; a clinic or an
    urgency the table does not list is asked about, and no row can decline. ``wanted`` is a visit
    or an eConsult; ``urgencies`` are the other levels to look at for what would change it.
    """
    row = _row(clinic, urgency, wanted, policy)
    answer = str(row.answer["action"]) if row else UNLISTED
    reason = str(row.answer["reason"]) if row else "referrals.clinic_not_in_table"
    params = {"clinic": clinic, "urgency": urgency}
    if row and row.answer.get("to"):
        params["to"] = str(row.answer["to"])
    others = ((level, _row(clinic, level, wanted, policy)) for level in urgencies if level != urgency)
    return Decision(
        question="referrals.triage",
        route=Route.PROCEED if answer in _AGREED else Route.ASK,
        answer=answer,
        because=(Reason(reason, params),),
        policy=PolicyRef(policy.ref.name, policy.ref.version, row.id if row else None),
        evidence=(Evidence(source=referral.at("code")), Evidence(source=referral.at("priority"))),
        flips=tuple(
            Flip("urgency", level, str(other.answer["action"]))
            for level, other in others
            if other is not None and other.answer["action"] != answer
        ),
    )


@lru_cache(maxsize=1000)  # clinics and urgencies are few, and a version's table never changes
def _row(clinic: str, urgency: str, wanted: str, policy: RoutingPolicy) -> Row | None:
    return policy.table.first({"clinic": clinic, "urgency": urgency, "wanted": wanted})


def redirected_to(decision: Decision) -> str:
    """Return the clinic to which a decision proposes to pass the referral on; empty when to none."""
    return next((str(r.params["to"]) for r in decision.because if r.params.get("to")), "")
