"""Who a login of ``organisation.yaml`` is, a person or an agent: the teams they work in or answer for."""

from dataclasses import dataclass

from careengine.kernel.errors import NotFound
from careengine.kernel.team import Team
from careengine.runtime.organisation import Organisation, TeamSetting
from careengine.trust.actor import ActorKind, Purpose, Reader

AGENT = "agent:"
"""What the name of an agent begins with, wherever somebody is named."""


class UnknownPerson(NotFound):
    """Nobody of this login sits in a team."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here."""

    login: str
    teams: frozenset[Team]
    kind: ActorKind = ActorKind.PERSON
    leads: frozenset[Team] = frozenset()
    """The teams they answer for: as backup, supervisor, director or executive."""

    def reader(self, purpose: Purpose) -> Reader:
        """Return the person as a reader of charts, in the roles of their teams."""
        return Reader(
            actor=self.login, actor_kind=self.kind, purpose=purpose,
            roles=frozenset(team.value for team in self.teams),
        )  # fmt: skip


def person_called(organisation: Organisation, login: str) -> Person:
    """Return the person of this login, or the agent called ``agent:NAME``; raises :class:`UnknownPerson`."""
    agent = organisation.agents.get(login.removeprefix(AGENT)) if login.startswith(AGENT) else None
    if agent is not None:
        return Person(login, frozenset(agent.teams), ActorKind.AGENT)
    teams = frozenset(team for team, setting in organisation.teams.items() if login in _sitting(setting))
    if not teams:
        raise UnknownPerson(
            f"Nobody called {login} sits in a team of organisation.yaml. Correct the login or add them there."
        )
    return Person(login, teams, leads=_leads_of(organisation, login))


def _leads_of(organisation: Organisation, login: str) -> frozenset[Team]:
    return frozenset(
        team
        for team, one in organisation.teams.items()
        if login in {one.backup, one.supervisor, one.director, one.executive}
    )


def everybody(organisation: Organisation) -> frozenset[str]:
    """Return the login of everybody who sits in a team or answers for one."""
    return frozenset(login for setting in organisation.teams.values() for login in _sitting(setting))


def colleagues(organisation: Organisation, team: str) -> list[str]:
    """Return who sits in a team or answers for it."""
    setting = organisation.teams.get(Team(team))
    return sorted(_sitting(setting)) if setting is not None else []


def _sitting(team: TeamSetting) -> frozenset[str]:
    return frozenset((*team.people, team.backup, team.supervisor, team.director, team.executive))
