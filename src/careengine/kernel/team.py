"""The closed list of teams that can own work; who sits in each is data in ``organisation.yaml``."""

from enum import StrEnum


class Team(StrEnum):
    """A role that owns cases and cards. Every state of every journey names exactly one."""

    ACCESS = "access"
    AUTHORIZATION = "authorization"
    BILLING = "billing"
    CARE_COORDINATION = "care_coordination"
    CLINICIANS = "clinicians"
    CODING = "coding"
    EXAMINERS = "examiners"
    INTEGRATION = "integration"
    LEADERSHIP = "leadership"
    NURSES = "nurses"
    OPERATIONS = "operations"
    PRIVACY = "privacy"
    TRAINERS = "trainers"
    WORKFLOW = "workflow"
