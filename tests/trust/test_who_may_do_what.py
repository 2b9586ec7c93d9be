"""Acts on a team's work, and pages that are not everybody's: the rules of access/acts.cedar as a table."""

import pytest

from careengine.trust.access import Access, Act, Thing, Worker
from careengine.trust.actor import ActorKind

ACCESS = Access.from_package()
PERSON = Worker(kind=ActorKind.PERSON, teams=frozenset({"access"}), leads=frozenset({"nurses"}))
AGENT = Worker(kind=ActorKind.AGENT, teams=frozenset({"access", "privacy"}), leads=frozenset({"access"}))
OFFICER = Worker(kind=ActorKind.PERSON, teams=frozenset({"privacy"}))
ADMINISTRATOR = Worker(kind=ActorKind.PERSON, teams=frozenset({"integration"}))
STOOD_IN_FOR = Thing("Team", "clinicians", frozenset({"access", "nurses"}))


@pytest.mark.parametrize(
    ("who", "act", "thing", "allowed"),
    [
        (PERSON, Act.WORK, Thing("Team", "access"), True),
        (PERSON, Act.WORK, Thing("Team", "nurses"), False),
        (PERSON, Act.WORK, STOOD_IN_FOR, True),
        (OFFICER, Act.WORK, STOOD_IN_FOR, False),
        (PERSON, Act.LEAD, Thing("Team", "nurses"), True),
        (PERSON, Act.LEAD, Thing("Team", "access"), False),
        (AGENT, Act.WORK, Thing("Team", "access"), True),
        (AGENT, Act.LEAD, Thing("Team", "access"), False),
        (OFFICER, Act.SEE, Thing("Page", "privacy"), True),
        (AGENT, Act.SEE, Thing("Page", "privacy"), False),
        (PERSON, Act.SEE, Thing("Page", "privacy"), False),
        (ADMINISTRATOR, Act.SEE, Thing("Page", "people"), True),
        (OFFICER, Act.SEE, Thing("Page", "people"), False),
        (ADMINISTRATOR, Act.SEE, Thing("Page", "another"), False),
    ],
)
def test_an_act_is_allowed_only_by_a_rule(who: Worker, act: Act, thing: Thing, allowed: bool) -> None:
    assert ACCESS.may(who, act, thing) is allowed
