"""Referrals: who is meant, what is asked, what is missing, how urgent it is, what the sender is told."""

from careengine.capabilities.referrals.model import (
    ACKNOWLEDGEMENT,
    CLINICS,
    DUPLICATES,
    IDENTITY,
    REFERRAL,
    ROUTING,
    STANDING,
    TWINS,
    URGENCY,
    Attachment,
    Clinic,
    Code,
    Cover,
    Indication,
    Person,
    Placer,
    Referral,
    Role,
    Sender,
    Twin,
    Twins,
    Words,
)
from careengine.capabilities.referrals.rules.acknowledgement import decide_acknowledgement
from careengine.capabilities.referrals.rules.clinics import clinic_named, decide_clinic
from careengine.capabilities.referrals.rules.completeness import decide_completeness, missing_items
from careengine.capabilities.referrals.rules.duplicates import decide_duplicate
from careengine.capabilities.referrals.rules.identity import decide_identity
from careengine.capabilities.referrals.rules.sending import ACKNOWLEDGE, acknowledge
from careengine.capabilities.referrals.rules.standing import decide_standing
from careengine.capabilities.referrals.rules.triage import decide_triage
from careengine.capabilities.referrals.rules.urgency import decide_urgency
from careengine.capabilities.referrals.rules.whatif import what_if

__all__ = [
    "ACKNOWLEDGE",
    "ACKNOWLEDGEMENT",
    "CLINICS",
    "DUPLICATES",
    "IDENTITY",
    "REFERRAL",
    "ROUTING",
    "STANDING",
    "TWINS",
    "URGENCY",
    "Attachment",
    "Clinic",
    "Code",
    "Cover",
    "Indication",
    "Person",
    "Placer",
    "Referral",
    "Role",
    "Sender",
    "Twin",
    "Twins",
    "Words",
    "acknowledge",
    "clinic_named",
    "decide_acknowledgement",
    "decide_clinic",
    "decide_completeness",
    "decide_duplicate",
    "decide_identity",
    "decide_standing",
    "decide_triage",
    "decide_urgency",
    "missing_items",
    "what_if",
]
