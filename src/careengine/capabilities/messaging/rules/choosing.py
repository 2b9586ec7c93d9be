"""By which way is it said, in which language and when, or can only a person say it? Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.capabilities.messaging.model import (
    EMAIL,
    LETTER,
    NOT_DONE,
    SMS,
    Address,
    ChannelPolicy,
    Contact,
    Note,
    Rules,
)
from careengine.capabilities.messaging.rules.rendering import language_of, missing_params
from careengine.capabilities.messaging.rules.window import next_moment
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route

NOBODY = "nobody"
"""No way of ours reaches the person with this; somebody else must say it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One channel looked at: when it could leave, or why it cannot."""

    channel: str
    at: datetime | None = None
    why: str = ""


def decide_message(
    contact: Contact,
    note: Note,
    *,
    rules: Rules,
    now: datetime,
    channel: str = "",
    without: Iterable[str] = (),
) -> Decision:
    """Say by which channel the note goes, and when; ``nobody`` when only a person can say it.

    ``channel`` allows only that one; ``without`` leaves out those that failed.
    """
    why = _unsayable(contact, note, rules)
    if why:
        return _nobody(
            contact, note, rules, Reason("messaging.nobody", {"template": note.template, "why": why})
        )
    closed = {*without}
    listed = [one for one in rules.sending.channels if one.name not in closed and channel in {"", one.name}]
    ways = [_way(one, contact, note, rules=rules, now=now) for one in listed]
    skipped = tuple(
        Reason("messaging.way_closed", {"channel": w.channel, "why": w.why}) for w in ways if w.why
    )
    open_ways = [way for way in ways if way.at is not None]
    if not open_ways:
        last = Reason("messaging.nobody", {"template": note.template, "why": "no_way_open"})
        return _nobody(contact, note, rules, last, *skipped)
    return _chosen(contact, note, rules, open_ways[0], skipped)


def _chosen(contact: Contact, note: Note, rules: Rules, way: _Way, skipped: tuple[Reason, ...]) -> Decision:
    language = language_of(contact, note.template, rules=rules)
    at = way.at.isoformat() if way.at else ""
    said = {"template": note.template, "channel": way.channel, "language": language, "at": at}
    return Decision(
        question="messaging.message",
        route=Route.PROCEED,
        answer=way.channel,
        because=(Reason("messaging.way_chosen", said), *skipped),
        policy=rules.sending.ref,
        evidence=(Evidence(source=f"{contact.ref}#telecom"),),
        flips=_flips(contact, note, way.channel, skipped),
    )


def _nobody(contact: Contact, note: Note, rules: Rules, *because: Reason) -> Decision:
    ref = contact.ref or "Patient/unknown"
    return Decision(
        question="messaging.message",
        route=Route.ASK,
        answer=NOBODY,
        because=because,
        policy=rules.sending.ref,
        evidence=(Evidence(source=f"{ref}#telecom", bearing=Bearing.MISSING),),
        flips=_flips(contact, note, NOBODY, because),
    )


def _unsayable(contact: Contact, note: Note, rules: Rules) -> str:
    """Return why nothing can be written to this person at all, as a code; empty when it can."""
    if not contact.ref:
        return "chart_closed"
    if contact.dead:
        return "patient_died"
    if note.template not in rules.templates.sentences:
        return "template_missing"
    if not language_of(contact, note.template, rules=rules):
        return "language_missing"
    return "params_missing" if missing_params(note, templates=rules.templates) else ""


def _way(channel: ChannelPolicy, contact: Contact, note: Note, *, rules: Rules, now: datetime) -> _Way:
    why = _closed(channel.name, contact, note) or _used_up(channel, contact, note)
    if why:
        return _Way(channel.name, why=why)
    at = next_moment(contact, channel=channel, rules=rules, now=now, prompted=note.prompted)
    if at is None:
        return _Way(channel.name, why="no_moment")
    if note.urgent and at - now > timedelta(hours=rules.sending.urgent_within_hours):
        return _Way(channel.name, why="too_late_for_urgent")
    return _Way(channel.name, at)


def address_for(contact: Contact, channel: str, purpose: str) -> Address | None:
    """Return the number or e-mail address this may be written to: agreed to, not refused, not wrong."""
    known = contact.numbers if channel == SMS else contact.emails
    return next((a for a in known if purpose in a.agreed and purpose not in a.refused and not a.wrong), None)


def _closed(channel: str, contact: Contact, note: Note) -> str:
    """Return why a channel cannot be used for this person and purpose; empty when it can."""
    if channel == LETTER:
        if note.purpose in contact.refused:
            return "refused"
        return "" if contact.has_address else "no_address"
    if address_for(contact, channel, note.purpose):
        return ""
    known = {SMS: contact.numbers, EMAIL: contact.emails}.get(channel, ())
    if not known:
        return "no_number" if channel == SMS else "no_address"
    if all(one.wrong for one in known):
        return "wrong_number"
    refused = all(note.purpose in one.refused for one in known if not one.wrong)
    return "refused" if refused else "not_agreed"


def _used_up(channel: ChannelPolicy, contact: Contact, note: Note) -> str:
    """Return ``tried`` when the same was said this way often enough since the person was last heard."""
    if note.prompted:
        return ""
    heard = max((one.at for one in contact.heard), default=None)
    told = [
        one
        for one in contact.sent
        if one.channel == channel.name and one.template == note.template and one.status != NOT_DONE
        if heard is None or one.at > heard
    ]
    return "tried" if len(told) >= channel.tries else ""


def _flips(contact: Contact, note: Note, answer: str, because: tuple[Reason, ...]) -> tuple[Flip, ...]:
    """With the patient's yes to texts, a number that has none would be written to."""
    closed = {str(one.params.get("channel")): one.params.get("why") for one in because}
    if answer == SMS or closed.get(SMS) != "not_agreed":
        return ()
    open_to_yes = (
        i for i, one in enumerate(contact.numbers) if not one.wrong and note.purpose not in one.refused
    )
    return tuple(Flip(f"contact.numbers[{i}].agreed", note.purpose, SMS) for i in list(open_to_yes)[:1])
