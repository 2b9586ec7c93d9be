"""What entrypoints hand to the engine for scheduling: loaders, runners, shapes of policies."""

from collections.abc import Mapping

from careengine.capabilities.scheduling.model import FREED, OPENINGS, SESSION, VISIT, WAITERS
from careengine.capabilities.scheduling.rules.booking import BOOK_APPOINTMENT, CANCEL_APPOINTMENT
from careengine.capabilities.scheduling.steps.booking import book_appointment, cancel_appointment
from careengine.capabilities.scheduling.steps.clinic_values import (
    ClinicsValues,
    answer_clinics,
    build_clinics,
    lint_clinics,
)
from careengine.capabilities.scheduling.steps.openings import load_freed, load_openings, still_free
from careengine.capabilities.scheduling.steps.policy_cases import (
    answer_backfill,
    answer_outreach,
    answer_recovery,
    answer_reminders,
    answer_visits,
)
from careengine.capabilities.scheduling.steps.policy_values import (
    BackfillValues,
    OutreachValues,
    RecoveryValues,
    RemindersValues,
    VisitsValues,
    build_backfill,
    build_outreach,
    build_recovery,
    build_reminders,
    build_visits,
    lint_outreach,
    lint_recovery,
    lint_reminders,
    lint_visits,
)
from careengine.capabilities.scheduling.steps.visits import (
    load_sessions,
    load_visit,
    load_waiters,
)
from careengine.engine.composition import Loader
from careengine.engine.outgoing import Runner
from careengine.policy.schemas import PolicySchema

__all__ = ["LOADERS", "POLICY_SCHEMAS", "RUNNERS", "still_free"]
LOADERS: Mapping[str, Loader] = {
    OPENINGS.name: load_openings,
    FREED.name: load_freed,
    VISIT.name: load_visit,
    WAITERS.name: load_waiters,
    SESSION.name: load_sessions,
}
RUNNERS: Mapping[str, Runner] = {
    BOOK_APPOINTMENT: book_appointment,
    CANCEL_APPOINTMENT: cancel_appointment,
}
POLICY_SCHEMAS = (
    PolicySchema("scheduling.clinics", ClinicsValues, build_clinics, answer_clinics, lint_clinics),
    PolicySchema("scheduling.reminders", RemindersValues, build_reminders, answer_reminders, lint_reminders),
    PolicySchema("scheduling.outreach", OutreachValues, build_outreach, answer_outreach, lint_outreach),
    PolicySchema("scheduling.recovery", RecoveryValues, build_recovery, answer_recovery, lint_recovery),
    PolicySchema("scheduling.visits", VisitsValues, build_visits, answer_visits, lint_visits),
    PolicySchema("scheduling.backfill", BackfillValues, build_backfill, answer_backfill),
)
