"""The urgency policy as its file states it, and the frozen value the rules receive."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from pydantic import Field

from careengine.capabilities.referrals.model import (
    Code,
    Indication,
    Referral,
    Role,
    UrgencyPolicy,
    Words,
)
from careengine.capabilities.referrals.rules.urgency import decide_urgency
from careengine.kernel.policy import PolicyRef
from careengine.language.lexicon import Lexicon, Modifier, Sign
from careengine.language.words import fold, phrases, prepared
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues


class SignValues(PolicyValues):
    """Words that make a referral urgent; with ``ranges``, only when such a number follows."""

    level: str
    phrases: tuple[str, ...] = Field(min_length=1)
    ranges: tuple[tuple[float, float], ...] = ()


class ModifierValues(PolicyValues):
    """Words that change what a sign near them means."""

    kind: str = Field(pattern="^(denied|past|family|other|if)$")
    before: bool
    reach: int = Field(ge=0, le=30)
    lists: bool = True
    phrases: tuple[str, ...] = Field(min_length=1)
    stops: frozenset[str]


class UrgencyValues(PolicyValues):
    """What the file holds."""

    levels: tuple[str, ...] = Field(min_length=2)
    no_priority: str
    priorities: dict[str, str]
    reasons: dict[str, str]
    signs: dict[str, SignValues]
    modifiers: tuple[ModifierValues, ...]
    neutral: tuple[str, ...]
    stops: frozenset[str]
    joins: frozenset[str]
    unspanned: frozenset[str]
    fresh: frozenset[str]
    again: frozenset[str]
    abbreviations: frozenset[str]
    numbers: frozenset[str]
    list_item_words: int = Field(ge=1)
    short_item_words: int = Field(ge=1)
    again_within: int = Field(ge=1)
    tolerance_from: int = Field(ge=4)
    kept: frozenset[str]


def build_urgency(values: UrgencyValues, ref: PolicyRef) -> UrgencyPolicy:
    """Return the value the rules receive, its lexicon prepared for looking words up."""
    return UrgencyPolicy(
        ref=ref,
        levels=values.levels,
        priorities={"": values.no_priority, **values.priorities},
        reasons=values.reasons,
        lexicon=prepared(_lexicon(values)),
    )


def _lexicon(values: UrgencyValues) -> Lexicon:
    return Lexicon(
        signs=tuple(
            Sign(
                id=name,
                level=sign.level,
                phrases=tuple(p for written in sign.phrases for p in phrases(written)),
                ranges=sign.ranges,
            )
            for name, sign in values.signs.items()
        ),
        modifiers=tuple(
            Modifier(
                kind=one.kind,
                phrases=tuple(p for written in one.phrases for p in phrases(written)),
                before=one.before,
                reach=one.reach,
                lists=one.lists,
                stops=_plain(one.stops | values.stops),
            )
            for one in values.modifiers
        ),
        neutral=tuple(p for written in values.neutral for p in phrases(written)),
        joins=_plain(values.joins),
        unspanned=_plain(values.unspanned),
        fresh=_plain(values.fresh),
        again=_plain(values.again),
        abbreviations=_plain(values.abbreviations),
        numbers=_plain(values.numbers),
        list_item_words=values.list_item_words,
        short_item_words=values.short_item_words,
        again_within=values.again_within,
        tolerance_from=values.tolerance_from,
        kept=_plain(values.kept),
    )


def _plain(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


def lint_urgency(values: UrgencyValues) -> Iterator[tuple[Path, str, str]]:
    """Yield each level that is not one, and each range that holds nothing."""
    named: dict[Path, str] = {("no_priority",): values.no_priority}
    named |= {("priorities", k): v for k, v in values.priorities.items()}
    named |= {("reasons", k): v for k, v in values.reasons.items()}
    named |= {("signs", k, "level"): sign.level for k, sign in values.signs.items()}
    for place, level in named.items():
        if level not in values.levels:
            yield place, f"{level} is no level.", f"Write one of {', '.join(values.levels)}."
    for name, sign in values.signs.items():
        if any(low > high for low, high in sign.ranges):
            yield ("signs", name, "ranges"), "A range ends before it begins.", "Put the lower number first."


def answer_urgency(policy: UrgencyPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {priority, note, reason?}``."""
    decision = decide_urgency(referral_of(given), policy=policy, today=date.fromisoformat("2026-03-05"))
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "quotes": [e.words for e in decision.evidence if e.start is not None],
    }


def referral_of(given: Given) -> Referral:
    """Return a referral that says only what a case names."""
    referral = Referral(
        ref="ServiceRequest/case@1",
        received=datetime.fromisoformat("2026-03-05T12:00:00+00:00"),
        status="active",
        intent="order",
        priority=str(given.get("priority", "")),
        words=(Words("ServiceRequest/case@1#note[0].text", str(given.get("note", "")), Role.QUESTION),),
    )
    if "reason" not in given:
        return referral
    system, _, code = str(given["reason"]).partition("|")
    at = referral.at("reasonCode[0]")
    return replace(referral, indications=(Indication(at, (Code(system, code),)),))
