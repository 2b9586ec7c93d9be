"""What a decision to write makes: the message in the chart, and the effect that carries it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.capabilities.messaging.model import (
    ADDRESS,
    EMAIL,
    KIND_OF,
    LETTER,
    MEDIA,
    MEDIUM,
    NOT_DONE,
    PROMPTED,
    SMS,
    TEMPLATE,
    TURN,
    Contact,
    Note,
    Rules,
    Sent,
)
from careengine.capabilities.messaging.rules.choosing import address_for
from careengine.capabilities.messaging.rules.rendering import day, render, segments
from careengine.capabilities.messaging.rules.window import closes, is_answer
from careengine.engine.case import Case, Event
from careengine.kernel.decision import Decision
from careengine.kernel.effect import Effect, Json
from careengine.kernel.next import Write

_STATUS_REASON = "urn:careengine:why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What goes into a handler's answer; ``segments`` is how many parts a text is sent in."""

    effects: tuple[Effect, ...]
    writes: tuple[Write, ...]
    communication: str
    segments: int = 0


def outbound(
    case: Case, told: Decision, note: Note, contact: Contact, *, rules: Rules, ordinal: int = 0
) -> Outbound:
    """Return the message ``told`` decided on, for the chart and for the wire.

    The effect names the message and the patient and carries neither words nor numbers.
    """
    chosen = told.because[0].params
    channel, language = told.answer, str(chosen["language"])
    at = datetime.fromisoformat(str(chosen["at"]))
    text = render(
        note.template, note.params, channel=channel, language=language,
        templates=rules.templates, sending=rules.sending, zone=case.zone,
    )  # fmt: skip
    address = address_of(contact, channel, note.purpose)
    name = f"m-{case.id}-{case.version}-{ordinal}"
    prompted = note.prompted and is_answer(contact, sending=rules.sending, now=at) and channel == SMS
    communication = _communication(
        name,
        case,
        contact,
        channel=channel,
        template=note.template,
        at=at,
        address=address,
        prompted=prompted,
    )
    communication |= {"payload": [{"contentString": text}], "language": language}
    if channel != SMS:
        communication["topic"] = {"text": rules.templates.subjects[language].format(org=rules.sending.name)}
    if prompted and case.about.startswith("Communication/"):
        communication["inResponseTo"] = [{"reference": case.about.partition("@")[0]}]
    sender = _sender(channel, language, zone=case.zone, at=at, rules=rules)
    ref = f"Communication/{name}"
    effect = _effect(ref, note, contact, channel=channel, at=at, sender=sender, rules=rules)
    return Outbound(
        effects=(effect,), writes=(Write(communication, case.subject),),
        communication=ref, segments=segments(text) if channel == SMS else 0,
    )  # fmt: skip


def address_of(contact: Contact, channel: str, purpose: str) -> str:
    """Return the digest of the number or e-mail address that is written to; a letter has none."""
    found = None if channel == LETTER else address_for(contact, channel, purpose)
    return found.digest if found else ""


def _sender(channel: str, language: str, *, zone: str, at: datetime, rules: Rules) -> dict[str, Json]:
    """Return how we name ourselves on this channel; a letter also says its day."""
    who = rules.sending
    if channel == SMS:
        return {"from": who.text_from}
    if channel == EMAIL:
        return {"from": who.mail_from, "name": who.name}
    written = day(at, rules.templates.calendars[language], zone)
    return {"name": who.name, "phone": who.phone, "day": written}


def _effect(  # noqa: PLR0913  what the runner needs, each by name
    communication: str,
    note: Note,
    contact: Contact,
    *,
    channel: str,
    at: datetime,
    sender: Mapping[str, Json],
    rules: Rules,
) -> Effect:
    way = next(one for one in rules.sending.channels if one.name == channel)
    until = at + timedelta(hours=way.valid_hours)
    until = min(until, closes(contact, rules=rules, now=at)) if way.quiet else until
    body: dict[str, Json] = {
        "about": communication,
        "enclose": [communication, contact.ref.partition("@")[0]],
        "channel": channel,
        "template": note.template,
        "address": address_of(contact, channel, note.purpose),
        **sender,
    }
    if note.link:
        body |= {"link": note.link, "link_until": (at + timedelta(days=rules.sending.link_days)).isoformat()}
    return Effect(
        kind=KIND_OF[channel], partner=way.partner, body=body, not_before=at, not_after=until,
        purpose=note.purpose,
    )  # fmt: skip


def _communication(  # noqa: PLR0913  the parts of a message, each by name
    name: str,
    case: Case,
    contact: Contact,
    *,
    channel: str,
    template: str,
    at: datetime,
    address: str,
    prompted: bool,
) -> dict[str, Json]:
    patient: Mapping[str, Json] = {"reference": contact.ref.partition("@")[0]}
    codes = [(TEMPLATE, template), *([(TURN, PROMPTED)] if prompted else [])]
    said: dict[str, Json] = {
        "resourceType": "Communication",
        "id": name,
        "status": "in-progress",
        "category": [{"coding": [{"system": system, "code": code}]} for system, code in codes],
        "medium": [{"coding": [{"system": MEDIUM, "code": MEDIA[channel]}]}],
        "subject": patient,
        "about": [{"reference": f"Task/case-{case.id}"}],
        "sent": at.isoformat(),
        "recipient": [patient],
    }
    if address:
        said["identifier"] = [{"system": ADDRESS, "value": address}]
    return said


def unsent(case: Case, event: Event, contact: Contact, *, why: str) -> tuple[Write, ...]:
    """Say in the chart that a planned message did not leave, so that it counts no longer.

    ``event`` is the ``EffectFailed``; its ref names the message. One of another case, or one
    nobody knows, writes nothing.
    """
    name = event.ref.partition("@")[0]
    found = next((s for s in contact.sent if s.ref.partition("@")[0] == name and s.case == case.id), None)
    return (Write(_stopped(case, found, contact, why), case.subject),) if found else ()


def _stopped(case: Case, sent: Sent, contact: Contact, why: str) -> dict[str, Json]:
    said = _communication(
        sent.ref.partition("@")[0].partition("/")[2], case, contact, channel=sent.channel,
        template=sent.template, at=sent.at, address=sent.address, prompted=sent.prompted,
    )  # fmt: skip
    return said | {
        "status": NOT_DONE,
        "statusReason": {"coding": [{"system": _STATUS_REASON, "code": why.partition(":")[2] or why}]},
    }
