"""How urgent is it, by the code the sender set and by the words the sender wrote? Pure."""

from collections.abc import Sequence
from datetime import date

from careengine.capabilities.referrals.model import Referral, UrgencyPolicy, Words
from careengine.capabilities.referrals.rules.whatif import what_if
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.language.reading import PRESENT, Finding, read

UNKNOWN_PRIORITY = "unknown_priority"


def decide_urgency(referral: Referral, *, policy: UrgencyPolicy, today: date) -> Decision:
    """Say how urgent the referral is; words more urgent than the coded priority go to a nurse, quoted.

    What a sentence denies, or says of the past, the family, another person or a
    condition, does not count, but is shown. A priority the policy does not list is asked
    about unless the words already are the most urgent there is.
    """
    findings = tuple(f for text in referral.words for f in _read(text, policy, today))
    meant = [f for f in findings if f.meaning == PRESENT]
    coded = policy.priorities.get(referral.priority)
    said = _level(referral, meant, policy)
    asks = coded is None or _rank(said, policy) > _rank(coded, policy)
    answer = said if asks and said != policy.levels[0] else coded or UNKNOWN_PRIORITY
    return Decision(
        question="referrals.urgency",
        route=Route.ASK if asks else Route.PROCEED,
        answer=answer,
        because=_reasons(referral, meant, said, coded, policy),
        policy=policy.ref,
        evidence=_evidence(referral, findings),
        confidence=min((f.alike for f in meant), default=1.0) if asks else 1.0,
        flips=() if asks else _flips(referral, findings, policy, answer, today),
    )


def _read(text: Words, policy: UrgencyPolicy, today: date) -> tuple[Finding, ...]:
    return read(text.text, policy.lexicon, year=today.year, source=text.source)


def _rank(level: str, policy: UrgencyPolicy) -> int:
    return policy.levels.index(level)


def _level(referral: Referral, meant: Sequence[Finding], policy: UrgencyPolicy) -> str:
    """Return the most urgent level that the words meant, or the coded reasons, carry."""
    levels = [f.level for f in meant]
    levels += [
        policy.reasons[code.name]
        for indication in referral.indications
        for code in indication.codes
        if code.name in policy.reasons
    ]
    return max(levels, key=lambda level: _rank(level, policy), default=policy.levels[0])


def _reasons(
    referral: Referral, meant: Sequence[Finding], said: str, coded: str | None, policy: UrgencyPolicy
) -> tuple[Reason, ...]:
    if coded is None:
        unknown = Reason("referrals.priority_unknown", {"priority": referral.priority})
        return (unknown, *_said(meant, said, policy))
    if _rank(said, policy) > _rank(coded, policy):
        return _said(meant, said, policy)
    if _rank(coded, policy) > 0:
        return (Reason("referrals.coded_urgent", {"priority": referral.priority, "level": coded}),)
    return (Reason("referrals.nothing_urgent", {"priority": referral.priority or "none"}),)


def _said(meant: Sequence[Finding], said: str, policy: UrgencyPolicy) -> tuple[Reason, ...]:
    """One reason for each sign at the level that decided; the words themselves stand in the evidence."""
    if said == policy.levels[0]:
        return ()
    signs = dict.fromkeys(f.sign for f in meant if f.level == said)
    if not signs:
        return (Reason("referrals.reason_code_urgent", {"level": said}),)
    return tuple(Reason("referrals.words_urgent", {"sign": sign, "level": said}) for sign in signs)


def _evidence(referral: Referral, findings: Sequence[Finding]) -> tuple[Evidence, ...]:
    quotes = [
        Evidence(
            source=f.source,
            words=f.words,
            start=f.start,
            end=f.end,
            bearing=Bearing.SUPPORTS if f.meaning == PRESENT else Bearing.CONTRADICTS,
        )
        for f in findings
    ]
    return (Evidence(source=referral.at("priority"), words=referral.priority), *quotes)


def _flips(
    referral: Referral, findings: Sequence[Finding], policy: UrgencyPolicy, answer: str, today: date
) -> tuple[Flip, ...]:
    """Return what would change the answer: another coded priority, or the sentence without its "denies"."""
    said = _level(referral, [f for f in findings if f.meaning == PRESENT], policy)
    flips = [
        Flip("referral.priority", priority, level)
        for priority, level in sorted(policy.priorities.items())
        if priority and level != answer and _rank(level, policy) >= _rank(said, policy)
    ]
    reaching = [f for f in findings if f.by is not None and _rank(f.level, policy) > _rank(answer, policy)]
    unsaid = _unsaid(referral, findings, reaching[0], policy, answer, today) if reaching else None
    return (*flips, unsaid) if unsaid else tuple(flips)


def _unsaid(
    referral: Referral,
    findings: Sequence[Finding],
    finding: Finding,
    policy: UrgencyPolicy,
    answer: str,
    today: date,
) -> Flip | None:
    """Return the flip of leaving out the words that changed a sign's meaning, if that alone would do it."""
    start, end = finding.by or (0, 0)
    index = next(i for i, text in enumerate(referral.words) if text.source == finding.source)
    fact = f"referral.words[{index}].text/{start}:{end}"
    changed = what_if(referral, fact, "")
    # Only the sentence's own text is read again: what the others say does not change.
    others = [f for f in findings if f.source != finding.source]
    found = [*others, *_read(changed.words[index], policy, today)]
    level = _level(changed, [f for f in found if f.meaning == PRESENT], policy)
    return Flip(fact, "", level) if _rank(level, policy) > _rank(answer, policy) else None
