"""``authorize``: whether somebody may work a team's cards, lead it, or open a page, asked of Cedar alone."""

from careengine.engine.composition import Engine
from careengine.entrypoints.staff import Person
from careengine.kernel.errors import Refused
from careengine.kernel.team import Team
from careengine.trust.access import Act, NotAllowed, Thing, Worker
from careengine.worklist.listing import Card
from careengine.worklist.order import DECIDING


class NotTheirCard(Refused):
    """Somebody acts on a card of a team they neither sit in nor stand in for."""


class NotTheirLead(Refused):
    """Somebody gives round the work of a team they do not answer for."""


def authorize(engine: Engine, person: Person, act: Act, thing: Thing, *, refusal: str) -> None:
    """Refuse what no rule of ``policies/access`` grants, in these words; raises ``NotAllowed``."""
    if not may(engine, person, act, thing):
        raise NotAllowed(refusal)


def may(engine: Engine, person: Person, act: Act, thing: Thing) -> bool:
    """Say whether a rule of ``policies/access`` grants it."""
    who = Worker(kind=person.kind, teams=frozenset(person.teams), leads=frozenset(person.leads))
    return engine.access.may(who, act, thing)


def authorize_work(engine: Engine, person: Person, card: Card) -> None:
    """Refuse somebody who neither sits in a card's team nor stands in for it: :class:`NotTheirCard`."""
    policy = engine.book.value(DECIDING, engine.clock.now().date())
    others = policy.stand_ins.get(card.team, frozenset())
    if not may(engine, person, Act.WORK, Thing("Team", card.team, frozenset(others))):
        teams = ", ".join(sorted({card.team, *others}))
        raise NotTheirCard(
            f"Card {card.id} is for {teams}; {person.login} sits in none of them. Hand it over first, or let "
            "one of them answer."
        )


def authorize_lead(engine: Engine, person: Person, team: Team) -> None:
    """Refuse somebody who does not answer for a team: :class:`NotTheirLead`."""
    if not may(engine, person, Act.LEAD, Thing("Team", team.value)):
        raise NotTheirLead(
            f"{person.login} does not answer for {team.value}. Only who does gives its work round or stops "
            "a lane."
        )
