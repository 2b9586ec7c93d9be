"""An event nobody can place is shown to a person, who names its case or says that it concerns none."""

from dataclasses import replace
from uuid import UUID

from referral_examples import NOW, InForce

from careengine.engine.case import CARD_DECIDED
from careengine.engine.check import problems
from careengine.engine.journey import CardDecided, Case, Facts
from careengine.journeys.event_to_place import journey, placed, to_place
from careengine.kernel.decision import Route
from careengine.kernel.next import Next, Tell
from careengine.kernel.team import Team

WHY = {"event_kind": "sms.reply", "why": "two_on_one_phone", "journey": "x"}
DATA = {**WHY, "event": 5, "ref": "Communication/1@1"}
CASE = Case(
    id=1, journey="event_to_place", journey_version=1, state="to_place", version=0, subject=UUID(int=0),
    site="boston", zone="America/New_York", opened_at=NOW, entered_at=NOW, data=DATA,
)  # fmt: skip


def answered(answer: str) -> Next:
    decision = replace(
        to_place(CASE, Facts({}), InForce(), None, NOW).because[0], answer=answer, route=Route.PROCEED
    )
    said = CardDecided(
        id=2, kind=CARD_DECIDED, at=NOW, actor="ana", card=1, card_kind="engine.place", answer=answer,
        reason="looked", decision=decision, person=True,
    )  # fmt: skip
    return placed(CASE, Facts({}), InForce(), said, NOW)


def test_it_can_lose_nobody() -> None:
    assert problems(journey) == []


def test_the_card_says_what_came_and_why_it_has_no_place() -> None:
    shown = to_place(CASE, Facts({}), InForce(), None, NOW)
    assert shown.asking is not None
    assert shown.because[0].because[0].params == WHY
    assert shown.because[0].evidence[0].source == "Communication/1@1"


def test_the_case_a_person_names_is_told() -> None:
    assert answered("4711").tells == (Tell(4711, "sms.reply", {"ref": "Communication/1@1", "event": 5}),)


def test_what_concerns_nobody_is_closed() -> None:
    assert answered("close").state == "closed"


def test_a_lane_that_stopped_itself_is_shown_to_those_who_mend_it() -> None:
    why = {"why": "volume_over_the_most", "journey": "errand", "effect_kind": "x"}
    data = {"event_kind": "lane.stopped", **why}
    shown = to_place(replace(CASE, data=data), Facts({}), InForce(), None, NOW)

    assert shown.asking is not None
    assert (shown.asking.team, shown.asking.urgent) == (Team.WORKFLOW, True)
    assert shown.because[0].question == "engine.look_at_stop"
    assert shown.because[0].because[0].code == "engine.volume_over_the_most"
