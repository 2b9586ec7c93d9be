"""Does ``organisation.yaml`` fit the journeys and policies it names? Found at start, not by a case."""

from collections.abc import Iterable, Iterator
from datetime import date

from careengine.engine.calendars import Calendar
from careengine.engine.engine_needs import ASKING
from careengine.engine.journey import Journey
from careengine.kernel.errors import CareError
from careengine.kernel.policy import PolicyName
from careengine.kernel.team import Team
from careengine.policy.book import PolicyBook
from careengine.policy.findings import NoPolicyThatDay
from careengine.runtime.organisation import Organisation


class OrganisationMisfit(CareError):
    """``organisation.yaml`` names a journey or a calendar there is not, or leaves a team without people."""


def refuse_misfit(
    organisation: Organisation, journeys: Iterable[Journey], book: PolicyBook, *, today: date
) -> None:
    """Raise :class:`OrganisationMisfit` with every fault, a line each."""
    found = list(misfits(organisation, tuple(journeys), book, today=today))
    if found:
        raise OrganisationMisfit("organisation.yaml does not fit. Correct:\n  " + "\n  ".join(found))


def refuse_broken(book: PolicyBook, *, today: date) -> None:
    """Refuse to carry cases while a live policy cannot be read: every case would end on somebody's desk."""
    found = list(broken(book, today=today))
    if found:
        raise OrganisationMisfit(
            "This release cannot read live policies. Publish versions it can read:\n  " + "\n  ".join(found)
        )


def broken(book: PolicyBook, *, today: date) -> Iterator[str]:
    """Yield each live policy that this release cannot read, and why; one that says nothing today is fine."""
    for name in book:
        try:
            book[name].on(today)
        except NoPolicyThatDay:
            continue
        except CareError as error:
            yield str(error)


def misfits(
    organisation: Organisation, journeys: tuple[Journey, ...], book: PolicyBook, *, today: date
) -> Iterator[str]:
    """Yield each fault; ``journeys`` are all that this release holds, ``book`` the live policies."""
    known = {journey.name: journey for journey in journeys}
    for name in organisation.journeys:
        if name not in known:
            yield f"journeys: there is no {name}; this release holds {', '.join(sorted(known))}"
    for team, why in sorted(_teams_needed(organisation, known, book, today).items()):
        if team not in organisation.teams:
            yield f"teams: {team.value} is missing and {why}; say who sits in it"
    for name, site in organisation.sites.items():
        try:
            book.value(PolicyName(site.calendar, Calendar), today)
        except CareError as error:
            yield f"sites.{name}.calendar: {error}"


def _teams_needed(
    organisation: Organisation, known: dict[str, Journey], book: PolicyBook, today: date
) -> dict[Team, str]:
    """Return each team that owns a state of a journey that is on, or gets the engine's own cards."""
    asked = book.value(ASKING, today).teams.values()
    needed = dict.fromkeys(asked, "gets the engine's own cards (policy engine.asking)")
    for name in organisation.journeys:
        if name in known:
            for state in known[name].states.values():
                needed[state.owner] = f"owns the state {state.name} of {name}"
    return needed
