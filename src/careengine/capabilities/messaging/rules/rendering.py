"""Say it in the patient's language: wording filled in, moments written out, segments counted. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from careengine.capabilities.messaging.model import (
    SMS,
    Calendar,
    Contact,
    Note,
    Rules,
    SendingPolicy,
    TemplatePolicy,
)
from careengine.kernel.errors import Refused
from careengine.kernel.policy import Scalar

LINK = "link"
"""The parameter that only the runner fills, just before sending."""
OPTIONS, ITEM = "options", "item"
LONG = ".long"
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""GSM 03.38: what a text message writes in seven bits."""
_GSM_TWICE = frozenset("^{}\\[~]|€\f")


class NoWords(Refused):
    """There is no such wording, or something it needs is missing; a person says it."""


def language_of(contact: Contact, template: str, *, rules: Rules) -> str:
    """Return the language to write in: the first of theirs we have; empty when we have none of them."""
    known = rules.templates.sentences.get(template, {})
    spoken = contact.languages or (rules.sending.when_unstated,)
    return next((one for one in spoken if one in known), "")


def missing_params(note: Note, *, templates: TemplatePolicy) -> tuple[str, ...]:
    """Return what the wording needs and the note does not carry, or carries in a way nobody can say."""
    needed = {
        name
        for code in (note.template, note.template + LONG)
        for sentence in templates.sentences.get(code, {}).values()
        for name in _PLACE.findall(sentence)
    }
    absent = needed - set(note.params) - {"org", "phone", LINK}
    unsaid = {ITEM} & needed if str(note.params.get(ITEM)) not in templates.words else set()
    return tuple(sorted(absent | unsaid | ({LINK} & needed if not note.link else set())))


def render(  # noqa: PLR0913  a sentence needs its words, its values, and how they are written
    template: str,
    params: Mapping[str, Scalar],
    *,
    channel: str,
    language: str,
    templates: TemplatePolicy,
    sending: SendingPolicy,
    zone: str,
) -> str:
    """Return the message in words; ``{link}`` stays as it is until the runner signs one.

    Raises:
        NoWords: there is no such wording in the language, or a parameter is missing.
    """
    long = channel != SMS
    said = templates.sentences.get(template + LONG, {}).get(language) if long else None
    said = said or templates.sentences.get(template, {}).get(language)
    if said is None:
        raise NoWords(f"There is no wording {template} in {language}. Write it in messaging.templates.")
    known = {"org": sending.name, "phone": sending.phone, **params}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == LINK:
            return match[0]
        if known.get(name) is None:
            raise NoWords(f"The wording {template} needs {name}, and the note does not carry it.")
        if name == ITEM:
            return templates.words[str(known[name])][language]
        return _written(name, str(known[name]), templates.calendars[language], zone, long=long)

    return _PLACE.sub(value, said)


def _written(name: str, value: str, calendar: Calendar, zone: str, *, long: bool) -> str:
    moments = _moments(value)
    if not moments:
        return value
    said = [moment(at, calendar, zone, long=long) for at in moments]
    if name != OPTIONS:
        return " / ".join(said)
    if long:
        return "\n" + "\n".join(f"  {number}. {one}" for number, one in enumerate(said, 1)) + "\n"
    return ", ".join(f"{number} {one}" for number, one in enumerate(said, 1))


def _moments(value: str) -> Sequence[datetime]:
    try:
        found = [datetime.fromisoformat(part) for part in value.split()]
    except ValueError:
        return ()
    return found if all(one.tzinfo is not None for one in found) else ()


def moment(at: datetime, calendar: Calendar, zone: str, *, long: bool = False) -> str:
    """Return a moment as it is told at ``zone``: ``Tue Mar 3 2:30pm``."""
    local = at.astimezone(ZoneInfo(zone))
    days, months = (calendar.long_days, calendar.long_months) if long else (calendar.days, calendar.months)
    clock = f"{local.hour % 12 or 12}:{local.minute:02}{'am' if local.hour < 12 else 'pm'}"
    return (calendar.long if long else calendar.short).format(
        day=days[local.weekday()],
        month=months[local.month - 1],
        number=local.day,
        year=local.year,
        clock=clock,
    )


def day(at: datetime, calendar: Calendar, zone: str) -> str:
    """Return the day of a letter: ``March 3, 2026``."""
    local = at.astimezone(ZoneInfo(zone))
    month = calendar.long_months[local.month - 1]
    return calendar.date.format(month=month, number=local.day, year=local.year)


def segments(text: str) -> int:
    """Return how many parts a text is sent in: 160 characters alone, 153 each when there are more."""
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        units, alone, each = len(text) + sum(letter in _GSM_TWICE for letter in text), 160, 153
    else:
        units, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= alone else -(-units // each)
