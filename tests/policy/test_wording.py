"""Reason codes become sentences in a person's language; what is missing or unfit is never sent."""

from datetime import date

import pytest
from policy_examples import HEAD

from careengine.policy.book import PolicyBook, book_of, draft
from careengine.policy.check import check_source
from careengine.policy.file import PolicySource
from careengine.policy.findings import MisfitPolicy
from careengine.policy.schemas import Schemas
from careengine.policy.wording import (
    WORDING_SCHEMA,
    WORDING_SCHEMAS,
    MissingWording,
    UnfitParameters,
    Wording,
)

DAY = date(2026, 3, 5)
SCHEMAS = Schemas.of(WORDING_SCHEMAS)
STAFF = """\
  - from: 2026-01-01
    values:
      audience: staff
      languages: ["en", "es"]
      longest: 60
      sentences:
        referrals.lacks: {en: "The referral does not say {what}.", es: "La derivación no indica {what}."}
      questions:
        referrals.triage: {en: "Which clinic, and how soon?", es: "¿Qué consulta y cuándo?"}
"""
CASES = """\
- name: what is missing is named
  day: 2026-03-05
  given: {code: "referrals.lacks", language: "en", params: {what: "a reason"}}
  expect: {sentence: "The referral does not say a reason."}
"""


def _source(effective: str = STAFF, name: str = "referrals.wording", cases: str = CASES) -> PolicySource:
    where = name.replace(".", "/") + ".yaml"
    return PolicySource(where, HEAD.format(name=name, schema="wording") + effective, cases)


def _book(*sources: PolicySource) -> PolicyBook:
    return book_of({source.where: source for source in sources}, SCHEMAS)


def _findings(effective: str, *, cases: str = CASES) -> str:
    return "\n".join(str(finding) for finding in check_source(_source(effective, cases=cases), SCHEMAS))


def test_a_reason_is_said_in_the_persons_language() -> None:
    wording = Wording(_book(_source()), DAY)

    assert (
        wording.sentence("referrals.lacks", {"what": "a reason"}, "en")
        == "The referral does not say a reason."
    )
    assert (
        wording.sentence("referrals.lacks", {"what": "el motivo"}, "es")
        == "La derivación no indica el motivo."
    )
    assert wording.question("referrals.triage", "es") == "¿Qué consulta y cuándo?"
    assert wording.languages("referrals.lacks") == {"en", "es"}


@pytest.mark.parametrize(("code", "language"), [("referrals.lacks", "fr"), ("referrals.unheard_of", "en")])
def test_a_sentence_nobody_wrote_is_missing_and_never_replaced(code: str, language: str) -> None:
    with pytest.raises(MissingWording, match=rf"{code} in the language {language}"):
        Wording(_book(_source()), DAY).sentence(code, {"what": "x"}, language)


def test_a_parameter_the_reason_does_not_carry_is_an_error_and_no_gap_in_a_sentence() -> None:
    wording = Wording(_book(_source()), DAY)

    with pytest.raises(UnfitParameters, match="what"):
        wording.sentence("referrals.lacks", {"what": None}, "en")


def test_what_a_parameter_says_is_not_read_as_a_sentence_itself() -> None:
    wording = Wording(_book(_source()), DAY)

    assert (
        wording.sentence("referrals.lacks", {"what": "{what}"}, "en") == "The referral does not say {what}."
    )


def test_a_file_that_begins_later_leaves_its_sentences_missing_until_then() -> None:
    wording = Wording(_book(_source()), date(2025, 12, 31))

    with pytest.raises(MissingWording):
        wording.sentence("referrals.lacks", {"what": "x"}, "en")


def test_one_sentence_in_two_files_is_refused() -> None:
    with pytest.raises(MisfitPolicy, match=r"referrals\.lacks stands in"):
        Wording(_book(_source(), _source(name="scheduling.wording")), DAY)


def test_good_wording_has_no_findings() -> None:
    assert _findings(STAFF) == ""


@pytest.mark.parametrize(
    ("piece", "by", "said"),
    [
        ('es: "La derivación no indica {what}."', "", "It is not written in es"),
        (
            'es: "La derivación no indica {what}."',
            'es: "No indica {that}."',
            "do not name the same parameters",
        ),
        ('languages: ["en", "es"]', 'languages: ["en"]', "The language es is not on this file's list"),
        ('languages: ["en", "es"]', 'languages: ["en", "xx"]', "languages"),
        (
            "The referral does not say {what}.",
            "The referral does not say {What}.",
            "a brace that is no parameter",
        ),
        ("The referral does not say {what}.", "It does not say {what!r}.", "a brace that is no parameter"),
        ("The referral does not say {what}.", "It does not say {what.name}.", "a brace that is no parameter"),
        ("The referral does not say {what}.", "{what} " + "long " * 20, "characters; 60 are allowed"),
        ("Which clinic, and how soon?", "Which clinic for {who}?", "A question has no parameters"),
        ("Which clinic, and how soon?", " ", "The sentence is empty"),
        ("referrals.lacks:", "Referrals.Lacks:", "is no code"),
        ("audience: staff", "audience: patient", "must say which words never stand in it"),
    ],
)
def test_wording_that_could_go_wrong_is_found(piece: str, by: str, said: str) -> None:
    assert piece in STAFF
    assert said in _findings(STAFF.replace(piece, by))


PATIENT = """\
  - from: 2026-01-01
    values:
      audience: patient
      languages: ["en"]
      longest: 160
      may_name: ["day", "telephone"]
      never_say: ["cancer", "HIV", "diagnosis"]
      sentences:
        scheduling.offer: {en: "We can see you on {day}. Call {telephone}."}
"""
PATIENT_CASES = """\
- name: an offer names the day
  day: 2026-03-05
  given: {code: "scheduling.offer", language: "en", params: {day: "Monday", telephone: "555-0100"}}
  expect: {sentence: "We can see you on Monday. Call 555-0100."}
"""


def test_a_message_to_a_patient_names_only_what_it_may() -> None:
    assert _findings(PATIENT, cases=PATIENT_CASES) == ""
    assert "{clinic} may not reach a patient's telephone" in _findings(PATIENT.replace("{day}", "{clinic}"))


@pytest.mark.parametrize("word", ["Cancer", "CANCERS", "hiv", "Diagnósis"])
def test_a_message_to_a_patient_never_says_what_they_suffer_from(word: str) -> None:
    assert "which a message must not tell" in _findings(
        PATIENT.replace("We can see you", f"About your {word}: come")
    )


def test_a_lint_names_the_line_of_the_sentence() -> None:
    said = _findings(STAFF.replace("{what}.", "{What}.", 1))

    assert said.startswith("referrals/wording.yaml:18 effective.0.values.sentences.referrals.lacks")


def test_a_page_answers_its_cases_by_question_too() -> None:
    page = draft(_source(), SCHEMAS).build(0)

    assert WORDING_SCHEMA.decide is not None
    assert WORDING_SCHEMA.decide(page, {"question": "referrals.triage", "language": "en"}) == {
        "question": "Which clinic, and how soon?"
    }
