"""``careengine links``: what a patient is given to open their own page."""

from typing import Annotated

import typer

from careengine.entrypoints.cli.output import AsJson, command, print_json, say
from careengine.entrypoints.cli.tree import branch

app = branch("Links that open a patient's own page.")


@app.command()
@command
def make(
    case: Annotated[int, typer.Argument(help="An open case.")],
    purpose: Annotated[str, typer.Argument(help="visit, intake or card.")] = "visit",
    as_json: AsJson = False,
) -> None:
    """Print a link to send to the patient: it opens this case's page for this purpose alone."""
    from careengine.engine.case_views import subject_of_open_case
    from careengine.entrypoints.cli.opened import opened
    from careengine.entrypoints.linking import link_to
    from careengine.trust.patient_links import PATIENT_LINKS

    with opened() as (here, conn, engine, _access):
        subject_of_open_case(conn, case)
        now = engine.clock.now()
        until = now + engine.book.value(PATIENT_LINKS, now.date()).lasts
        link = link_to(here.settings, case, purpose, until=until)
    if as_json:
        print_json({"case": case, "purpose": purpose, "link": link, "until": until})
        return
    say(link)
