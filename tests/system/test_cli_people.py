"""Cards and their answers: what is shown to whom, which answers are taken, and whose."""

from command_line import CommandLine, Worklist


def test_each_card_says_what_is_asked_why_and_what_may_be_answered(worklist: Worklist) -> None:
    assert worklist.listed.last == {"cards": len(worklist.cards)}
    assert len(worklist.cards) > 5
    for card in worklist.cards:
        assert all(card[known] for known in ("id", "case", "team", "due_at"))
        assert card["asked"].endswith("?")
        assert card["why"].endswith(".")
        assert card["answers"]
        assert card["about"].startswith("ServiceRequest/")
        assert "no words" not in card["asked"] + card["why"] + card["here"]


def test_a_list_holds_no_word_of_a_chart(worklist: Worklist) -> None:
    for card in worklist.cards:
        assert not {"evidence", "words", "patient", "name"} & set(card)


def test_a_card_that_misses_something_names_it_and_who_has_it(worklist: Worklist) -> None:
    card = worklist.of("referrals.completeness")
    assert card["missing"]
    assert {one["ask_of"] for one in card["missing"]} <= {"sender", "patient"}


def test_urgent_cards_come_first(worklist: Worklist) -> None:
    urgent = [card["urgent"] for card in worklist.cards]
    assert urgent == sorted(urgent, reverse=True)
    assert urgent[0]


def test_cards_are_listed_by_team(careengine: CommandLine) -> None:
    found = careengine("cards", "list", "--team", "nurses", "--json").lines[:-1]
    assert {card["team"] for card in found} == {"nurses"}


def test_quotes_are_shown_to_a_nurse_and_leave_a_trace(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.of("referrals.urgency")
    before = careengine("ledger", "verify", "--json").last["audits"]

    shown = careengine("cards", "show", card["id"], "--actor", "nurse.ines", "--json").last

    assert any(one["words"] for one in shown["evidence"])
    assert shown["withheld"] == ""
    assert careengine("ledger", "verify", "--json").last["audits"] > before


def test_quotes_are_shown_to_nobody_in_particular(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.of("referrals.urgency")
    shown = careengine("cards", "show", card["id"], "--json").last
    assert {one["words"] for one in shown["evidence"]} <= {None, ""}
    assert shown["withheld"] == "worklist.quotes_need_reader"
    assert any("--actor" in sentence for sentence in shown["sentences"])


def test_quotes_are_kept_from_who_may_not_read_them(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.of("referrals.urgency")
    shown = careengine("cards", "show", card["id"], "--actor", "wire.kim", "--json").last
    assert {one["words"] for one in shown["evidence"]} <= {None, ""}
    assert shown["withheld"] == "worklist.quotes_not_allowed"


def test_a_card_is_explained_in_spanish_too(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.cards[0]
    told = careengine("cards", "show", card["id"], "--language", "es").out
    assert "Por qué se detuvo el programa" in told
    assert "no words" not in told


def test_a_language_nobody_wrote_is_said_and_no_crash(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.cards[0]
    shown = careengine("cards", "show", card["id"], "--language", "fr", "--json")
    assert shown.code == 0
    assert "no words in 'fr'" in shown.last["asked"]


def test_an_answer_the_card_does_not_offer_is_refused_with_those_it_offers(
    careengine: CommandLine, worklist: Worklist
) -> None:
    card = worklist.of("referrals.completeness")
    found = careengine("cards", "decide", card["id"], "maybe", "--actor", "desk.rosa", "--json")
    assert found.code == 1
    for answer in card["answers"]:
        assert answer in found.last["error"]


def test_an_answer_that_is_not_the_proposal_needs_a_reason(
    careengine: CommandLine, worklist: Worklist
) -> None:
    card = worklist.of("referrals.urgency")
    found = careengine("cards", "decide", card["id"], "accept_routine", "--actor", "nurse.ines", "--json")
    assert found.code == 1
    assert "Say why" in found.last["error"]


def test_only_who_sits_in_the_team_or_stands_in_for_it_answers(
    careengine: CommandLine, worklist: Worklist
) -> None:
    card = worklist.of("referrals.urgency")
    answer = ("cards", "decide", card["id"], "accept_routine", "--reason", "seen", "--json")
    at_the_desk = careengine(*answer, "--actor", "desk.rosa")
    nobody = careengine(*answer, "--actor", "somebody.else")
    assert (at_the_desk.code, nobody.code) == (1, 1)
    assert "nurses" in at_the_desk.last["error"]
    assert "organisation.yaml" in nobody.last["error"]


def test_an_answer_can_be_taken_back_and_given_again(careengine: CommandLine, worklist: Worklist) -> None:
    card = worklist.of("referrals.completeness")
    answer = (
        "cards",
        "decide",
        card["id"],
        "accept_without",
        "--actor",
        "desk.rosa",
        "--reason",
        "Rang them.",
    )

    given = careengine(*answer, "--json")
    of_another = careengine("cards", "undo", card["id"], "--actor", "desk.tom", "--json")
    undone = careengine("cards", "undo", card["id"], "--actor", "desk.rosa", "--json")
    too_old = careengine(*answer, "--version", card["version"], "--json")
    again = careengine(*answer, "--now", "--json")
    twice = careengine(*answer, "--json")
    careengine("worker", "--until-idle")

    assert (given.code, given.last["answer"]) == (0, "accept_without")
    assert given.last["undo_until"]
    assert (of_another.code, undone.code, too_old.code) == (1, 0, 1)
    assert again.last["undo_until"] is None
    assert twice.code == 1
    assert "desk.rosa" in twice.last["error"]
    story = careengine("cases", "show", card["case"], "--json").last
    assert "desk.rosa" in {decision["actor"] for decision in story["decisions"]}


def test_a_person_s_decision_is_explained_with_its_reason(
    careengine: CommandLine, worklist: Worklist
) -> None:
    card = worklist.of("referrals.duplicate")
    given = ("--actor", "desk.rosa", "--reason", "Two questions.", "--now")
    assert careengine("cards", "decide", card["id"], "separate", *given).code == 0
    careengine("worker", "--until-idle")
    story = careengine("cases", "show", card["case"], "--json").last
    number = next(one["id"] for one in story["decisions"] if one["actor"] == "desk.rosa")

    shown = careengine("decision", "show", number, "--actor", "desk.rosa", "--json").last
    closed = careengine("decision", "show", number, "--json").last

    assert (shown["actor_kind"], shown["answer"], shown["reason"]) == ("person", "separate", "Two questions.")
    assert closed["reason"] is None
    assert shown["because"][0]["code"] == "worklist.person_decided"
