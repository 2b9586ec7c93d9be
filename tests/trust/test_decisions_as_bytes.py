"""A decision comes back from its bytes exactly as it was."""

import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_values import decision_of

from careengine.kernel.decision import (
    AdverseDecision,
    Bearing,
    ClinicianBasis,
    Decision,
    Evidence,
    Flip,
    ModelRef,
    Reason,
    Refusal,
    Route,
)
from careengine.kernel.policy import PolicyRef
from careengine.trust.encoding import (
    DecisionUnwritable,
    UnknownDecisionKind,
    decode_decision,
    encode_decision,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
named = st.text("abcdef. -", min_size=1, max_size=12).filter(str.strip)
number = st.floats(allow_nan=False, allow_infinity=False)
scalar = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | number | text
share = st.floats(0, 1)
policies = st.builds(PolicyRef, text, st.integers(0, 10**6), st.none() | text)
evidence = st.builds(
    Evidence, source=text, words=text, start=st.none() | st.integers(0, 99),
    end=st.none() | st.integers(0, 99),
    bearing=st.sampled_from(Bearing),
)  # fmt: skip
reasons = st.lists(st.builds(Reason, text, st.dictionaries(text, scalar, max_size=4)), min_size=1, max_size=3)
parts = {
    "question": text,
    "route": st.sampled_from(Route),
    "answer": text,
    "because": reasons.map(tuple),
    "policy": policies,
    "evidence": st.lists(evidence, max_size=3).map(tuple),
    "model": st.none() | st.builds(ModelRef, text, text),
    "confidence": share,
    "threshold": st.none() | share,
    "flips": st.lists(st.builds(Flip, text, scalar, text), max_size=2).map(tuple),
}
basis = st.builds(ClinicianBasis, clinician=named, licence=named, specialty=named, attestation=named)
decisions = st.one_of(
    st.builds(Decision, **parts),
    st.builds(Refusal, **parts, clause=named, law=named, jurisdiction=named),
    st.builds(AdverseDecision, **parts, basis=basis),
)


def exactly(decision: Decision) -> str:
    """Spell a decision out, types included: 1, 1.0 and True are equal and not the same."""
    return repr(decision)


@given(decisions)
def test_a_decision_comes_back_exactly(decision: Decision) -> None:
    kind, raw = encode_decision(decision)
    again = decode_decision(kind, raw)
    assert (type(again), again) == (type(decision), decision)
    assert encode_decision(again) == (kind, raw)


@given(st.builds(Decision, **{**parts, "because": st.just((Reason("a", {"x": 1.0, "y": 1, "z": True}),))}))
def test_whole_numbers_truths_and_fractions_stay_apart(decision: Decision) -> None:
    assert exactly(decode_decision(*encode_decision(decision))) == exactly(decision)


def test_the_order_of_parameters_does_not_matter() -> None:
    one, other = (
        Decision(
            question="q",
            route=Route.ASK,
            answer="a",
            because=(Reason("r", params),),
            policy=PolicyRef("p", 1),
        )
        for params in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    )
    assert encode_decision(one) == encode_decision(other)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "\ud800"])
def test_what_json_would_change_is_refused(value: float | str) -> None:
    with pytest.raises(DecisionUnwritable):
        encode_decision(
            Decision(
                question="q", route=Route.ASK, answer="a", because=(Reason("r", {"x": value}),),
                policy=PolicyRef("p", 1),
            )
        )  # fmt: skip


def test_parameters_that_are_no_plain_dictionary_are_refused() -> None:
    frozen = MappingProxyType({"x": 1})
    decision = Decision(
        question="q", route=Route.ASK, answer="a", because=(Reason("r", frozen),), policy=PolicyRef("p", 1)
    )
    with pytest.raises(DecisionUnwritable):
        encode_decision(decision)


def test_a_class_of_somebodys_own_is_refused() -> None:
    class Hidden(AdverseDecision):
        pass

    made = Hidden(
        question="q", route=Route.ASK, answer="a", because=decision_of().because, policy=PolicyRef("p", 1),
        basis=ClinicianBasis(clinician="a", licence="b", specialty="c", attestation="d"),
    )  # fmt: skip
    with pytest.raises(UnknownDecisionKind):
        encode_decision(made)
