"""``careengine cards``: what waits for a person, why it is on top, and a person's answer to it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from careengine.entrypoints.cli.output import (
    AsJson,
    Language,
    command,
    print_json,
    refuse,
    say,
    table,
)
from careengine.entrypoints.cli.reader import Actor, For, reader_of
from careengine.entrypoints.cli.tree import branch
from careengine.kernel.team import Team

if TYPE_CHECKING:
    from collections.abc import Iterable

    from careengine.worklist.deciding import Receipt

app = branch("See and answer what waits for people.")
CardId = Annotated[int, typer.Argument(metavar="ID", help="The card's id.")]
Decider = Annotated[str, typer.Option(help="Who decides: a login of organisation.yaml.")]


@app.command("list")
@command
def list_(
    *,
    team: Annotated[Team | None, typer.Option(help="Only cards of this team.")] = None,
    site: Annotated[str, typer.Option(help="Only cards of this site.")] = "",
    kind: Annotated[str, typer.Option(help="Only cards of this kind, like referrals.triage.")] = "",
    assignee: Annotated[str, typer.Option(help="Only cards that this person has taken.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List open cards, the one to do first on top, each with why.

    No patient's name and no word of a chart is shown.
    """
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.explaining import shown_cards
    from careengine.worklist.listing import Filter

    whose = team.value if team else None
    wanted = Filter(team=whose, site=site, kind=kind, assignee=assignee)
    with opened() as (_, conn, engine, _access):
        found = shown_cards(conn, engine, wanted, limit=limit, language=language)
    if as_json:
        for card in found:
            print_json(card)
        print_json({"cards": len(found)})
        return
    rows = [(c["id"], c["team"], c["asked"], c["why"], c["due_at"], c["here"]) for c in found]
    table("Cards", ("id", "team", "asked", "why software stopped", "due (UTC)", "why here"), rows)


@app.command()
@command
def show(
    card: CardId,
    *,
    actor: Actor = "",
    purpose: For = "treatment",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show one card: what is asked, why, the evidence, the answers.

    Words quoted from the chart are shown to an actor who may read them; that is kept on record.
    """
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.explaining import shown_card

    with opened() as (here, conn, engine, access):
        reader = reader_of(here.organisation, actor, purpose)
        found = shown_card(conn, engine, access, card, language=language, reader=reader)
    tell(found, as_json=as_json)


@app.command()
@command
def decide(
    card: Annotated[int | None, typer.Argument(metavar="ID", help="The card's id.")] = None,
    answer: Annotated[str | None, typer.Argument(help="One of the answers that `cards show` lists.")] = None,
    *,
    actor: Annotated[str, typer.Option(help="Who decides: a login of organisation.yaml.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed unless the proposal is simply accepted.")] = "",
    version: Annotated[
        int | None, typer.Option(help="The card's version you looked at; refused if it changed since.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="At once, without the seconds to undo.")] = False,
    from_file: Annotated[
        typer.FileText | None,
        typer.Option(help="Many answers instead of one: a JSON object a line; - reads them as they come."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a card, or many; the reason is kept with each.

    The engine waits some seconds, in which `cards undo` takes the answer back, unless the card is urgent.
    A line of --from-file is {"card": 7, "answer": "accept", "actor": "nurse.ines"}, and if needed "reason",
    "version", "now". Each is taken or refused by itself. The line {"list": true} asks for the open cards.
    """
    if from_file is not None:
        _decide_many(from_file, alone=card is None and not actor, as_json=as_json)
        return
    if card is None or answer is None or not actor:
        raise typer.BadParameter("Name the card, the answer and --actor, or give --from-file.")
    from careengine.entrypoints.answering import AnswerGiven, answer_card
    from careengine.entrypoints.cli.opened import opened

    given = AnswerGiven(card=card, answer=answer, actor=actor, reason=reason, version=version, at_once=now)
    with opened() as (_, conn, engine, _access):
        receipt = answer_card(conn, engine, given)
    if as_json:
        print_json(receipt)
    else:
        say(_thanks(receipt))


def _decide_many(lines: "Iterable[str]", *, alone: bool, as_json: bool) -> None:
    if not alone:
        raise typer.BadParameter("With --from-file, the card, the answer and the actor stand in its lines.")
    from careengine.entrypoints.bulk import NotTaken, answer_cards
    from careengine.entrypoints.cli.opened import opened
    from careengine.worklist.deciding import Receipt

    taken = refused = 0
    with opened() as (_, conn, engine, _access):
        for one in answer_cards(conn, engine, lines):
            refused += isinstance(one, NotTaken)
            taken += isinstance(one, Receipt)
            if as_json:
                print_json(one)
            elif isinstance(one, NotTaken):
                say(f"Line {one.line}: {one.error}")
    if refused:
        refuse(
            f"{refused} of {taken + refused} answers were refused.",
            as_json=as_json,
            taken=taken,
            not_taken=refused,
        )
    print_json({"taken": taken, "not_taken": 0}) if as_json else say(f"{taken} cards are answered.")


@app.command()
@command
def undo(card: CardId, actor: Decider, as_json: AsJson = False) -> None:
    """Take your own answer back, before the engine takes it."""
    from careengine.entrypoints.answering import take_back
    from careengine.entrypoints.cli.opened import opened

    with opened() as (_, conn, engine, _access):
        take_back(conn, engine, card, actor=actor)
    if as_json:
        print_json({"card": card, "undone": True})
    else:
        say(f"Card {card} is open again.")


def tell(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what was explained: as JSON, or as its sentences."""
    if as_json:
        print_json(found)
        return
    for line in found["sentences"]:
        say(line)


def _thanks(receipt: "Receipt") -> str:
    if receipt.undo_until is None:
        return f"Card {receipt.card} is answered: {receipt.answer}. The engine takes it now."
    return (
        f"Card {receipt.card} is answered: {receipt.answer}. Until {receipt.undo_until:%H:%M:%S} UTC "
        f"`careengine cards undo {receipt.card}` takes it back."
    )
