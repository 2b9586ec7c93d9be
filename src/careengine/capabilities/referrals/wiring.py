"""What entrypoints hand to the engine for referrals: loaders, runners, shapes of policies."""

from careengine.capabilities.referrals.steps.policy_values import (
    ROUTING_SHAPE,
    AcknowledgementValues,
    ClinicsValues,
    DuplicateValues,
    IdentityValues,
    StandingValues,
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
    lint_clinics,
)
from careengine.capabilities.referrals.steps.urgency_values import (
    UrgencyValues,
    answer_urgency,
    build_urgency,
    lint_urgency,
)
from careengine.policy.schemas import Covered, PolicySchema

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
    PolicySchema(
        "referrals.acknowledgement", AcknowledgementValues, build_acknowledgement, answer_acknowledgement
    ),
)
