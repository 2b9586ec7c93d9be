"""What entrypoints hand to the engine for registration: loaders, runners, shapes of policies."""

from collections.abc import Mapping

from careengine.capabilities.registration.model import (
    ANSWERED,
    COVER,
    ELIGIBILITY,
    INQUIRY,
    INTAKE,
    MEMBERS,
)
from careengine.capabilities.registration.rules.answering import answer_id, sent_id
from careengine.capabilities.registration.rules.asking import ASK_ELIGIBILITY
from careengine.capabilities.registration.steps.answering import (
    cannot_now,
    kept,
    load_inquiries,
    load_members,
    question_id,
    said_of,
    unkept,
)
from careengine.capabilities.registration.steps.asking import MEDIA, ask_payer
from careengine.capabilities.registration.steps.loading import (
    intake_id,
    load_answered,
    load_checks,
    load_covers,
    load_intakes,
    patient_of,
)
from careengine.capabilities.registration.steps.payer_values import (
    InTimeValues,
    MembersValues,
    answer_members,
    build_in_time,
    build_members,
    lint_members,
)
from careengine.capabilities.registration.steps.policy_values import (
    AnswersValues,
    CoverValues,
    EligibilityValues,
    IntakeValues,
    answer_answers,
    answer_cover,
    answer_eligibility,
    answer_intake,
    build_answers,
    build_cover,
    build_eligibility,
    build_intake,
    lint_cover,
    lint_eligibility,
    lint_intake,
)
from careengine.capabilities.registration.steps.questionnaire import (
    answers_of,
    applying,
    canonical,
    checked,
    questionnaire,
    questions,
)
from careengine.engine.composition import Loader
from careengine.engine.outgoing import Runner
from careengine.policy.schemas import PolicySchema

__all__ = [
    "LOADERS",
    "MEDIA",
    "POLICY_SCHEMAS",
    "RUNNERS",
    "answer_id",
    "answers_of",
    "applying",
    "cannot_now",
    "canonical",
    "checked",
    "intake_id",
    "kept",
    "patient_of",
    "question_id",
    "questionnaire",
    "questions",
    "said_of",
    "sent_id",
    "unkept",
]
LOADERS: Mapping[str, Loader] = {
    COVER.name: load_covers,
    ELIGIBILITY.name: load_checks,
    INTAKE.name: load_intakes,
    ANSWERED.name: load_answered,
    INQUIRY.name: load_inquiries,
    MEMBERS.name: load_members,
}
RUNNERS: Mapping[str, Runner] = {ASK_ELIGIBILITY: ask_payer}
POLICY_SCHEMAS = (
    PolicySchema("registration.cover", CoverValues, build_cover, answer_cover, lint_cover),
    PolicySchema(
        "registration.eligibility", EligibilityValues, build_eligibility, answer_eligibility, lint_eligibility
    ),
    PolicySchema("registration.answers", AnswersValues, build_answers, answer_answers),
    PolicySchema("registration.members", MembersValues, build_members, answer_members, lint_members),
    PolicySchema("registration.answered_in_time", InTimeValues, build_in_time),
    PolicySchema("registration.intake", IntakeValues, build_intake, answer_intake, lint_intake),
)
