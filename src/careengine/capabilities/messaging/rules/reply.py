"""What does the patient's text answer, and may software act on it? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from careengine.capabilities.messaging.model import Asked, Message, ReplyPolicy
from careengine.capabilities.messaging.rules.reply_meaning import Meaning, meaning_of
from careengine.capabilities.messaging.rules.reply_reading import (
    FILLER,
    NAME,
    Reading,
    beside_the_stop,
    cancels_only,
    helps,
    read_reply,
    stops,
)
from careengine.capabilities.messaging.rules.reply_script import foreign_language
from careengine.capabilities.messaging.rules.reply_times import Offered
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.language.reading import PRESENT, Finding, read
from careengine.language.times import read_when

NURSE, A_PERSON = "nurse", "person"
_QUOTED = 12
"""So many places are quoted at most."""


def decide_reply(
    message: Message, *, asked: Asked, policy: ReplyPolicy, now: datetime, zone: ZoneInfo, language: str
) -> Decision:
    """Say what the text answers to what was asked.

    Symptoms, distress, pregnancy, medication and treatment go to a nurse, whatever else is
    said. Software goes on only when every word was understood, exactly one answer fits, and
    the policy lets it act on that answer; everything else goes to a person.
    """
    here = _Heard(message, asked, policy, now, zone, language)
    decision = _decided(here)
    return replace(decision, flips=_flips(decision, here))


@dataclass(frozen=True, slots=True)
class _Heard:
    """A text, the question it follows, and what is known of whoever wrote it."""

    message: Message
    asked: Asked
    policy: ReplyPolicy
    now: datetime
    zone: ZoneInfo
    language: str


def option_of(decision: Decision) -> str:
    """Return the key of the option that was chosen, or nothing."""
    return _param(decision, "option")


def wish_of(decision: Decision) -> str:
    """Return the wish for other times as text, ``days=tue;after=15:00``; empty is no condition."""
    return _param(decision, "wish")


def _param(decision: Decision, name: str) -> str:
    return next((str(r.params[name]) for r in decision.because if name in r.params), "")


def _decided(here: _Heard) -> Decision:
    message, asked, policy = here.message, here.asked, here.policy
    said = read_reply(message.text, policy)
    source = f"{message.ref}#payload[0].contentString"
    findings = read(
        message.text[: policy.scanned],
        policy.concerns,
        year=here.now.astimezone(here.zone).year,
        source=source,
    )
    stop = (Reason("messaging.reply_stop", {}),) if stops(said, policy) else ()
    concerns = _concerns(findings, said, policy)
    meant = [kind for kind, team, present in concerns if present and team == NURSE]
    quotes = _quotes(message, source, findings, said)
    if meant:
        return _decision(policy, Route.ASK, NURSE, (*_concern(meant), *stop), quotes, findings)
    if stop:
        return _stop(said, asked, policy, stop, quotes, concerns)
    if helps(said):
        return _decision(policy, Route.PROCEED, "help", (Reason("messaging.reply_help", {}),), quotes)
    why = _not_for_software(message, said, concerns, policy, here.language)
    if why:
        return _decision(policy, Route.ASK, A_PERSON, why, quotes, findings)
    return _answered(here, said, quotes)


def _answered(here: _Heard, said: Reading, quotes: tuple[Evidence, ...]) -> Decision:
    asked, policy, zone = here.asked, here.policy, here.zone
    today = here.now.astimezone(zone).date()
    when = read_when(said.times, today=today, hours=policy.hours)
    meaning = meaning_of(said, when, asked, Offered(asked.options, zone, policy.parts, today))
    if not meaning.answer:
        return _decision(policy, Route.ASK, A_PERSON, (_why(meaning.why),), quotes)
    if meaning.answer not in policy.answers.get(asked.kind, frozenset()):
        reason = Reason("messaging.reply_not_alone", {"understood": meaning.answer, "asked": asked.kind})
        return _decision(policy, Route.ASK, A_PERSON, (reason,), quotes)
    return _decision(policy, Route.PROCEED, meaning.answer, (_meant(meaning),), quotes)


def _meant(meaning: Meaning) -> Reason:
    if meaning.option:
        return Reason("messaging.reply_chosen", {"option": meaning.option})
    if meaning.wish:
        return Reason("messaging.reply_wish", {"understood": meaning.answer, "wish": meaning.wish})
    return Reason("messaging.reply_meant", {"understood": meaning.answer})


def _why(why: str) -> Reason:
    if why == "no_such":
        return Reason("messaging.reply_no_such", {})
    if why == "several":
        return Reason("messaging.reply_several", {})
    if why == "unsure":
        return Reason("messaging.reply_unsure", {})
    return Reason("messaging.reply_doubtful", {})


def _stop(
    said: Reading,
    asked: Asked,
    policy: ReplyPolicy,
    stop: tuple[Reason, ...],
    quotes: tuple[Evidence, ...],
    concerns: Sequence[tuple[str, str, bool]],
) -> Decision:
    if cancels_only(said) and asked.options:
        reasons = (Reason("messaging.reply_cancel_alone", {}), *stop)
        return _decision(policy, Route.ASK, A_PERSON, reasons, quotes)
    denied = [kind for kind, team, _ in concerns if team == NURSE]
    if denied:
        return _decision(policy, Route.ASK, A_PERSON, (*_denied(denied), *stop), quotes)
    if len(beside_the_stop(said, policy)) > policy.stop_unread:
        reasons = (Reason("messaging.reply_left_over", {}), *stop)
        return _decision(policy, Route.ASK, A_PERSON, reasons, quotes)
    also = tuple(Reason("messaging.reply_also", {"understood": one}) for one in sorted(said.says & _ALSO))
    return _decision(policy, Route.PROCEED, "stop", (*stop, *also), quotes)


_ALSO = frozenset({"wrong_number", "who", "cancel", "rebook", "cannot", "done"})


def _concerns(
    findings: Sequence[Finding], said: Reading, policy: ReplyPolicy
) -> tuple[tuple[str, str, bool], ...]:
    """Each concern, its team, and whether it is meant: neither denied nor said of somebody else."""
    teams = {sign.id: sign.level for sign in policy.concerns.signs}
    in_words = [(f.sign, f.level, f.meaning == PRESENT) for f in findings]
    in_signs = [(kind, teams.get(kind, A_PERSON), True) for kind, _ in said.concerns]
    return (*in_words, *in_signs)


def _concern(kinds: Sequence[str]) -> tuple[Reason, ...]:
    return tuple(Reason("messaging.reply_concern", {"concern": kind}) for kind in dict.fromkeys(kinds))


def _denied(kinds: Sequence[str]) -> tuple[Reason, ...]:
    return tuple(Reason("messaging.reply_denied", {"concern": kind}) for kind in dict.fromkeys(kinds))


def _not_for_software(
    message: Message,
    said: Reading,
    concerns: Sequence[tuple[str, str, bool]],
    policy: ReplyPolicy,
    language: str,
) -> tuple[Reason, ...]:
    """Return why a person must read it whatever was asked: nothing, when software may try."""
    denied = [kind for kind, team, _ in concerns if team == NURSE]
    others = [kind for kind, team, _ in concerns if team != NURSE]
    if denied or others:
        return (*_denied(denied), *_concern(others))
    if len(message.text) > policy.longest:
        return (Reason("messaging.reply_too_long", {"characters": len(message.text)}),)
    if not said.tokens:
        return (Reason("messaging.reply_empty", {}),)
    foreign = foreign_language(said, policy, language)
    if foreign:
        return (Reason("messaging.reply_language", {"language": foreign}),)
    if said.left or said.commands:
        return (Reason("messaging.reply_left_over", {}),)
    return ()


def _quotes(
    message: Message, source: str, findings: Sequence[Finding], said: Reading
) -> tuple[Evidence, ...]:
    """Quote what speaks of a concern, what was understood, and, as speaking against it, what was not."""
    text = message.text
    found = [
        _quote(
            source, text, f.start, f.end, Bearing.SUPPORTS if f.meaning == PRESENT else Bearing.CONTRADICTS
        )
        for f in findings
    ]
    silent = {FILLER, NAME, "signed"}
    for piece in said.pieces:
        if piece.meaning not in silent:
            bearing = Bearing.SUPPORTS if piece.meaning else Bearing.CONTRADICTS
            found.append(_quote(source, text, piece.start, piece.end, bearing))
    return tuple(found[:_QUOTED]) or (Evidence(source=source, words=text[:_QUOTED]),)


def _quote(source: str, text: str, start: int, end: int, bearing: Bearing) -> Evidence:
    return Evidence(source=source, words=text[start:end], start=start, end=end, bearing=bearing)


def _decision(
    policy: ReplyPolicy,
    route: Route,
    answer: str,
    because: tuple[Reason, ...],
    evidence: tuple[Evidence, ...],
    findings: Sequence[Finding] = (),
) -> Decision:
    return Decision(
        question="messaging.reply",
        route=route,
        answer=answer,
        because=because,
        policy=policy.ref,
        evidence=evidence,
        confidence=min((f.alike for f in findings), default=1.0),
    )


def _flips(decision: Decision, here: _Heard) -> tuple[Flip, ...]:
    """Return the nearest change: the text without the words it was asked about for, or nothing asked."""
    if decision.route is Route.PROCEED:
        other = _decided(replace(here, asked=replace(here.asked, kind="none", options=())))
        changed = other.answer != decision.answer
        return (Flip("asked.kind", "none", other.answer),) if changed else ()
    text = here.message.text
    quoted = [(e.start, e.end) for e in decision.evidence if e.start is not None and e.end is not None]
    for start, end in quoted[:2]:
        shorter = replace(here.message, text=text[:start] + text[end:])
        other = _decided(replace(here, message=shorter))
        if other.answer != decision.answer:
            return (Flip(f"message.text/{start}:{end}", "", other.answer),)
    return ()
