"""What entrypoints hand to the engine for referrals: loaders, runners, shapes of policies."""

from collections.abc import Mapping

from careengine.capabilities.referrals.model import REFERRAL, TWINS
from careengine.capabilities.referrals.model.closing import REPORT, REVIEW
from careengine.capabilities.referrals.rules.asking import ASK_SENDER
from careengine.capabilities.referrals.rules.reporting import SEND_REPORT
from careengine.capabilities.referrals.rules.sending import ACKNOWLEDGE
from careengine.capabilities.referrals.steps.acknowledging import send_acknowledgement
from careengine.capabilities.referrals.steps.asking import send_request
from careengine.capabilities.referrals.steps.asking_values import (
    AskingValues,
    answer_asking,
    build_asking,
    lint_asking,
)
from careengine.capabilities.referrals.steps.closing_values import (
    ReportValues,
    ReviewValues,
    SeriesValues,
    answer_reporting,
    answer_reviewing,
    answer_series,
    build_reporting,
    build_reviewing,
    build_series,
    lint_reporting,
    lint_reviewing,
    lint_series,
)
from careengine.capabilities.referrals.steps.document_values import (
    DocumentValues,
    answer_documents,
    build_documents,
)
from careengine.capabilities.referrals.steps.documents import (
    DocumentRules,
    Sent,
    patient_of,
    transaction_of,
)
from careengine.capabilities.referrals.steps.loading import load_referrals, load_twins
from careengine.capabilities.referrals.steps.loading_reports import load_reports, load_reviews
from careengine.capabilities.referrals.steps.policy_values import (
    ROUTING_SHAPE,
    AcknowledgementValues,
    ClinicsValues,
    DuplicateValues,
    IdentityValues,
    StandingValues,
    TargetValues,
    answer_acknowledgement,
    answer_clinics,
    answer_duplicates,
    answer_identity,
    answer_routing,
    answer_standing,
    build_acknowledgement,
    build_clinics,
    build_duplicates,
    build_identity,
    build_routing,
    build_standing,
    build_target,
    lint_clinics,
)
from careengine.capabilities.referrals.steps.reporting import send_report
from careengine.capabilities.referrals.steps.urgency_values import (
    UrgencyValues,
    answer_urgency,
    build_urgency,
    lint_urgency,
)
from careengine.engine.composition import Loader
from careengine.engine.outgoing import Runner
from careengine.policy.schemas import Covered, PolicySchema

__all__ = [
    "LOADERS", "POLICY_SCHEMAS", "RUNNERS", "DocumentRules", "Sent", "patient_of", "transaction_of",
]  # fmt: skip

LOADERS: Mapping[str, Loader] = {
    REFERRAL.name: load_referrals,
    TWINS.name: load_twins,
    REPORT.name: load_reports,
    REVIEW.name: load_reviews,
}
RUNNERS: Mapping[str, Runner] = {
    ACKNOWLEDGE: send_acknowledgement,
    ASK_SENDER: send_request,
    SEND_REPORT: send_report,
}
POLICY_SCHEMAS = (
    PolicySchema("referrals.standing", StandingValues, build_standing, answer_standing),
    PolicySchema("referrals.identity", IdentityValues, build_identity, answer_identity),
    PolicySchema("referrals.duplicates", DuplicateValues, build_duplicates, answer_duplicates),
    PolicySchema(
        "referrals.clinics", ClinicsValues, build_clinics, answer_clinics, lint_clinics, Covered.VERSIONS
    ),
    PolicySchema(
        "referrals.urgency", UrgencyValues, build_urgency, answer_urgency, lint_urgency, Covered.VERSIONS
    ),
    PolicySchema("referrals.routing", ROUTING_SHAPE, build_routing, answer_routing),
    PolicySchema("referrals.acknowledged_in_time", TargetValues, build_target),
    PolicySchema("referrals.asking", AskingValues, build_asking, answer_asking, lint_asking),
    PolicySchema("referrals.documents", DocumentValues, build_documents, answer_documents),
    PolicySchema("referrals.reporting", ReportValues, build_reporting, answer_reporting, lint_reporting),
    PolicySchema("referrals.reviewing", ReviewValues, build_reviewing, answer_reviewing, lint_reviewing),
    PolicySchema("referrals.series", SeriesValues, build_series, answer_series, lint_series),
    PolicySchema(
        "referrals.acknowledgement", AcknowledgementValues, build_acknowledgement, answer_acknowledgement
    ),
)
