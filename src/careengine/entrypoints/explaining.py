"""A decision, or the card that asks for one, as data for programs and as sentences for people."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from careengine.engine.case import CARD_DECIDED
from careengine.engine.case_views import CaseView, about, case_called
from careengine.engine.composition import Engine
from careengine.entrypoints.quoting import NOBODY, Quotes, quotes_for
from careengine.entrypoints.words import Said, Words
from careengine.kernel.decision import AdverseDecision, Decision, Refusal
from careengine.kernel.policy import Scalar
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import ActorKind, Reader
from careengine.trust.reading import Recorded, recorded
from careengine.worklist.acts import answered_lately, reason_given
from careengine.worklist.answers import ANSWERS, UnlistedAnswer, answers_to
from careengine.worklist.listing import DECIDED, OPEN, Card, Filter, card_called, list_cards
from careengine.worklist.order import DECIDING

Shown = dict[str, Any]


def shown_cards(
    conn: Connection, engine: Engine, wanted: Filter, *, limit: int, language: str
) -> list[Shown]:
    """Return open cards, the one to take first on top. No name and no word of a chart stands in them."""
    cards = list_cards(conn, engine, wanted, now=engine.clock.now(), limit=limit)
    words = Words(conn, engine.book, language)
    subjects = about(conn, [card.case for card in cards])
    return [_card(engine, card, words, subjects.get(card.case, "")) for card in cards]


def shown_card(  # noqa: PLR0913  which card, in which words, for whom
    conn: Connection,
    engine: Engine,
    access: Access,
    card: int,
    *,
    language: str,
    reader: Reader | None,
    zone: ZoneInfo | None = None,
) -> Shown:
    """Return one card whole, with its quotes if ``reader`` may read them, and ``sentences`` to read out.

    With a ``zone`` its words are for people: moments on that clock, no codes.
    """
    found = card_called(conn, engine, card, now=engine.clock.now())
    words = Words(conn, engine.book, language, zone)
    case = case_called(conn, engine, found.case)
    quotes = _quotes(conn, engine, access, found.proposal, reader)
    shown = _card(engine, found, words, about(conn, [found.case]).get(found.case, ""))
    shown |= {
        "evidence": quotes.told(found.proposal.evidence),
        "withheld": quotes.withheld,
        "lately": answered_lately(conn, engine, found.kind),
        "next": _next(engine, found, case),
    }
    shown["sentences"] = _card_told(engine, found, case, words.now(_today(engine)), shown, quotes)
    return shown


def explained(
    conn: Connection, engine: Engine, access: Access, decision: int, *, language: str, reader: Reader | None
) -> Shown:
    """Return a recorded decision whole, in the words in force when it was recorded."""
    found = recorded(conn, decision)
    words = Words(conn, engine.book, language)
    then, now = words.then(found.recorded_at, found.at.date()), words.now(_today(engine))
    zone = ZoneInfo(engine.organisation.sites[case_called(conn, engine, found.case).site].zone)
    shown = _recorded(found, then)
    head = {"question": shown["asked"], "answer": found.answer, "actor": found.actor}
    lines = [now.sentence("worklist.decided", {**head, "at": _local(found.at, zone)})]
    if found.decision is None:
        shown["sentences"] = [*lines, now.sentence("worklist.decision_purged", {})]
        return shown
    quotes = _quotes(conn, engine, access, found.decision, reader)
    shown |= _decision(found.decision, then)
    shown |= {"evidence": quotes.told(found.decision.evidence), "withheld": quotes.withheld}
    lines += [*shown["says"], *_evidence_told(now, shown, quotes)]
    if found.actor_kind is ActorKind.SOFTWARE:
        lines += [*_sureness(now, found.decision), *_flips_told(now, found.decision)]
    else:
        shown["reason"] = _reason(conn, found) if reader is not None else None
        lines.append(now.sentence("worklist.decided_because", {"reason": shown["reason"] or "-"}))
    lines += _basis_told(now, found.decision)
    lines.append(_policy_told(now, found.decision, found.function, found.code_version))
    shown["sentences"] = lines
    return shown


def _reason(conn: Connection, found: Recorded) -> str:
    return reason_given(conn, found.case, found.event) if found.event is not None else ""


def _quotes(
    conn: Connection, engine: Engine, access: Access, decision: Decision, reader: Reader | None
) -> Quotes:
    if reader is None:
        return NOBODY if any(one.words for one in decision.evidence) else Quotes()
    return quotes_for(conn, engine, access, decision.evidence, reader=reader)


def _today(engine: Engine) -> date:
    return engine.clock.now().date()


def _card(engine: Engine, card: Card, words: Words, subject: str) -> Shown:
    then = words.then(card.recorded_at, card.opened_at.date())
    shown = _decision(card.proposal, then)
    return {
        "id": card.id, "version": card.version, "case": card.case, "journey": card.journey,
        "state": card.state, "kind": card.kind, "team": card.team, "role": card.role,
        "assignee": card.assignee, "site": card.site, "urgent": card.urgent,
        "status": ("open", "decided", "closed")[card.status], "opened_at": card.opened_at,
        "due_at": card.due_at, "snoozed_until": card.snoozed_until, "about": subject,
        "asked": then.question(card.proposal.question), "why": " ".join(shown["says"]),
        "answers": _answers(engine, card), "here": words.now(_today(engine)).reason(card.here),
        "decision": card.decision_id, "stopped_at": card.stopped_at, **shown,
    }  # fmt: skip


def _decision(decision: Decision, then: Said) -> Shown:
    missing = [
        {"item": reason.params.get("item"), "ask_of": reason.params["ask_of"]}
        for reason in decision.because
        if "ask_of" in reason.params
    ]
    return {
        "question": decision.question, "route": decision.route.value, "proposal": decision.answer,
        "because": decision.because, "says": then.reasons(decision.because), "missing": missing,
        "confidence": decision.confidence, "threshold": decision.threshold, "model": decision.model,
        "policy": decision.policy, "flips": decision.flips,
    }  # fmt: skip


def _recorded(found: Recorded, then: Said) -> Shown:
    return {
        "id": found.id, "case": found.case, "case_version": found.case_version, "at": found.at,
        "recorded_at": found.recorded_at, "actor": found.actor, "actor_kind": found.actor_kind.name.lower(),
        "kind": found.kind.name.lower(), "question": found.question, "asked": then.question(found.question),
        "answer": found.answer, "function": found.function, "code_version": found.code_version,
        "event": found.event, "purged": found.decision is None,
    }  # fmt: skip


def _answers(engine: Engine, card: Card) -> list[str]:
    try:
        return list(answers_to(card.kind, policy=engine.book.value(ANSWERS, _today(engine))))
    except UnlistedAnswer:
        return []


def _next(engine: Engine, card: Card, case: CaseView) -> Shown:
    """Return what an answer sets off, and what happens by when without one."""
    journey = engine.newest(case.journey).journey
    on = journey.handles(case.state, CARD_DECIDED) if case.state in journey.states else None
    undo = engine.book.value(DECIDING, _today(engine)).undo
    return {
        "may_go_to": list(on.goes) if on else [],
        "undo_seconds": 0 if card.urgent else int(undo.total_seconds()),
        "looked_at_again": case.due_at,
        "deadline": case.deadline,
    }


def _card_told(
    engine: Engine, card: Card, case: CaseView, now: Said, shown: Shown, quotes: Quotes
) -> list[str]:
    zone = ZoneInfo(engine.organisation.sites[card.site].zone)
    head: dict[str, Scalar] = {
        "card": str(card.id), "team": card.team, "site": card.site, "due": _local(card.due_at, zone)
    }  # fmt: skip
    waits = now.sentence("worklist.card_waits" if card.status == OPEN else "worklist.card_answered", head)
    lines = [shown["asked"], waits]
    if card.status == OPEN:
        lines.append(shown["here"])
    lines.append(now.sentence("worklist.stopped", {"why": shown["why"]}))
    lines += [*_evidence_told(now, shown, quotes), *_sureness(now, card.proposal)]
    lines += [*_flips_told(now, card.proposal)]
    lines.append(_policy_told(now, card.proposal, card.stopped_at, ""))
    if card.status != OPEN:
        return lines + ([now.sentence("worklist.can_be_undone", {})] if card.status == DECIDED else [])
    return [*lines, *_lately_told(now, shown["lately"]), *_next_told(now, card, case, shown, zone)]


def _lately_told(now: Said, lately: dict[str, int]) -> list[str]:
    given = ", ".join(f"{answer} {cards}" for answer, cards in lately.items())
    said: dict[str, Scalar] = {"cards": sum(lately.values()), "answers": given}
    return [now.sentence("worklist.answered_lately", said)] if lately else []


def _next_told(now: Said, card: Card, case: CaseView, shown: Shown, zone: ZoneInfo) -> list[str]:
    answers = {"answers": ", ".join(shown["answers"]) or "-", "proposal": card.proposal.answer}
    offered = card.proposal.answer in shown["answers"]
    undo = shown["next"]["undo_seconds"]
    after = now.sentence("worklist.taken_after", {"seconds": undo}) if undo else ""
    until = {
        "awaits": now.called("awaits", case.awaits), "role": card.role,
        "again": _local(case.due_at, zone), "deadline": _local(case.deadline, zone),
    }  # fmt: skip
    told = [
        now.sentence("worklist.may_be_answered" if offered else "worklist.must_be_explained", answers),
        after or now.sentence("worklist.taken_at_once", {}),
        now.sentence("worklist.without_answer", until),
    ]
    return [line for line in told if line]


def _evidence_told(now: Said, shown: Shown, quotes: Quotes) -> list[str]:
    lines = []
    for one in shown["evidence"]:
        where = {"source": one["source"], "bearing": now.called("worklist.bearing", one["bearing"])}
        if one["words"]:
            lines.append(now.sentence("worklist.evidence_quoted", {**where, "words": one["words"]}))
        else:
            lines.append(now.sentence("worklist.evidence", where))
    if quotes.withheld:
        lines.append(now.sentence(quotes.withheld, dict(quotes.params)))
    return lines


def _sureness(now: Said, decision: Decision) -> list[str]:
    given: dict[str, Scalar] = {"answer": decision.answer, "sure": _percent(decision.confidence)}
    if decision.threshold is not None:
        given["threshold"] = _percent(decision.threshold)
        return [now.sentence("worklist.sure_against_threshold", given)]
    by_rule = decision.model is None and decision.confidence == 1.0
    return [now.sentence("worklist.sure_by_rule" if by_rule else "worklist.sure", given)]


def _flips_told(now: Said, decision: Decision) -> list[str]:
    return [
        now.sentence(
            "worklist.flip",
            {"fact": flip.fact, "becomes": _value(flip.becomes), "answer": flip.answer},
        )
        for flip in decision.flips
    ]


def _basis_told(now: Said, decision: Decision) -> list[str]:
    if isinstance(decision, Refusal):
        given = {"clause": decision.clause, "law": decision.law, "jurisdiction": decision.jurisdiction}
        return [now.sentence("worklist.refused_under", given)]
    if isinstance(decision, AdverseDecision):
        basis = decision.basis
        given = {"clinician": basis.clinician, "licence": basis.licence, "specialty": basis.specialty}
        return [now.sentence("worklist.adverse_by", given)]
    return []


def _policy_told(now: Said, decision: Decision, function: str, code: str) -> str:
    policy = decision.policy
    row = f", {policy.row}" if policy.row else ""
    given: dict[str, Scalar] = {"policy": f"{policy.name}{row}", "version": policy.version}
    given |= {"function": function, "code": code}
    return now.sentence("worklist.under_policy_by_code" if code else "worklist.under_policy", given)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _value(value: Scalar) -> str:
    return "-" if value in {None, ""} else str(value)


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


__all__: Sequence[str] = ("explained", "shown_card", "shown_cards")
