from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from careengine.kernel.decision import AdverseDecision, ClinicianBasis, Route
from careengine.trust.actor import ActorKind
from careengine.worklist.acts import AlreadyDecided, CardChanged
from careengine.worklist.deciding import Answer, Receipt, TooLateToUndo, answered, decide, undo
from careengine.worklist.listing import CLOSED, DECIDED, NoSuchCard
from careengine.worklist.order import ReasonMissing

if TYPE_CHECKING:
    from conftest import Desk


def say(
    desk: "Desk",
    card: int,
    answer: str,
    *,
    actor: str = "ana",
    reason: str = "seen",
    version: int | None = None,
) -> Receipt:
    shown = desk.card(card)
    said = Answer(
        card=card, version=shown.version if version is None else version,
        decision=answered(shown.proposal, answer), reason=reason,
    )  # fmt: skip
    receipt = decide(desk.conn, desk.engine, said, by=desk.by(actor))
    desk.conn.commit()
    return receipt


def test_an_answer_waits_ten_seconds_and_then_moves_the_case(desk: "Desk") -> None:
    card = desk.ask("a")

    receipt = say(desk, card, "close")
    desk.advance()
    while_waiting = desk.card(card).status
    desk.undo_time_passes()

    assert receipt.undo_until is not None
    assert while_waiting == DECIDED
    assert desk.card(card).status == CLOSED
    assert desk.one("select closed_at is not null from engine_case where id = %s", desk.card(card).case)


def test_the_ledger_says_who_decided_and_why_software_had_stopped(desk: "Desk") -> None:
    card = desk.ask("a")

    say(desk, card, "close", reason="called the sender")
    desk.undo_time_passes()

    actor, kind, answer = desk.conn.execute(
        "select actor, actor_kind, answer from decision order by at desc, id desc limit 1"
    ).fetchall()[0]
    assert (actor, kind, answer) == ("ana", ActorKind.PERSON, "close")


def test_an_urgent_answer_is_taken_at_once(desk: "Desk") -> None:
    card = desk.ask("a")
    desk.conn.execute("update card set urgent = true")

    receipt = say(desk, card, "close")
    desk.advance()

    assert receipt.undo_until is None
    assert desk.card(card).status == CLOSED


def test_the_second_of_two_people_is_told_who_was_first_and_with_what(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close", actor="ana")

    with pytest.raises(AlreadyDecided, match=r"answered by ana with 'close'.*can still be taken back"):
        say(desk, card, "walk", actor="ben")
    desk.conn.rollback()
    desk.undo_time_passes()
    with pytest.raises(AlreadyDecided, match="the case has gone on"):
        say(desk, card, "walk", actor="ben")


def test_an_answer_to_a_card_as_it_was_before_is_refused(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close")
    undo(desk.conn, desk.engine, card, by=desk.by())

    with pytest.raises(CardChanged):
        say(desk, card, "close", actor="ben", version=1)


def test_an_answer_taken_back_never_happened_but_for_the_audit(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close")

    undo(desk.conn, desk.engine, card, by=desk.by())
    desk.conn.commit()
    desk.undo_time_passes()

    assert desk.cards() == [card]
    assert desk.one("select count(*) from inbox") == 0
    assert desk.one("select count(*) from decision where actor = 'ana'") == 0
    assert desk.one("select count(*) from audit where act = 'withdraw' and actor = 'ana'") == 1
    assert [act for (act,) in desk.conn.execute("select act from card_act order by id")] == [
        "decided", "undone",
    ]  # fmt: skip


def test_after_an_undo_the_card_can_be_answered_again(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close")
    undo(desk.conn, desk.engine, card, by=desk.by())
    desk.conn.commit()

    say(desk, card, "walk", actor="ben")
    desk.undo_time_passes()

    assert desk.card(card).status == CLOSED
    assert desk.one("select answer from decision where actor = 'ben'") == "walk"


def test_what_the_engine_has_taken_cannot_be_taken_back(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close")

    with pytest.raises(TooLateToUndo, match="taken the answer"):
        undo(desk.conn, desk.engine, card, by=desk.by(later=timedelta(seconds=11)))


def test_only_who_answered_can_take_it_back(desk: "Desk") -> None:
    card = desk.ask("a")
    say(desk, card, "close")

    with pytest.raises(TooLateToUndo, match="answered by ana"):
        undo(desk.conn, desk.engine, card, by=desk.by("ben"))


def test_every_answer_but_plain_acceptance_says_why(desk: "Desk") -> None:
    card = desk.ask("a")
    proposed = desk.card(card).proposal.answer

    with pytest.raises(ReasonMissing):
        say(desk, card, "close", reason="  ")
    desk.conn.rollback()
    accepted = say(desk, card, proposed, reason="")

    assert accepted.answer == proposed


def test_an_agent_s_adverse_answer_never_reaches_the_ledger(desk: "Desk") -> None:
    card = desk.ask("a")
    shown = desk.card(card)
    basis = ClinicianBasis(clinician="Dr. No", licence="1", specialty="none", attestation="none")
    proposal = shown.proposal
    denial = AdverseDecision(
        question=proposal.question, route=Route.PROCEED, answer="close", because=proposal.because,
        policy=proposal.policy, basis=basis,
    )  # fmt: skip
    agent = replace(desk.by("bot"), actor_kind=ActorKind.AGENT)

    decide(desk.conn, desk.engine, Answer(card=card, version=1, decision=denial, reason="because"), by=agent)
    desk.conn.commit()
    desk.undo_time_passes()

    assert desk.one("select count(*) from decision where actor = 'bot'") == 0
    assert desk.one("select closed_at is null from engine_case where id = %s", shown.case)


def test_a_card_that_is_not_there_is_said_so(desk: "Desk") -> None:
    with pytest.raises(NoSuchCard):
        say(desk, 404, "close")
