"""What teams and views are called on a page, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_TEAMS = {
    "access": gettext_noop("Access"),
    "authorization": gettext_noop("Prior authorization"),
    "billing": gettext_noop("Billing"),
    "care_coordination": gettext_noop("Care coordination"),
    "clinicians": gettext_noop("Clinicians"),
    "coding": gettext_noop("Coding"),
    "examiners": gettext_noop("Examiners"),
    "integration": gettext_noop("Integration"),
    "leadership": gettext_noop("Leadership"),
    "nurses": gettext_noop("Nurses"),
    "operations": gettext_noop("Operations"),
    "privacy": gettext_noop("Privacy"),
    "trainers": gettext_noop("Trainers"),
    "workflow": gettext_noop("Workflow"),
}
_REASONS = {
    "medical_emergency": gettext_noop("A medical emergency"),
    "patient_safety": gettext_noop("The patient's safety"),
    "patient_asks": gettext_noop("The patient asks for it"),
}
_VIEWS = {
    "urgent": gettext_noop("Most urgent"),
    "mine": gettext_noop("Mine"),
    "unassigned": gettext_noop("Unassigned"),
    "today": gettext_noop("Due today"),
    "escalated": gettext_noop("Escalated"),
    "snoozed": gettext_noop("Snoozed"),
}


_STAGES = {
    "received": gettext_noop("Received"),
    "accepted": gettext_noop("Accepted"),
    "scheduling": gettext_noop("Finding a time"),
    "scheduled": gettext_noop("Scheduled"),
    "seen": gettext_noop("Seen"),
    "reported": gettext_noop("Reported"),
    "closed": gettext_noop("Closed"),
}


def stage_name(stage: str) -> str:
    """Return what a stage of a journey is called."""
    return _(_STAGES.get(stage, stage.replace("_", " ").capitalize()))


_ENTRIES = {
    "step": gettext_noop("Steps"),
    "decision": gettext_noop("Decisions"),
    "message": gettext_noop("Messages"),
    "visit": gettext_noop("Visits"),
    "document": gettext_noop("Documents"),
    "act": gettext_noop("What people did"),
}


_EVENTS = {
    "message.received": gettext_noop("the patient writes"),
    "record.Appointment": gettext_noop("a visit changes"),
    "record.Coverage": gettext_noop("their insurance changes"),
    "record.QuestionnaireResponse": gettext_noop("their form comes in"),
    "record.DocumentReference": gettext_noop("a document comes in"),
    "record.DiagnosticReport": gettext_noop("a report comes in"),
    "record.ServiceRequest": gettext_noop("the referral changes"),
}
EVENTS = tuple(_EVENTS)
"""Events that somebody would wait for, the likeliest first."""


def event_name(kind: str) -> str:
    """Return how a page says that an event happens: what follows on "until"."""
    return _(_EVENTS[kind])


def entry_name(kind: str) -> str:
    """Return what a kind of entry in a timeline is called."""
    return _(_ENTRIES[kind])


def team_name(team: str) -> str:
    """Return what a team is called."""
    return _(_TEAMS.get(team, team.replace("_", " ")))


def view_name(view: str) -> str:
    """Return what a view of the inbox is called."""
    return _(_VIEWS[view])


def reason_name(reason: str) -> str:
    """Return what a reason for opening a closed chart is called."""
    return _(_REASONS[reason]) if reason in _REASONS else reason.replace("_", " ")
