"""``careengine cards``: what waits for a person, why it is on top, and a person's answer to it."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say, table

app = typer.Typer(help="See and answer what waits for people.", no_args_is_help=True)
CardId = Annotated[int, typer.Argument(metavar="ID", help="The card's id.")]
Language = Annotated[str, typer.Option(help="Language of the sentences: en or es.")]


@app.command("list")
@command
def list_(
    team: Annotated[str, typer.Option(help="Only this team's cards.")] = "",
    site: Annotated[str, typer.Option(help="Only this site's cards.")] = "",
    assignee: Annotated[str, typer.Option(help="Only cards of this person.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List open cards, the one to do first on top, each with why it is there."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.explaining import shown_cards

    with opened() as (_, conn, engine, _access):
        found = shown_cards(
            conn, engine, team=team, site=site, assignee=assignee, limit=limit, language=language
        )
    if as_json:
        for card in found:
            print_json(card)
        print_json({"cards": len(found)})
        return
    rows = [(c["id"], c["team"], c["asked"], c["why"], c["due_at"], c["here"]) for c in found]
    table("Cards", ("id", "team", "asked", "why software stopped", "due", "why here"), rows)


@app.command()
@command
def show(card: CardId, language: Language = "en", as_json: AsJson = False) -> None:
    """Show one card: what is asked, why software stopped, the evidence, and what may be answered."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.explaining import shown_card

    with opened() as (_, conn, engine, _access):
        found = shown_card(conn, engine, card, language=language)
    if as_json:
        print_json(found)
        return
    for line in found["sentences"]:
        say(line)


@app.command()
@command
def decide(
    card: CardId,
    answer: Annotated[str, typer.Argument(help="One of the answers that `cards show` lists.")],
    actor: Annotated[str, typer.Option(help="Who decides: a login of organisation.yaml.")],
    reason: Annotated[str, typer.Option(help="Why; needed unless the proposal is simply accepted.")] = "",
    now: Annotated[bool, typer.Option("--now", help="At once, without the seconds to undo.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a card. The engine takes it up after some seconds in which it can be undone."""
    from careengine.entrypoints.answering import answer_card
    from careengine.entrypoints.cli.opened import opened

    with opened() as (_, conn, engine, _access):
        posted = answer_card(conn, engine, card, answer=answer, actor=actor, reason=reason, at_once=now)
    if as_json:
        print_json(posted)
    else:
        say(f"Card {card} is answered: {answer}.")
