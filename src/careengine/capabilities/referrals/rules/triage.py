"""Where does the referral go: accepted, to the triage nurse, to the desk, or to another clinic? Pure."""

from functools import lru_cache

from careengine.capabilities.referrals.model import Referral, RoutingPolicy
from careengine.kernel.decision import Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import PolicyRef, Row

ACCEPT = "accept"
NURSE = "nurse"
UNLISTED = "unlisted"


def decide_triage(
    referral: Referral, *, clinic: str, urgency: str, policy: RoutingPolicy, urgencies: tuple[str, ...] = ()
) -> Decision:
    """Say what happens to a referral for ``clinic`` at this urgency, by the table of clinics.

    Only ``accept`` goes on without a person; a clinic or an urgency the table does not
    list is asked about. ``urgencies`` are the other levels to look at for what would change it.
    """
    row = _row(clinic, urgency, policy)
    answer = str(row.answer["action"]) if row else UNLISTED
    reason = str(row.answer["reason"]) if row else "referrals.clinic_not_in_table"
    params = {"clinic": clinic, "urgency": urgency}
    if row and row.answer.get("to"):
        params["to"] = str(row.answer["to"])
    others = ((level, _row(clinic, level, policy)) for level in urgencies if level != urgency)
    return Decision(
        question="referrals.triage",
        route=Route.PROCEED if answer == ACCEPT else Route.ASK,
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
def _row(clinic: str, urgency: str, policy: RoutingPolicy) -> Row | None:
    return policy.table.first({"clinic": clinic, "urgency": urgency})
