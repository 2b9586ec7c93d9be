"""The shapes of trust's own policies, and how a policy's cases are answered by the functions in use."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from careengine.kernel.policy import PolicyRef
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues, Schemas
from careengine.policy.sources import package_sources
from careengine.trust.break_glass import BreakGlassPolicy, judge
from careengine.trust.patient_links import PatientLinkPolicy, shut_for
from careengine.trust.sharing import Label, SharingPolicy, carries
from careengine.trust.signing_in import SignInPolicy, is_fresh, lasts

_LABEL = r"^https?://[^|\s]+\|[A-Za-z0-9_.-]+$"
LabelText = Annotated[str, Field(pattern=_LABEL)]


class SharingValues(PolicyValues):
    """Labels as ``system|code``; channels as FHIR contact point systems."""

    part2_labels: tuple[LabelText, ...] = Field(min_length=1)
    restricted_labels: tuple[LabelText, ...] = Field(min_length=1)
    agree_first: tuple[str, ...]


class BreakGlassValues(PolicyValues):
    """Reasons as codes; times in minutes and hours."""

    reasons: tuple[str, ...] = Field(min_length=1)
    minutes: int = Field(ge=1, le=1440)
    review_hours: int = Field(ge=1)
    words_at_least: int = Field(ge=1)


class SignInValues(PolicyValues):
    """Times in minutes and hours."""

    idle_minutes: int = Field(ge=1, le=1440)
    absolute_hours: int = Field(ge=1, le=24)
    fresh_minutes: int = Field(ge=1, le=60)
    invite_hours: int = Field(ge=1, le=336)
    token_days: int = Field(ge=1, le=365)


class PatientLinkValues(PolicyValues):
    """Times in minutes and days, pictures in megabytes of a million bytes."""

    birth_date_tries: int = Field(ge=1, le=10)
    locked_minutes: int = Field(ge=1, le=1440)
    open_minutes: int = Field(ge=1, le=240)
    photo_megabytes: int = Field(ge=1, le=20)
    link_days: int = Field(ge=1, le=120)


def _label(text: str) -> Label:
    system, _, code = text.partition("|")
    return system, code


def _sharing(values: SharingValues, ref: PolicyRef) -> SharingPolicy:
    return SharingPolicy(
        ref,
        frozenset(map(_label, values.part2_labels)),
        frozenset(map(_label, values.restricted_labels)),
        frozenset(values.agree_first),
    )


def _sharing_case(policy: SharingPolicy, given: Given) -> Answer:
    resource = {"meta": {"security": given.get("labels", [])}}
    return {
        "closed": carries(resource, policy.part2_labels),
        "chart_closed": carries(resource, policy.restricted_labels),
        "agree_first": given.get("channel", "") in policy.agree_first,
    }


def _break_glass(values: BreakGlassValues, ref: PolicyRef) -> BreakGlassPolicy:
    return BreakGlassPolicy(
        ref,
        frozenset(values.reasons),
        timedelta(minutes=values.minutes),
        timedelta(hours=values.review_hours),
        values.words_at_least,
    )


def _break_glass_case(policy: BreakGlassPolicy, given: Given) -> Answer:
    at = datetime.fromisoformat(given["at"])
    until, review_by = judge(policy, reason=given["reason"], why=given["why"], at=at)
    return {"until": until.isoformat(), "review_by": review_by.isoformat()}


def _sign_in(values: SignInValues, ref: PolicyRef) -> SignInPolicy:
    return SignInPolicy(
        ref,
        idle=timedelta(minutes=values.idle_minutes),
        absolute=timedelta(hours=values.absolute_hours),
        fresh=timedelta(minutes=values.fresh_minutes),
        invite=timedelta(hours=values.invite_hours),
        token=timedelta(days=values.token_days),
    )


def _sign_in_case(policy: SignInPolicy, given: Given) -> Answer:
    now = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
    signed_in = now - timedelta(hours=given["since_sign_in_hours"])
    seen = now - timedelta(minutes=given["idle_minutes"])
    held = lasts(policy, signed_in=signed_in, seen=seen, now=now)
    fresh = held and is_fresh(policy, shown=signed_in, now=now)
    return {
        "lasts": held,
        "fresh": fresh,
        "invite_hours": policy.invite // timedelta(hours=1),
        "token_days": policy.token.days,
    }


def _links(values: PatientLinkValues, ref: PolicyRef) -> PatientLinkPolicy:
    return PatientLinkPolicy(
        ref,
        tries=values.birth_date_tries,
        locked=timedelta(minutes=values.locked_minutes),
        open=timedelta(minutes=values.open_minutes),
        photo_bytes=values.photo_megabytes * 1_000_000,
        lasts=timedelta(days=values.link_days),
    )


def _links_case(policy: PatientLinkPolicy, given: Given) -> Answer:
    minute = timedelta(minutes=1)
    told: Answer = {
        "shut_for_minutes": shut_for(policy, tries=given.get("tries", 0)) // minute,
        "open_minutes": policy.open // minute,
        "photo_megabytes": policy.photo_bytes // 1_000_000,
        "link_days": policy.lasts // timedelta(days=1),
    }
    return told


POLICY_SCHEMAS = (
    PolicySchema("access.patient_links", PatientLinkValues, _links, _links_case),
    PolicySchema("access.sign_in", SignInValues, _sign_in, _sign_in_case),
    PolicySchema("access.sharing", SharingValues, _sharing, _sharing_case),
    PolicySchema("access.break_glass", BreakGlassValues, _break_glass, _break_glass_case),
)


def installed_book() -> PolicyBook:
    """Return trust's own policies as they come with the package."""
    schemas = Schemas.of(POLICY_SCHEMAS)
    return book_of({name: one for name, one in package_sources().items() if name in schemas}, schemas)
