"""What entrypoints hand to the engine for referrals: loaders, runners, shapes of policies."""

from collections.abc import Mapping

from careengine.capabilities.referrals.model import REFERRAL, TWINS
from careengine.capabilities.referrals.rules.sending import ACKNOWLEDGE
from careengine.capabilities.referrals.steps.acknowledging import send_acknowledgement
from careengine.capabilities.referrals.steps.loading import load_referrals, load_twins
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
from careengine.capabilities.referrals.steps.urgency_values import (
    UrgencyValues,
    answer_urgency,
    build_urgency,
    lint_urgency,
)
from careengine.engine.composition import Loader
from careengine.engine.outgoing import Runner
from careengine.policy.schemas import Covered, PolicySchema

LOADERS: Mapping[str, Loader] = {REFERRAL.name: load_referrals, TWINS.name: load_twins}
RUNNERS: Mapping[str, Runner] = {ACKNOWLEDGE: send_acknowledgement}
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
    PolicySchema(
        "referrals.acknowledgement", AcknowledgementValues, build_acknowledgement, answer_acknowledgement
    ),
)
