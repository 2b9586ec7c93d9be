"""``careengine people``: let those of organisation.yaml in."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say
from careengine.entrypoints.cli.tree import branch

app = branch("Let the people of organisation.yaml in.")
Straight = Annotated[
    bool, typer.Option("--straight-in", help="For trying out only: the link signs in at once.")
]


@app.command()
@command
def invite(
    login: Annotated[str, typer.Argument(help="A login of organisation.yaml.")],
    straight_in: Straight = False,
    as_json: AsJson = False,
) -> None:
    """Print a link, good once and for a while, with which somebody chooses a password."""
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.invites import OnlyForTryingOut
    from careengine.entrypoints.invites import invite as invited
    from careengine.entrypoints.staff import person_called
    from careengine.runtime.clock import real_now
    from careengine.runtime.settings import Mode
    from careengine.trust.signing_in import SIGN_IN

    with opened() as (here, conn, engine, _access):
        person_called(engine.organisation, login)
        if straight_in and here.settings.mode is Mode.PRODUCTION:
            raise OnlyForTryingOut("A link that signs in at once is for trying out. Leave --straight-in out.")
        now = real_now()
        until = now + engine.book.value(SIGN_IN, now.date()).invite
        token = invited(conn, login, until=until, straight=straight_in)
        conn.commit()
        link = f"{here.settings.public_url}/link/{token}"
    if as_json:
        print_json({"login": login, "link": link, "until": until})
        return
    say(link)
