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
from careengine.capabilities.referrals.rules.acknowledgement import (
    ACCEPTED,
    DECLINED,
    decide_acknowledgement,
    decide_undelivered,
)
from careengine.capabilities.referrals.rules.checking import (
    CLINIC,
    LEVEL,
    SEEN_BY_A_NURSE,
    Checked,
    Rules,
    check,
    settles,
)
from careengine.capabilities.referrals.rules.clinics import clinic_named, decide_clinic
from careengine.capabilities.referrals.rules.completeness import decide_completeness, missing_items
from careengine.capabilities.referrals.rules.duplicates import JOINED, decide_duplicate, decide_successor
from careengine.capabilities.referrals.rules.identity import DECEASED, decide_identity
from careengine.capabilities.referrals.rules.sending import ACKNOWLEDGE, acknowledge
from careengine.capabilities.referrals.rules.standing import NOT_A_REFERRAL, WITHDRAWN, decide_standing
from careengine.capabilities.referrals.rules.triage import NURSE, decide_triage
from careengine.capabilities.referrals.rules.urgency import decide_urgency
from careengine.capabilities.referrals.rules.whatif import what_if

__all__ = [
    "ACCEPTED",
    "ACKNOWLEDGE",
    "ACKNOWLEDGEMENT",
    "CLINIC",
    "CLINICS",
    "DECEASED",
    "DECLINED",
    "DUPLICATES",
    "IDENTITY",
    "JOINED",
    "LEVEL",
    "NOT_A_REFERRAL",
    "NURSE",
    "REFERRAL",
    "ROUTING",
    "SEEN_BY_A_NURSE",
    "STANDING",
    "TWINS",
    "URGENCY",
    "WITHDRAWN",
    "Attachment",
    "Checked",
    "Clinic",
    "Code",
    "Cover",
    "Indication",
    "Person",
    "Placer",
    "Referral",
    "Role",
    "Rules",
    "Sender",
    "Twin",
    "Twins",
    "Words",
    "acknowledge",
    "check",
    "clinic_named",
    "decide_acknowledgement",
    "decide_clinic",
    "decide_completeness",
    "decide_duplicate",
    "decide_identity",
    "decide_standing",
    "decide_successor",
    "decide_triage",
    "decide_undelivered",
    "decide_urgency",
    "missing_items",
    "settles",
    "what_if",
]
