"""The tree of commands; each imports what it needs only when it runs, so that help is quick."""

import typer

from careengine.entrypoints.cli import cards, cases, decisions, journeys, policies, running

app = typer.Typer(
    name="careengine",
    help="Carry patients through care: take in what happens, decide the next step, ask people when unsure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
running.add_to(app)
app.add_typer(cases.app, name="cases")
app.add_typer(journeys.app, name="journeys")
app.add_typer(cards.app, name="cards")
app.add_typer(decisions.decision, name="decision")
app.add_typer(decisions.ledger, name="ledger")
app.add_typer(policies.app, name="policy")


def main() -> None:
    """Run the command line."""
    app()
