"""``careengine agents``: let programs of organisation.yaml in, and shut them out."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say
from careengine.entrypoints.cli.tree import branch

app = branch("Let the agents of organisation.yaml in, or shut them out.")
Name = Annotated[str, typer.Argument(help="An agent of organisation.yaml.")]


@app.command()
@command
def token(
    name: Name,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how many days it is good.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Print a token, shown this once, with which an agent shows who it is."""
    from datetime import timedelta

    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.staff import AGENT, person_called
    from careengine.entrypoints.tokens import issue
    from careengine.runtime.clock import real_now

    with opened() as (_, conn, engine, _access):
        agent = person_called(engine.organisation, f"{AGENT}{name}")
        now = real_now()
        made = issue(conn, agent.login, now=now, until=now + timedelta(days=days))
        conn.commit()
    print_json({"agent": name, "token": made}) if as_json else say(made)


@app.command()
@command
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Take back every token of an agent, at once."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.staff import AGENT
    from careengine.entrypoints.tokens import revoke as take_back
    from careengine.runtime.clock import real_now

    with opened() as (_, conn, _engine, _access):
        count = take_back(conn, f"{AGENT}{name}", now=real_now())
        conn.commit()
    print_json({"agent": name, "revoked": count}) if as_json else say(f"{count} tokens were taken back.")


@app.command()
@command
def mcp() -> None:
    """Serve one agent over the Model Context Protocol on standard input; its token is in the environment.

    Set CAREENGINE_SECRET_AGENT to the token that `careengine agents token` printed.
    """
    from careengine.entrypoints.api.desk import Desk, Served
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.mcp_server import mcp_server

    with opened() as (here, _, engine, access):
        desk = Desk(Served(url=here.url, tokens={}, access=access, clock=here.clock, engine=engine))
        shown = f"Bearer {here.settings.secrets.get('agent', '')}"
        mcp_server(desk, engine, shown).run("stdio")
        desk.close()
