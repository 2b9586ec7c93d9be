"""Break the glass: open a closed chart with a reason, for a while, and have it reviewed every time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from careengine.kernel.errors import Conflict, Refused
from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.policy.book import PolicyBook
from careengine.record.subjects import same_person
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.audit import AuditEntry


class GlassNotBroken(Refused):
    """The reason or the words given do not open a closed chart."""


class AlreadyReviewed(Conflict):
    """This opening was reviewed before, or by the one who opened it."""


@dataclass(frozen=True, slots=True)
class BreakGlassPolicy:
    """Which reasons open a closed chart, for how long, by when a privacy officer looks at it."""

    ref: PolicyRef
    reasons: frozenset[str]
    opened_for: timedelta
    review_within: timedelta
    words_at_least: int
    """Characters the reader must write in their own words."""


BREAK_GLASS = PolicyName("access.break_glass", BreakGlassPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """One opening; ``audit`` must be sealed in the same transaction."""

    id: int
    until: datetime
    review_by: datetime
    audit: AuditEntry


def judge(policy: BreakGlassPolicy, *, reason: str, why: str, at: datetime) -> tuple[datetime, datetime]:
    """Return until when the chart is open and by when it is reviewed, or refuse."""
    if reason not in policy.reasons:
        raise GlassNotBroken(f"'{reason}' is no reason to open a closed chart. Choose one of the list.")
    if len(why.strip()) < policy.words_at_least:
        raise GlassNotBroken("Say in a sentence of your own why this chart must be opened now.")
    return at + policy.opened_for, at + policy.review_within


def break_glass(  # noqa: PLR0913  who, whose, why, when: none may be left out
    conn: Connection, ids: Ids, book: PolicyBook, *, reader: Reader, subject: UUID, reason: str, why: str,
    at: datetime,
) -> Glass:  # fmt: skip
    """Open a closed chart to one person for a while; only people may, and each opening awaits its review."""
    if reader.actor_kind is not ActorKind.PERSON:
        raise GlassNotBroken("Only a person opens a closed chart; software asks one.")
    policy = book.value(BREAK_GLASS, at.astimezone(UTC).date())
    until, review_by = judge(policy, reason=reason, why=why, at=at)
    ident = ids.next()
    conn.execute(
        "insert into break_glass (id, actor, subject, reason, why, opened_at, until, review_by)"
        " values (%b, %b, %b, %b, %b, %b, %b, %b)",
        (ident, reader.actor, subject, reason, why, at, until, review_by),
    )
    audit = AuditEntry(
        act="break_glass", actor=reader.actor, actor_kind=reader.actor_kind, purpose=Purpose.EMERGENCY, at=at,
        subjects=(subject,), why=f"{reason}: {why}", things=(ident,),
    )  # fmt: skip
    return Glass(id=ident, until=until, review_by=review_by, audit=audit)


def open_to(conn: Connection, actor: str, subjects: Sequence[UUID], at: datetime) -> set[UUID]:
    """Return those of the subjects whose glass this person has broken, and it is not yet closed again."""
    people = same_person(conn, subjects)
    everyone = [alias for subject in subjects for alias in people.get(subject, {subject})]
    rows = conn.execute(
        "select subject from break_glass where actor = %b and subject = any(%b)"
        " and opened_at <= %b and until > %b",
        (actor, everyone, at, at),
    ).fetchall()
    opened = {subject for (subject,) in rows}
    return {subject for subject in subjects if opened & people.get(subject, {subject})}


def review(conn: Connection, glass: int, *, reviewer: Reader, finding: str, at: datetime) -> AuditEntry:
    """Close an opening's review with a finding; return the audit entry to be sealed with it."""
    row = conn.execute(
        "update break_glass set reviewed_at = %b, reviewed_by = %b, finding = %b"
        " where id = %b and reviewed_at is null and actor <> %b returning subject",
        (at, reviewer.actor, finding, glass, reviewer.actor),
    ).fetchone()
    if row is None:
        raise AlreadyReviewed("This opening is reviewed already, or was your own. Look at the list again.")
    return AuditEntry(
        act="review", actor=reviewer.actor, actor_kind=reviewer.actor_kind, purpose=Purpose.OVERSIGHT, at=at,
        subjects=(row[0],), why=finding, things=(glass,),
    )  # fmt: skip


def to_review(conn: Connection, limit: int = 100) -> list[tuple[int, str, UUID, str, datetime]]:
    """Return openings not yet reviewed as (id, actor, subject, reason, review by), the most urgent first."""
    return conn.execute(
        "select id, actor, subject, reason, review_by from break_glass where reviewed_at is null"
        " order by review_by limit %b",
        (limit,),
    ).fetchall()
