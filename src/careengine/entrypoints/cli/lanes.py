"""``careengine lanes``: the stop switch of each lane, site and partner, with who threw it and why."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say, table
from careengine.entrypoints.cli.tree import branch

app = branch("Stop what software does alone, and let it go on.")
ScopeName = Annotated[str, typer.Argument(metavar="SCOPE", help="lane (a journey), site or partner.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
Actor = Annotated[str, typer.Option(help="Who does it: a login of organisation.yaml.")]
Why = Annotated[str, typer.Option("--reason", help="Why; whoever finds it must know.")]


@app.command("list")
@command
def list_(as_json: AsJson = False) -> None:
    """List what is stopped, by whom and why."""
    from careengine.engine.guards import Stops
    from careengine.entrypoints.cli.opened import opened

    with opened() as (_, conn, _engine, _access):
        found = list(Stops.read(conn))
    if as_json:
        for stop in found:
            print_json(stop)
        print_json({"stopped": len(found)})
        return
    rows = [(stop.scope, stop.name, stop.by, stop.at, stop.reason) for stop in found]
    table("Stopped", ("scope", "name", "by", "since", "why"), rows)


@app.command()
@command
def stop(scope: ScopeName, name: Name, actor: Actor, reason: Why, as_json: AsJson = False) -> None:
    """Stop a lane, site or partner at once: its work goes to people, and nothing of it leaves."""
    from careengine.engine import guards
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.staff import person_called

    with opened() as (_, conn, engine, _access):
        person_called(engine.organisation, actor)
        engine.codes.id(guards.code_kind(scope), name)
        switch = guards.Stop(
            scope=guards.scope_called(scope), name=name, by=f"person:{actor}", reason=reason,
            at=engine.clock.now(),
        )  # fmt: skip
        new = guards.stop(conn, engine.ids, switch)
        conn.commit()
    _done(f"{scope} {name} is stopped.", {"scope": scope, "name": name, "new": new}, as_json=as_json)


@app.command()
@command
def resume(scope: ScopeName, name: Name, actor: Actor, reason: Why, as_json: AsJson = False) -> None:
    """Let a stopped lane, site or partner go on: what was kept back leaves now."""
    from careengine.engine import guards
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.staff import person_called

    with opened() as (_, conn, engine, _access):
        person_called(engine.organisation, actor)
        guards.resume(
            conn, guards.scope_called(scope), name, by=f"person:{actor}", reason=reason,
            at=engine.clock.now(),
        )  # fmt: skip
        conn.commit()
    _done(f"{scope} {name} goes on.", {"scope": scope, "name": name}, as_json=as_json)


def _done(sentence: str, said: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(said)
    else:
        say(sentence)
