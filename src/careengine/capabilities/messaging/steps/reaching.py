"""How a person can be reached, read from their charts: the values that rules decide on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import orjson

from careengine.capabilities.messaging.model import (
    ADDRESS,
    DRAFTED,
    EMAIL,
    FLAGS,
    HEARD,
    LETTER,
    MEDIA,
    MEDIUM,
    PROMPTED,
    SMS,
    TEMPLATE,
    TURN,
    WRONG_NUMBER,
    Address,
    Contact,
    Heard,
    Message,
    Sent,
)
from careengine.capabilities.messaging.rules.numbers import digest, e164, mail
from careengine.capabilities.messaging.steps import fhir
from careengine.capabilities.messaging.steps.states import code_of
from careengine.trust.actor import Purpose
from careengine.trust.charts import Stored
from careengine.trust.consent import Question, Rule, answer, rules_of

_TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
_PURPOSES = (Purpose.TREATMENT, Purpose.PAYMENT, Purpose.OPERATIONS)
_UNCODED = "und"
"""A language the chart names only in words (BCP 47: undetermined); a person finds out which."""
_CHANNEL_OF: Mapping[str, str] = {code: channel for channel, code in MEDIA.items()}
_CASE = "Task/case-"
_BEST_FIRST = ("sms", "mobile", "home", "temp", "", "work")


def contact_of(chart: Sequence[Stored], at: datetime) -> Contact:
    """Return how a person can be reached at a time, by what stands in all of their charts."""
    by_kind: dict[str, list[Stored]] = {"Patient": [], "Consent": [], "Flag": [], "Communication": []}
    for one in chart:
        by_kind[one.ref.type].append(one)
    people = [(one, fhir.decode(one.raw, fhir.Patient, one.ref)) for one in by_kind["Patient"]]
    if not people:
        return Contact(ref="")
    stored, _ = min(people, key=lambda one: (_stands_behind(one[1]), one[0].ref))
    said = [patient for _, patient in people]
    consents = [rule for one in by_kind["Consent"] for rule in rules_of(orjson.loads(one.raw))]
    wrong = _wrong(by_kind["Flag"])
    messages = [(one, fhir.decode(one.raw, fhir.Communication, one.ref)) for one in by_kind["Communication"]]
    homes = [home for patient in said for home in patient.address if _is_current(home, at)]
    return Contact(
        ref=str(stored.ref),
        languages=_languages(said),
        zone=next((e.value_code for p in said for e in p.extension if e.url == _TIMEZONE), ""),
        states=tuple(sorted({code_of(home.state) for home in homes if home.state})),
        numbers=_addresses(_numbers(said, at), SMS, consents, wrong, at),
        emails=_addresses(_mails(said, at), EMAIL, consents, wrong, at),
        has_address=any(home.line and home.city and home.postal_code for home in homes),
        refused=tuple(p.value for p in _PURPOSES if _says(consents, p, LETTER, "", at) is False),
        born=next((day for p in said if (day := fhir.day_of(p.birth_date))), None),
        dead=any(p.deceased_boolean or p.deceased_date_time for p in said),
        sent=tuple(sent for one, text in messages if (sent := _sent(one, text)) is not None),
        heard=tuple(heard for _, text in messages if (heard := _heard(text)) is not None),
    )


def _stands_behind(patient: fhir.Patient) -> bool:
    return not patient.active or any(link.type == "replaced-by" for link in patient.link)


def _languages(people: Iterable[fhir.Patient]) -> tuple[str, ...]:
    spoken = sorted((s for p in people for s in p.communication), key=lambda one: not one.preferred)
    codes = [next((c.code for c in s.language.coding if c.code), _UNCODED) for s in spoken]
    return tuple(dict.fromkeys(code.partition("-")[0].lower() for code in codes))


def _is_current(home: fhir.Address, at: datetime) -> bool:
    return home.use not in {"old", "billing"} and not fhir.is_past(home.period, at.astimezone(UTC).date())


def _numbers(people: Iterable[fhir.Patient], at: datetime) -> list[str]:
    ways = [w for p in people for w in _ways(p, {"phone", "sms"}, at)]
    return [number for way in sorted(ways, key=_rank) if (number := e164(way.value))]


def _mails(people: Iterable[fhir.Patient], at: datetime) -> list[str]:
    ways = [w for p in people for w in _ways(p, {"email"}, at)]
    return [address for way in sorted(ways, key=_rank) if (address := mail(way.value))]


def _ways(patient: fhir.Patient, systems: set[str], at: datetime) -> list[fhir.ContactPoint]:
    today = at.astimezone(UTC).date()
    return [
        way
        for way in patient.telecom
        if way.system in systems and way.use != "old" and not fhir.is_past(way.period, today)
    ]


def _rank(way: fhir.ContactPoint) -> tuple[int, int]:
    use = "sms" if way.system == "sms" else way.use
    return way.rank, _BEST_FIRST.index(use) if use in _BEST_FIRST else len(_BEST_FIRST)


def _addresses(
    known: Sequence[str], channel: str, consents: Sequence[Rule], wrong: frozenset[str], at: datetime
) -> tuple[Address, ...]:
    found = []
    for name in dict.fromkeys(digest(one) for one in known):
        said = {p.value: _says(consents, p, channel, name, at) for p in _PURPOSES}
        found.append(
            Address(
                digest=name,
                agreed=tuple(p for p, yes in said.items() if yes),
                refused=tuple(p for p, yes in said.items() if yes is False),
                wrong=name in wrong,
            )
        )
    return tuple(found)


def _says(
    consents: Sequence[Rule], purpose: Purpose, channel: str, address: str, at: datetime
) -> bool | None:
    return answer(consents, Question(purpose=purpose, at=at, channel=channel, address=address))


def _wrong(flags: Iterable[Stored]) -> frozenset[str]:
    read = [fhir.decode(one.raw, fhir.Flag, one.ref) for one in flags]
    return frozenset(
        name.value
        for flag in read
        if flag.status == "active" and any(_is(c, FLAGS, WRONG_NUMBER) for c in flag.code.coding)
        for name in flag.identifier
        if name.system == ADDRESS
    )


def _is(coding: fhir.Coding, system: str, code: str) -> bool:
    return (coding.system, coding.code) == (system, code)


def _codes(concepts: Iterable[fhir.Concept], system: str) -> list[str]:
    return [coding.code for one in concepts for coding in one.coding if coding.system == system]


def channel_of(said: fhir.Communication) -> str:
    """Return how a message was written; empty when its medium is none of ours."""
    return next((_CHANNEL_OF[code] for code in _codes(said.medium, MEDIUM) if code in _CHANNEL_OF), "")


def case_of(said: fhir.Communication) -> int:
    """Return the case a message was about; 0 for none."""
    named = next((one.reference for one in said.about if one.reference.startswith(_CASE)), "")
    number = named.removeprefix(_CASE)
    return int(number) if number.isdecimal() else 0


def template_of(said: fhir.Communication) -> str:
    """Return which wording a message was made from; empty when it is none of ours."""
    return next(iter(_codes(said.category, TEMPLATE)), "")


def was_heard(said: fhir.Communication) -> bool:
    """Say whether a message came from the patient's side."""
    return HEARD in _codes(said.category, TURN)


def _sent(stored: Stored, said: fhir.Communication) -> Sent | None:
    template, at = template_of(said), fhir.instant_of(said.sent)
    if not template or at is None:
        return None
    return Sent(
        ref=str(stored.ref), at=at, channel=channel_of(said), template=template, status=said.status,
        address=next((one.value for one in said.identifier if one.system == ADDRESS), ""),
        prompted=PROMPTED in _codes(said.category, TURN), case=case_of(said),
    )  # fmt: skip


def _heard(said: fhir.Communication) -> Heard | None:
    at = fhir.instant_of(said.received or said.sent)
    return Heard(at=at, channel=channel_of(said)) if was_heard(said) and at is not None else None


def message_of(stored: Stored, *, drafts: bool = False) -> Message | None:
    """Return what somebody wrote to us; a message of ours, or one without a time, is none.

    With ``drafts`` also what a person here wrote for us to send.
    """
    said = fhir.decode(stored.raw, fhir.Communication, stored.ref)
    heard = _heard(said)
    text = "\n".join(part.content_string for part in said.payload if part.content_string)
    if heard is None:
        at = fhir.instant_of(said.sent)
        is_draft = drafts and at is not None and DRAFTED in _codes(said.category, TURN)
        return Message(ref=str(stored.ref), at=at, text=text, status=said.status) if is_draft and at else None
    return Message(ref=str(stored.ref), at=heard.at, channel=heard.channel, text=text, status=said.status)
