"""What a patient's link opens, for how long, and when guessing shuts it."""

from dataclasses import dataclass
from datetime import timedelta

from careengine.kernel.policy import PolicyName, PolicyRef


@dataclass(frozen=True, slots=True)
class PatientLinkPolicy:
    """The numbers of ``access/patient_links.yaml``."""

    ref: PolicyRef
    tries: int
    """Wrong dates of birth after which a link is shut."""
    locked: timedelta
    open: timedelta
    """For so long after the right date of birth, answers and pictures are taken."""
    photo_bytes: int
    lasts: timedelta
    """For so long a link that somebody at the desk makes may be used."""


PATIENT_LINKS = PolicyName("access.patient_links", PatientLinkPolicy)


def shut_for(policy: PatientLinkPolicy, *, tries: int) -> timedelta:
    """Return for how long a link is shut after so many wrong dates of birth."""
    return policy.locked if tries >= policy.tries else timedelta(0)
