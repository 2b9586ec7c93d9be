"""The policies on sending as their files state them, and the frozen values the rules receive."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import Field

from careengine.capabilities.messaging.model import (
    CHANNELS,
    EMAIL,
    LETTER,
    SMS,
    Address,
    Calendar,
    ChannelPolicy,
    CommandPolicy,
    Contact,
    Heard,
    Hours,
    Note,
    Rules,
    SendingPolicy,
    Sent,
    TemplatePolicy,
    ZonesPolicy,
)
from careengine.capabilities.messaging.rules.choosing import decide_message
from careengine.capabilities.messaging.rules.commands import decide_command
from careengine.capabilities.messaging.rules.conversation import Thread, decide_conversation
from careengine.capabilities.messaging.rules.delivery import decide_delivery
from careengine.capabilities.messaging.rules.outbound import outbound
from careengine.capabilities.messaging.rules.window import window, zones_of
from careengine.capabilities.messaging.steps.template_values import example_sender
from careengine.engine.case import Case
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues

_E164 = r"^\+[1-9]\d{6,14}$"
_MEANINGS = ("unreachable", "refused", "ours", "again")


class HoursValues(PolicyValues):
    """From when until when."""

    start: time
    end: time


class ChannelValues(PolicyValues):
    """One way of writing."""

    name: str
    partner: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    tries: int = Field(ge=1)
    quiet: bool
    capped: bool
    valid_hours: int = Field(ge=1)


class SendingValues(PolicyValues):
    """When, how often and by which ways."""

    name: str = Field(min_length=1)
    phone: str = Field(min_length=1)
    text_from: str = Field(pattern=_E164)
    mail_from: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    channels: tuple[ChannelValues, ...] = Field(min_length=1)
    hours: HoursValues
    hours_of: dict[str, HoursValues]
    per_day: int = Field(ge=1)
    per_week: int = Field(ge=1)
    answers_free_hours: int = Field(ge=0)
    urgent_within_hours: int = Field(ge=0)
    when_unstated: str = Field(pattern="^[a-z]{2}$")
    link_days: int = Field(ge=1)
    asks: frozenset[str]
    open_days: int = Field(ge=1)
    failures: dict[str, str]


class ZonesValues(PolicyValues):
    """The zones of each state."""

    of_state: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...] = Field(min_length=1)


class CommandValues(PolicyValues):
    """Words that are obeyed at once."""

    stop: dict[str, tuple[str, ...]]
    stop_not_before: frozenset[str]
    stop_alone: dict[str, tuple[str, ...]]
    help: dict[str, tuple[str, ...]]
    longest_words: int = Field(ge=1)


def build_sending(values: SendingValues, ref: PolicyRef) -> SendingPolicy:
    """Return the value the rules receive."""
    return SendingPolicy(
        ref=ref,
        **{
            **{name: getattr(values, name) for name in type(values).model_fields},
            "channels": tuple(ChannelPolicy(**one.model_dump()) for one in values.channels),
            "hours": _hours(values.hours),
            "hours_of": {state: _hours(one) for state, one in values.hours_of.items()},
        },
    )


def _hours(values: HoursValues) -> Hours:
    return Hours(start=values.start, end=values.end)


def lint_sending(values: SendingValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a channel there is not, hours the law does not allow, a cap above the law's, an odd meaning."""
    for index, one in enumerate(values.channels):
        if one.name not in CHANNELS:
            yield (
                ("channels", str(index), "name"),
                f"{one.name} is no way of writing.",
                "Write sms, email or letter.",
            )
    for name, hours in (("", values.hours), *values.hours_of.items()):
        place: Path = ("hours_of", name) if name else ("hours",)
        if not time(8) <= hours.start < hours.end <= time(21):
            yield place, "Texts may arrive between 8:00 and 21:00 (47 CFR 64.1200).", "Stay within."
    if values.per_day > 1 or values.per_week > 3:
        yield ("per_day",), "The exemption allows one text a day and three a week.", "Lower the caps."
    for code, meaning in values.failures.items():
        if meaning not in _MEANINGS:
            yield ("failures", code), f"{meaning} is not understood.", f"Write one of {', '.join(_MEANINGS)}."


def build_zones(values: ZonesValues, ref: PolicyRef) -> ZonesPolicy:
    """Return the value the rules receive."""
    return ZonesPolicy(ref=ref, of_state=values.of_state, unknown=values.unknown)


def lint_zones(values: ZonesValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a zone that nobody keeps."""
    known = available_timezones()
    for state, zones in (*values.of_state.items(), ("unknown", values.unknown)):
        for zone in sorted({*zones} - known):
            yield ("of_state", state), f"{zone} is no IANA time zone.", "Correct it."
        if not zones:
            yield ("of_state", state), "It has no zone.", "Name each zone it has."


def build_commands(values: CommandValues, ref: PolicyRef) -> CommandPolicy:
    """Return the value the rules receive."""
    return CommandPolicy(ref=ref, **{name: getattr(values, name) for name in type(values).model_fields})


_REF = PolicyRef("messaging.example", 1)
_EAST = ZonesPolicy(
    ref=_REF, of_state=dict.fromkeys(("MA", "CT"), ("America/New_York",)), unknown=("America/New_York",)
)
_TEMPLATES = TemplatePolicy(
    ref=_REF, sentences={"example": {"en": "{org} {phone}"}}, subjects={"en": "{org}"}, words={},
    calendars={
        "en": Calendar(days=(), months=(), short="", long_days=(), long_months=("",) * 12, long="", date="")
    },
)  # fmt: skip


def answer_sending(policy: SendingPolicy, given: Given) -> Answer:
    """Answer a case, by what it asks: ``message``, ``effect``, ``conversation`` or ``failures``."""
    return {
        "message": _message, "effect": _effect, "conversation": _conversation, "failures": _failures,
    }[given["ask"]](policy, given)  # fmt: skip


def _rules(policy: SendingPolicy) -> Rules:
    return Rules(sending=policy, zones=_EAST, templates=_TEMPLATES)


def _contact(given: Given) -> Contact:
    agreed = set(given.get("agreed", ()))
    lists = ((SMS, "sent"), (EMAIL, "mailed"), (LETTER, "posted"), (SMS, "others"))
    return Contact(
        ref="Patient/1@1",
        states=tuple(given.get("states", ())),
        numbers=(Address(digest="number", agreed=("treatment",) if SMS in agreed else ()),),
        emails=(Address(digest="mail", agreed=("treatment",) if EMAIL in agreed else ()),),
        has_address=True,
        sent=tuple(
            Sent(
                ref=f"Communication/{name}-{i}@1",
                at=_at(at),
                channel=channel,
                template="another" if name == "others" else "example",
            )
            for channel, name in lists
            for i, at in enumerate(given.get(name, ()))
        ),
        heard=tuple(Heard(at=_at(at)) for at in given.get("heard", ())),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _note(given: Given) -> Note:
    return Note(
        template="example",
        prompted=bool(given.get("prompted")),
        urgent=bool(given.get("urgent")),
        link="intake",
    )


def _message(policy: SendingPolicy, given: Given) -> Answer:
    told = decide_message(
        _contact(given),
        _note(given),
        rules=_rules(policy),
        now=_at(given["now"]),
        channel=given.get("only", ""),
    )
    said = told.because[0].params
    return {
        "answer": told.answer,
        "route": told.route.value,
        "at": said.get("at"),
        "language": said.get("language"),
    }


def _effect(policy: SendingPolicy, given: Given) -> Answer:
    contact, note, rules, now = _contact(given), _note(given), _rules(policy), _at(given["now"])
    case = Case(
        id=1, journey="example", journey_version=1, state="example", version=1, subject=UUID(int=1), site="",
        zone="America/New_York", opened_at=now, entered_at=now,
    )  # fmt: skip
    told = decide_message(contact, note, rules=rules, now=now, channel=given["channel"])
    made = outbound(case, told, note, contact, rules=rules)
    effect, payload = made.effects[0], made.writes[0].resource["payload"]
    until = effect.not_after.astimezone(UTC).isoformat() if effect.not_after else None
    return {
        **effect.body, "kind": effect.kind, "partner": effect.partner, "until": until,
        "text": payload[0]["contentString"],  # type: ignore[index,call-overload]  # we have just made it
    }  # fmt: skip


def _conversation(policy: SendingPolicy, given: Given) -> Answer:
    threads = [
        Thread(
            case=number,
            person="1",
            ref=f"Communication/{number}@1",
            template=one["template"],
            at=_at(one["at"]),
        )
        for number, one in enumerate(given["threads"], 1)
    ]
    told = decide_conversation(
        threads, people=frozenset({"1"}), source="Communication/in@1", policy=policy, now=_at(given["now"])
    )
    return {"answer": told.answer, "route": told.route.value, "case": told.because[0].params.get("case")}


def _failures(policy: SendingPolicy, given: Given) -> Answer:
    now = _at("2026-03-03T15:00:00+00:00")
    answers = [
        decide_delivery(
            f"rejected:sms.{code}", tried=(SMS, EMAIL), note=_note(given), contact=_contact(given),
            rules=_rules(policy), now=now,
        ).answer
        for code in given["codes"]
    ]  # fmt: skip
    return {"answers": answers}


def answer_zones(policy: ZonesPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {states, zone?, now}``."""
    contact = Contact(ref="Patient/1@1", states=tuple(given["states"]), zone=given.get("zone", ""))
    rules = Rules(sending=example_sender(), zones=policy, templates=_TEMPLATES)
    begins = window(contact, rules=rules, now=_at(given["now"]))
    return {"zones": list(zones_of(contact, policy)), "from": begins.isoformat() if begins else None}


def answer_commands(policy: CommandPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {text}``."""
    told = decide_command(given["text"], source="Communication/in@1", policy=policy)
    return {"answer": told.answer, "language": told.because[0].params.get("language")}
