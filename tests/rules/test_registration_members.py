"""As a payer: nothing is given away to somebody who knows only a number; a no has its clause and law."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from registration_examples import NOW, InForce, a_case

from careengine.capabilities import registration
from careengine.capabilities.registration import OUR_MEMBERS, Inquiry, Member, Members, Plan
from careengine.kernel.decision import Refusal, Route

POLICY = InForce()[OUR_MEMBERS]
TODAY = NOW.date()
ANN = Member(
    ref="Patient/ann@1",
    subject=UUID(int=1),
    last="Lee",
    first="Ann",
    born=date(1980, 1, 2),
    plans=(Plan(ref="Coverage/ann@1", status="active", called=("Town Health",)),),
)
ASKED = Inquiry(
    ref="Binary/x270-1@1", payer="842610001", number="M100", last="LEE", first="ANN", born=date(1980, 1, 2),
    day=TODAY,
)  # fmt: skip
NAMES = st.sampled_from(["Lee", "LEE", "Lée", "Roe", "Lee-Roe", "O'Lee", ""])
FIRSTS = st.sampled_from(["Ann", "Anna", "A", "Kim", ""])
BIRTHS = st.sampled_from([date(1980, 1, 2), date(1980, 2, 1), None])
DAYS = st.one_of(st.none(), st.dates(TODAY - timedelta(days=900), TODAY + timedelta(days=900)))
PLANS = st.lists(
    st.builds(
        Plan,
        ref=st.sampled_from(["Coverage/a@1", "Coverage/b@2"]),
        status=st.sampled_from(["active", "cancelled"]),
        start=DAYS,
        end=DAYS,
        called=st.sampled_from([("Town Health",), ("842610077",), ()]),
    ),
    max_size=2,
    unique_by=lambda plan: plan.ref,
)
MEMBERS = st.lists(
    st.builds(
        Member,
        ref=st.sampled_from(["Patient/a@1", "Patient/b@1", "Patient/c@1"]),
        subject=st.just(UUID(int=1)),
        last=NAMES,
        first=FIRSTS,
        born=BIRTHS,
        plans=PLANS.map(tuple),
    ),
    max_size=3,
    unique_by=lambda member: member.ref,
)
INQUIRIES = st.builds(
    Inquiry,
    ref=st.just("Binary/x270-1@1"),
    fault=st.sampled_from(["", "", "", "x12.truncated"]),
    payer=st.sampled_from(["842610001", "842610001", "99"]),
    number=st.sampled_from(["M100", "M100", ""]),
    last=NAMES,
    first=FIRSTS,
    born=BIRTHS,
    day=DAYS,
)


def _answer(inquiry: Inquiry, *found: Member) -> Any:
    return registration.decide_answer(inquiry, Members(found), today=TODAY, policy=POLICY)


@given(INQUIRIES, MEMBERS)
def test_every_question_has_an_answer_in_the_fields_codes(inquiry: Inquiry, found: list[Member]) -> None:
    decision = _answer(inquiry, *found)
    params = decision.because[0].params

    assert decision.answer in {"active", "inactive", "rejected", "two_members"}
    assert (decision.route is Route.ASK) == (decision.answer == "two_members")
    assert ("code" in params) == (decision.answer in {"rejected", "two_members"})
    assert isinstance(decision, Refusal) == (decision.answer == "inactive")


@given(INQUIRIES, MEMBERS)
def test_only_somebody_who_knows_name_and_birth_date_learns_of_a_plan(
    inquiry: Inquiry, found: list[Member]
) -> None:
    decision = _answer(inquiry, *found)

    if decision.answer in {"active", "inactive"}:
        named = next(one for one in found if one.ref == decision.because[0].params["member"])
        assert named.born == inquiry.born is not None


@given(INQUIRIES, MEMBERS)
def test_the_order_of_the_records_changes_nothing(inquiry: Inquiry, found: list[Member]) -> None:
    one, other = _answer(inquiry, *found), _answer(inquiry, *reversed(found))

    assert (one.answer, one.because) == (other.answer, other.because)


@given(INQUIRIES, MEMBERS)
def test_what_is_kept_names_a_chart_only_for_a_member(inquiry: Inquiry, found: list[Member]) -> None:
    decision = _answer(inquiry, *found)
    write = registration.answered(inquiry, Members(tuple(found)), decision, now=NOW)

    assert (write.subject is not None) == (decision.answer in {"active", "inactive"})
    assert write.resource["id"] == "answer-1"


def test_it_flips_as_it_says() -> None:
    flip = _answer(ASKED, ANN).flips[0]
    assert flip.fact == "members.found[0].plans[0].status"
    cancelled = Member(
        ref=ANN.ref, subject=ANN.subject, last=ANN.last, first=ANN.first, born=ANN.born,
        plans=(Plan(ref="Coverage/ann@1", status=str(flip.becomes), called=("Town Health",)),),
    )  # fmt: skip

    assert _answer(ASKED, cancelled).answer == flip.answer


def test_a_question_without_a_day_is_about_today() -> None:
    inquiry = Inquiry(ref=ASKED.ref, payer="842610001", number="M100", last="LEE", first="ANN", born=ANN.born)

    assert _answer(inquiry, ANN).because[0].params["day"] == TODAY.isoformat()


def test_the_same_case_keeps_the_same_answers_under_the_same_names() -> None:
    answered = registration.Answered(
        ref="QuestionnaireResponse/intake-7@2", patient="Patient/ann", complete=True,
        given=(
            registration.Given(question="allergies", yes=True),
            registration.Given(question="allergy_list", words="the yellow pills"),
            registration.Given(question="language", system="urn:ietf:bcp:47", code="es", display="Spanish"),
            registration.Given(question="insurance_changed", yes=True),
            registration.Given(question="insurance_new", words="Somebody else, 12345"),
        ),
    )  # fmt: skip
    one = registration.chart_answers(a_case(), answered, now=NOW)

    assert one == registration.chart_answers(a_case(), answered, now=NOW)
    assert registration.insurance_changed(answered)
    by_type = {write.resource["resourceType"]: write.resource for write in one}
    assert by_type["AllergyIntolerance"]["code"] == {"text": "the yellow pills"}
    assert by_type["Task"]["description"] == "Somebody else, 12345"
    assert by_type["Observation"]["valueCodeableConcept"]["coding"][0]["code"] == "es"  # type: ignore[index,call-overload]


def test_what_is_not_finished_puts_nothing_into_the_chart() -> None:
    answered = registration.Answered(given=(registration.Given(question="allergies", yes=False),))

    assert registration.chart_answers(a_case(), answered, now=NOW) == ()
