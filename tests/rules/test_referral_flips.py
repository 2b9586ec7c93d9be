"""Every decision quotes what is written, comes out the same again, and flips as it says it would."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from referral_examples import (
    CARDIOLOGY,
    DERMATOLOGY,
    LOINC,
    NOTE,
    NOW,
    PHYSIOTHERAPY,
    SNOMED,
    TODAY,
    a_person,
    a_referral,
    a_twin,
    checked,
    rules,
)

from careengine.capabilities import referrals
from careengine.capabilities.referrals import (
    Attachment,
    Code,
    Cover,
    Placer,
    Referral,
    Role,
    Twin,
    Words,
    what_if,
)
from careengine.kernel.decision import Decision, Route

SENTENCES = st.sampled_from([
    "Denies chest pain at rest.", "Crescendo angina since yesterday.", "No melaena, no weight loss.",
    "Mother had a stroke.", "History of melaena in 2015.", "Return if sudden loss of vision.",
    "Knee pain on stairs.", "Suspected melenoma, changed in colour.", "Niega melenas.", "Haemoglobin 7.1",
    "Please advise.", "No fever, but melaena since Tuesday.", "",
])  # fmt: skip
PEOPLE = st.builds(
    a_person,
    ref=st.sampled_from(["Patient/ann@1", "Patient/bob@2"]),
    active=st.booleans(),
    deceased=st.booleans(),
    replaced=st.booleans(),
    has=st.sets(st.sampled_from(["family_name", "birth_date", "gender", "phone"])).map(
        lambda s: tuple(sorted(s))
    ),
    identified_by=st.sampled_from([(), ("MR",), ("PPN",)]),
)
DAYS = st.integers(-5, 400).map(lambda n: TODAY - timedelta(days=n))
CODES = st.sampled_from([CARDIOLOGY, PHYSIOTHERAPY, DERMATOLOGY, "394579002", "0"])
COVERS = st.builds(Cover, st.just("Coverage/a@1"), st.sampled_from(["active", "cancelled"]))
ATTACHMENTS = st.builds(
    Attachment,
    st.just("Observation/a@1"),
    st.sampled_from([(f"{LOINC}|11524-6",), (f"{LOINC}|72170-4",)]),
    st.none() | DAYS,
    st.booleans(),
)


def note(index: int, text: str) -> Words:
    return Words(f"ServiceRequest/one@1#note[{index}].text", text, Role.QUESTION)


REFERRALS = st.builds(
    a_referral,
    ref=st.sampled_from(["ServiceRequest/one@1", "ServiceRequest/one@2"]),
    status=st.sampled_from(["active", "revoked", "entered-in-error", "draft", "completed", "unknown", ""]),
    intent=st.sampled_from(["order", "proposal", "plan", "original-order", ""]),
    categories=st.sampled_from([(), (f"{SNOMED}|3457005",), (f"{SNOMED}|108252007",), (f"{SNOMED}|1",)]),
    priority=st.sampled_from(["", "routine", "urgent", "asap", "stat", "whenever"]),
    authored=st.none() | DAYS,
    placers=st.sampled_from([(), (Placer("s", "1"),), (Placer("s", "2"),)]),
    services=st.lists(CODES.map(lambda c: Code(SNOMED, c)), max_size=2).map(tuple),
    specialties=st.lists(CODES.map(lambda c: Code(SNOMED, c)), max_size=1).map(tuple),
    people=st.lists(PEOPLE, max_size=2).map(tuple),
    words=st.lists(SENTENCES, max_size=3).map(lambda said: tuple(note(i, t) for i, t in enumerate(said))),
    covers=st.lists(COVERS, max_size=1).map(tuple),
    attachments=st.lists(ATTACHMENTS, max_size=2).map(tuple),
)
TWINS = st.builds(
    a_twin,
    ref=st.sampled_from(["ServiceRequest/two@1", "ServiceRequest/zoe@1", "ServiceRequest/two@3"]),
    received=st.integers(-2, 2).map(lambda h: NOW + timedelta(hours=h)),
    status=st.sampled_from(["active", "revoked", "completed"]),
    authored=st.none() | DAYS,
    placers=st.sampled_from([(), (Placer("s", "1"),)]),
    services=CODES.map(lambda c: (Code(SNOMED, c),)),
)


def again(decision: Decision, referral: Referral, twins: tuple[Twin, ...]) -> Decision:
    """Decide the same question again."""
    made = {d.question: d for d in checked(referral, *twins, **EVERYTHING_SETTLED).decisions}
    return made[decision.question]


EVERYTHING_SETTLED = {
    referrals.settles(f"referrals.{question}", answer): "yes"
    for question, answers in {
        "standing": ("unclear", "withdrawn", "not_a_referral"),
        "urgency": ("urgent", "emergency", "unknown_priority"),
        "duplicate": ("near", "joined"),
        "identity": ("nobody", "several", "deceased", "merged", "inactive", "unidentified"),
        "clinic": (),
        "triage": ("nurse", "desk", "redirect", "unlisted"),
        "completeness": ("incomplete",),
    }.items()
    for answer in answers
}


@settings(max_examples=150, deadline=None)
@given(REFERRALS, st.lists(TWINS, max_size=2, unique_by=lambda t: t.ref.partition("@")[0]).map(tuple))
def test_a_decision_flips_as_it_says_it_would(referral: Referral, twins: tuple[Twin, ...]) -> None:
    for decision in checked(referral, *twins, **EVERYTHING_SETTLED).decisions:
        for flip in decision.flips:
            need = flip.fact.partition(".")[0]
            if need == "urgency":
                continue  # an earlier decision's answer, tried below
            tried = what_if(referral, flip.fact, flip.becomes) if need == "referral" else referral
            others = (
                tuple(what_if(referrals.Twins(twins), flip.fact, flip.becomes).others)
                if need == "twins"
                else twins
            )
            assert again(decision, tried, others).answer == flip.answer, (decision.question, flip)


@settings(max_examples=100, deadline=None)
@given(REFERRALS, st.lists(TWINS, max_size=1).map(tuple))
def test_the_same_facts_always_give_the_same_decisions(referral: Referral, twins: tuple[Twin, ...]) -> None:
    assert checked(referral, *twins) == checked(referral, *twins)


@settings(max_examples=150, deadline=None)
@given(REFERRALS, st.lists(TWINS, max_size=1).map(tuple))
def test_nothing_goes_on_alone_that_the_policies_do_not_list(
    referral: Referral, twins: tuple[Twin, ...]
) -> None:
    found = checked(referral, *twins)
    assert all(d.because for d in found.decisions)
    if found.stop is not None:
        return
    assert all(d.route is Route.PROCEED for d in found.decisions)
    assert referral.status == "active"
    assert referral.intent in rules().standing.intents
    assert referral.priority in rules().urgency.priorities
    assert [p.deceased for p in referral.people if not p.replaced] == [False]
    assert {c.name for c in (*referral.services, *referral.specialties)} & {
        code for clinic in rules().clinics.clinics for code in clinic.services | clinic.specialties
    }


@settings(max_examples=100, deadline=None)
@given(st.lists(SENTENCES, max_size=4).map(" ".join))
def test_a_quote_is_exactly_the_words_at_its_place(text: str) -> None:
    referral = replace(a_referral(), words=(Words(NOTE, text, Role.QUESTION),))
    decision = referrals.decide_urgency(referral, policy=rules().urgency, today=TODAY)
    quotes = [e for e in decision.evidence if e.start is not None]
    assert all(text[e.start : e.end] == e.words and e.source == NOTE for e in quotes)


def test_what_another_urgency_would_do_is_told_truly() -> None:
    triage = checked(a_referral()).decisions[5]
    for flip in triage.flips:
        tried = referrals.decide_triage(
            a_referral(), clinic="cardiology", urgency=str(flip.becomes), policy=rules().routing
        )
        assert tried.answer == flip.answer
    assert {flip.becomes for flip in triage.flips} == {"emergency"}
