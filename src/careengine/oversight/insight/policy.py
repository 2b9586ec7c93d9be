"""What the report on referrals counts as reached, as booked, as a text; its horizons, target, groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.oversight.insight.shares import hidden_groups, share_of
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Dotted = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What counts on the way of one journey."""

    milestones: Mapping[str, tuple[str, ...]]
    """By name: the states any of which means that it is reached. The first is the one that matters most."""
    not_counted: tuple[str, ...]
    """Ends of cases that were no attempt of their own: doubles, and what was no referral."""
    booked: tuple[str, ...]
    """States in which a visit is booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralsPolicy:
    """How the report on referrals counts."""

    ref: PolicyRef
    horizons: tuple[int, ...]
    target: float
    confidence: float
    smallest_group: int
    ages: tuple[int, ...]
    texts: tuple[str, ...]
    contacts: tuple[str, ...]
    bookings: tuple[str, ...]
    """Effects by which the clinic's own system books a visit for us."""
    offers: tuple[str, ...]
    """Questions whose answer offers times to the case that asked."""
    shared_offers: tuple[str, ...]
    """Questions a coordinator answers for several cases; each reason that names a case is an offer to it."""
    waitlists: tuple[str, ...]
    """Journeys of the coordinators that give freed slots away."""
    freed: tuple[str, ...]
    """Events that tell a coordinator of a slot that became free."""
    journeys: Mapping[str, Followed]

    def age(self, days: float) -> str:
        """Return how old something is, as people speak of it: "0-1", "1-3", ">7" days."""
        edges = (0, *self.ages)
        for start, end in zip(edges, self.ages, strict=False):
            if days < end:
                return f"{start}-{end}"
        return f">{edges[-1]}"


REFERRALS = PolicyName("insight.referrals", ReferralsPolicy)


class FollowedValues(PolicyValues):
    """What stands under one journey."""

    milestones: dict[Word, tuple[Word, ...]] = Field(min_length=1)
    not_counted: tuple[Word, ...]
    booked: tuple[Word, ...]


class ReferralsValues(PolicyValues):
    """What stands in ``insight/referrals.yaml``."""

    horizons_days: tuple[int, ...] = Field(min_length=1)
    target_share: float = Field(gt=0.0, lt=1.0)
    confidence: float = Field(ge=0.5, lt=1.0)
    smallest_group: int = Field(ge=2, le=100)
    ages_days: tuple[int, ...] = Field(min_length=1)
    texts: tuple[Dotted, ...]
    contacts: tuple[Dotted, ...]
    bookings: tuple[Dotted, ...]
    offers: tuple[Dotted, ...]
    shared_offers: tuple[Dotted, ...]
    waitlists: tuple[Word, ...]
    freed: tuple[Dotted, ...]
    journeys: dict[Word, FollowedValues] = Field(min_length=1)


def _build(values: ReferralsValues, ref: PolicyRef) -> ReferralsPolicy:
    return ReferralsPolicy(
        ref=ref, horizons=values.horizons_days, target=values.target_share, confidence=values.confidence,
        smallest_group=values.smallest_group, ages=values.ages_days, texts=values.texts,
        contacts=values.contacts, bookings=values.bookings, offers=values.offers,
        shared_offers=values.shared_offers, waitlists=values.waitlists, freed=values.freed,
        journeys={
            name: Followed(
                milestones=one.milestones, not_counted=one.not_counted, booked=one.booked
            )
            for name, one in values.journeys.items()
        },
    )  # fmt: skip


def _answer(policy: ReferralsPolicy, given: Given) -> Answer:
    """Answer a case: what a state, an act or a question counts as, what is shown of groups and shares."""
    if "state" in given:
        followed, state = policy.journeys[given["journey"]], given["state"]
        reached = [name for name in followed.milestones if state in followed.milestones[name]]
        return {
            "reached": reached, "counted": state not in followed.not_counted,
            "booked": state in followed.booked,
        }  # fmt: skip
    if "groups" in given:
        return {"hidden": sorted(hidden_groups(given["groups"], policy.smallest_group))}
    if "age_days" in given:
        return {"age": policy.age(given["age_days"])}
    return _share(policy, given) if "completed" in given else _meaning(policy, given)


def _meaning(policy: ReferralsPolicy, given: Given) -> Answer:
    effect, question = given.get("effect"), given.get("question")
    return {
        "text": effect in policy.texts, "contact": effect in policy.contacts,
        "booking": effect in policy.bookings, "offer": question in policy.offers,
        "to_several": question in policy.shared_offers,
        "gives_away": given.get("waitlist") in policy.waitlists, "freed": given.get("event") in policy.freed,
    }  # fmt: skip


def _share(policy: ReferralsPolicy, given: Given) -> Answer:
    found = share_of(given["completed"], given["of"], policy.confidence)
    said = {"low": round(found.low or 0.0, 3), "high": round(found.high or 0.0, 3)} if found else {}
    reaches = found is not None and found.value >= policy.target
    return {**said, "reaches_target": reaches, "horizons": list(policy.horizons)}


def _lint(values: ReferralsValues) -> Iterator[tuple[str | Path, str, str]]:
    for name in ("horizons_days", "ages_days"):
        days = getattr(values, name)
        if list(days) != sorted({*days}) or days[0] < 1:
            yield name, "The days do not rise from 1 on.", "Order them, each once."
    for kind in values.texts:
        if kind not in values.contacts:
            yield "texts", f"{kind} is a text and no contact.", "List it under contacts too."


POLICY_SCHEMAS = (PolicySchema("insight.referrals", ReferralsValues, _build, _answer, _lint),)
