"""How long a sign-in lasts, and whether it is fresh enough for an act that cannot be undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.kernel.policy import PolicyName, PolicyRef


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """The times of ``access/sign_in.yaml``."""

    ref: PolicyRef
    idle: timedelta
    """Without anything asked for, a session ends after this."""
    absolute: timedelta
    """However busy, it ends after this."""
    fresh: timedelta
    """For so long after showing who one is, acts that cannot be undone are taken."""
    invite: timedelta
    """For so long an invitation may be used."""
    token: timedelta
    """For so long a token that somebody made for their own scripts is good."""


SIGN_IN = PolicyName("access.sign_in", SignInPolicy)


def lasts(policy: SignInPolicy, *, signed_in: datetime, seen: datetime, now: datetime) -> bool:
    """Say whether a session of somebody who signed in then and was last seen then still holds."""
    return now - seen < policy.idle and now - signed_in < policy.absolute


def is_fresh(policy: SignInPolicy, *, shown: datetime, now: datetime) -> bool:
    """Say whether somebody who showed then who they are may do now what cannot be undone."""
    return now - shown < policy.fresh
