"""``careengine journeys``: the stories cases follow, drawn and checked."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, refuse, say, table
from careengine.entrypoints.cli.tree import branch

app = branch("See, draw and check the stories that cases follow.")


@app.command("list")
@command
def list_(as_json: AsJson = False) -> None:
    """List the journeys with where they lead."""
    from careengine.entrypoints.compose import JOURNEYS

    found = [
        {
            "name": j.name,
            "version": j.version,
            "subject": j.subject,
            "outcome": j.outcome,
            "states": list(j.states),
        }
        for j in JOURNEYS
    ]
    if as_json:
        for journey in found:
            print_json(journey)
        print_json({"journeys": len(found)})
        return
    rows = [(j["name"], j["version"], j["subject"], j["outcome"]) for j in found]
    table("Journeys", ("name", "version", "about", "outcome"), rows)


@app.command()
@command
def draw(
    name: Annotated[str, typer.Argument(help="The journey's name.")],
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Draw it as a Mermaid diagram.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw a journey: states, owners, clocks, what is awaited, what leads where."""
    from careengine.engine.drawing import as_mermaid, as_text
    from careengine.entrypoints.compose import JOURNEYS

    found = [journey for journey in JOURNEYS if journey.name == name]
    if not found:
        known = ", ".join(sorted({journey.name for journey in JOURNEYS}))
        refuse(f"No journey is called {name}. There are: {known}.", as_json=as_json)
    drawing = as_mermaid(found[-1]) if mermaid or as_json else as_text(found[-1])
    print_json({"journey": name, "mermaid": drawing}) if as_json else say(drawing)


@app.command()
@command
def check(as_json: AsJson = False) -> None:
    """Check every journey: states reachable, owned, dated, left, and every card answered."""
    from careengine.engine.check import problems
    from careengine.entrypoints.compose import JOURNEYS

    found = [problem for journey in JOURNEYS for problem in problems(journey)]
    if found:
        refuse("\n".join(found), as_json=as_json, problems=found)
    if as_json:
        print_json({"journeys": len(JOURNEYS), "problems": []})
    else:
        say(f"{len(JOURNEYS)} journeys, nothing wrong.")
