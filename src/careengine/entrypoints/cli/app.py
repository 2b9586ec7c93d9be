"""The tree of commands; each imports what it needs only when it runs, so that help is quick."""

import sys

import typer

from careengine.entrypoints.cli import (
    agents,
    cards,
    cases,
    decisions,
    journeys,
    lanes,
    links,
    people,
    policies,
    replaying,
    report,
    running,
    summing_up,
)
from careengine.entrypoints.cli.output import WRONG_USE, print_json
from careengine.entrypoints.cli.tree import branch

app = branch("Carry patients through care: take in what happens, decide what is next, ask when unsure.")
running.add_to(app)
replaying.add_to(app)
summing_up.add_to(app)
app.add_typer(agents.app, name="agents")
app.add_typer(cases.app, name="cases")
app.add_typer(cards.app, name="cards")
app.add_typer(decisions.decision, name="decision")
app.add_typer(decisions.ledger, name="ledger")
app.add_typer(journeys.app, name="journeys")
app.add_typer(lanes.app, name="lanes")
app.add_typer(links.app, name="links")
app.add_typer(people.app, name="people")
app.add_typer(report.app, name="report")
app.add_typer(policies.app, name="policy")


def main() -> None:
    """Run the command line and end the process: 0 done, 1 something was refused, 2 wrong use."""
    try:
        ended = app(standalone_mode=False)
    except typer.TyperException as wrong:
        if "--json" in sys.argv:
            print_json({"error": wrong.format_message()})
        else:
            wrong.show()  # type: ignore[attr-defined]  # every error of use shows itself
        sys.exit(WRONG_USE)
    sys.exit(ended or 0)
