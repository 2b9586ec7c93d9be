"""The policy of what patients' replies mean as its file states it, and the frozen value the rules receive."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from careengine.capabilities.messaging.model import Asked, Message, Option, ReplyPolicy
from careengine.capabilities.messaging.rules.reply import decide_reply, option_of, wish_of
from careengine.capabilities.messaging.rules.reply_reading import is_help, is_stop
from careengine.kernel.policy import PolicyRef
from careengine.language.lexicon import Lexicon, Modifier, Phrase, Sign
from careengine.language.pieces import phrase_book
from careengine.language.times import DAYS, TIME_KINDS, Hours
from careengine.language.words import fold, phrases, prepared
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues

COMMANDS = frozenset({"full", "first", "alone", "cancel", "help"})
ANSWERS = frozenset({
    "choose", "other_times", "confirm", "cancel", "rebook", "yes", "no", "stop", "help", "wrong_number",
    "who", "running_late", "thanks", "done",
})  # fmt: skip
SAYS = frozenset({
    "yes", "no", "ok", "good", "take", "confirm", "cancel", "rebook", "cannot", "others", "only", "any",
    "keep", "decline", "not_me", "late", "done", "who", "wrong_number", "thanks", "sorry", "blessing",
    "unsure",
})  # fmt: skip
KINDS = frozenset({"offer", "confirm", "early", "reminder", "intake", "none"})
TEAMS = frozenset({"nurse", "person"})
_JOINERS = str.maketrans("", "", "\ufe0e\ufe0f\u200d")


class HoursValues(PolicyValues):
    """From the first moment up to, not including, the last, ``HH:MM``."""

    start: str = Field(pattern=r"^\d\d:\d\d$")
    end: str = Field(pattern=r"^\d\d:\d\d$")


class ConcernValues(PolicyValues):
    """Words and signs that software does not answer, and who reads them."""

    team: str
    phrases: tuple[str, ...] = Field(min_length=1)
    signs: tuple[str, ...] = ()


class DenialValues(PolicyValues):
    """Words near a concern that change what it means."""

    kind: str = Field(pattern="^(denied|past|family|other|if)$")
    before: bool
    reach: int = Field(ge=0, le=30)
    phrases: tuple[str, ...] = Field(min_length=1)
    stops: frozenset[str]


class ReplyValues(PolicyValues):
    """What the file holds."""

    longest: int = Field(ge=20)
    scanned: int = Field(ge=20)
    stop_unread: int = Field(ge=0)
    cancel_alone_stops: bool
    languages: frozenset[str]
    answers: dict[str, frozenset[str]]
    hours: HoursValues
    parts: dict[str, HoursValues]
    tolerance_from: int = Field(ge=4)
    kept: frozenset[str]
    concerns: dict[str, ConcernValues]
    stopping: tuple[str, ...] = Field(min_length=1)
    unless: tuple[DenialValues, ...]
    denials: tuple[DenialValues, ...]
    neutral: tuple[str, ...]
    unspanned: frozenset[str]
    says: dict[str, tuple[str, ...]]
    commands: dict[str, tuple[str, ...]]
    times: dict[str, tuple[str, ...]]
    fillers: tuple[str, ...]
    signed: tuple[str, ...]
    elsewhere: dict[str, tuple[str, ...]]


def build_reply(values: ReplyValues, ref: PolicyRef) -> ReplyPolicy:
    """Return the value the rules receive, its phrases prepared for looking up."""
    meanings = tuple(_meanings(values))
    heard = frozenset(word for _, one in meanings for place in one.places for word in place)
    # Words of other languages are not misspelt words of ours.
    foreign = _plain(word for words in values.elsewhere.values() for word in words)
    kept = _plain(values.kept) | foreign
    concerns = prepared(_lexicon(values, values.concerns, values.denials, heard))
    asks = {"stop": ConcernValues(team="stop", phrases=values.stopping)}
    return ReplyPolicy(
        ref=ref,
        longest=values.longest,
        scanned=values.scanned,
        concerns=concerns,
        stopping=prepared(_lexicon(values, asks, values.unless, heard)),
        book=phrase_book(meanings, tolerance_from=values.tolerance_from, kept=kept | concerns.vocabulary),
        answers=values.answers,
        hours=_hours(values.hours),
        parts={name: _hours(one) for name, one in values.parts.items()},
        languages=values.languages,
        elsewhere={fold(word): lang for lang, words in values.elsewhere.items() for word in words},
        stop_unread=values.stop_unread,
        cancel_alone_stops=values.cancel_alone_stops,
    )


def _hours(values: HoursValues) -> Hours:
    return Hours(time.fromisoformat(values.start), time.fromisoformat(values.end))


def _meanings(values: ReplyValues) -> Iterator[tuple[str, Phrase]]:
    """Yield each phrase with its meaning; of the same words, what comes first here counts."""
    groups: list[tuple[str, Iterable[str]]] = [
        *((f"command:{kind}", said) for kind, said in values.commands.items()),
        *((f"concern:{kind}", one.signs) for kind, one in values.concerns.items()),
        *((f"say:{what}", said) for what, said in values.says.items()),
        *(values.times.items()),
        ("signed", values.signed),
        ("filler", values.fillers),
    ]
    for meaning, written in groups:
        for one in written:
            for phrase in phrases(one.replace("'", "").translate(_JOINERS)):
                yield meaning, phrase


def _lexicon(
    values: ReplyValues,
    signs: Mapping[str, ConcernValues],
    denials: Iterable[DenialValues],
    heard: frozenset[str],
) -> Lexicon:
    return Lexicon(
        signs=tuple(
            Sign(id=kind, level=one.team, phrases=tuple(p for said in one.phrases for p in phrases(said)))
            for kind, one in signs.items()
        ),
        modifiers=tuple(
            Modifier(
                kind=one.kind,
                phrases=tuple(p for said in one.phrases for p in phrases(said)),
                before=one.before,
                reach=one.reach,
                lists=False,
                stops=_plain(one.stops),
            )
            for one in denials
        ),
        neutral=tuple(p for said in values.neutral for p in phrases(said)),
        joins=frozenset(),
        unspanned=_plain(values.unspanned),
        fresh=frozenset(),
        again=frozenset(),
        abbreviations=frozenset({"dr", "mr", "mrs", "ms", "sr", "sra", "dra"}),
        numbers=frozenset(),
        list_item_words=1,
        short_item_words=1,
        again_within=1,
        tolerance_from=values.tolerance_from,
        # What is understood as something harmless is no misspelt symptom.
        kept=heard | _plain(values.kept | values.unspanned),
    )


def _plain(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


def lint_reply(values: ReplyValues) -> Iterator[tuple[Path, str, str]]:
    """Yield each name that the rules do not know, and each span that holds nothing."""
    known: tuple[tuple[str, Iterable[str], frozenset[str]], ...] = (
        ("says", values.says, SAYS),
        ("commands", values.commands, COMMANDS),
        ("answers", values.answers, KINDS),
    )
    for field, names, allowed in known:
        for name in sorted({*names} - allowed):
            yield (field, name), f"{name} means nothing here.", f"Write one of {', '.join(sorted(allowed))}."
    for kind, answers in values.answers.items():
        for one in sorted(answers - ANSWERS):
            yield ("answers", kind), f"{one} is no answer.", f"Write one of {', '.join(sorted(ANSWERS))}."
    for kind, concern in values.concerns.items():
        if concern.team not in TEAMS:
            yield ("concerns", kind, "team"), f"{concern.team} is no team.", "Write nurse or person."
    for name in values.times:
        yield from _time(name)
    for name, hours in {"hours": values.hours, **values.parts}.items():
        if hours.start >= hours.end:
            yield (name,), "It ends before it begins.", "Put the earlier time first."


def _time(name: str) -> Iterator[tuple[Path, str, str]]:
    kind, _, value = name.partition(":")
    if kind not in TIME_KINDS | {"nth"}:
        yield ("times", name), f"{kind} is no kind of time.", "See careengine/language/times.py."
    if kind in {"day", "days"} and value not in DAYS:
        yield ("times", name), f"{value} is no day of the week.", f"Write one of {', '.join(DAYS)}."


def answer_reply(policy: ReplyPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {text, kind, today, options?, zone?, language?}``, options in local time."""
    zone = ZoneInfo(str(given.get("zone", "America/New_York")))
    now = datetime.fromisoformat(f"{given['today']}T09:00").replace(tzinfo=zone)
    text = str(given["text"])
    decision = decide_reply(
        Message(ref="Communication/case@1", at=now, text=text),
        asked=Asked(kind=str(given["kind"]), options=_options(given, zone)),
        policy=policy,
        now=now,
        zone=zone,
        language=str(given.get("language", "")),
    )
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "because": [reason.code for reason in decision.because],
        "option": option_of(decision),
        "wish": wish_of(decision),
        "stop": is_stop(text, policy),
        "help": is_help(text, policy),
    }


def _options(given: Given, zone: ZoneInfo) -> tuple[Option, ...]:
    starts = [datetime.fromisoformat(str(one)).replace(tzinfo=zone) for one in given.get("options", ())]
    return tuple(
        Option(f"Slot/{i}", start, start + timedelta(minutes=30)) for i, start in enumerate(starts, start=1)
    )
