"""The patient names another insurance than the record holds: a person takes it in. Pure."""

from careengine.capabilities.registration.model import Answered, CoverPolicy
from careengine.kernel.decision import Decision, Evidence, Reason, Route

CHANGED = "changed"


def decide_change(answered: Answered, *, policy: CoverPolicy) -> Decision:
    """Lay the patient's word on another insurance before a person; software enters no plan by hearsay."""
    return Decision(
        question="registration.change",
        route=Route.ASK,
        answer=CHANGED,
        because=(Reason("registration.patient_changed_plan", {}),),
        policy=policy.ref,
        evidence=(Evidence(source=f"{answered.ref}#item"),),
    )
