"""From a referral that arrives to a visit kept and its report read: the story, page by page."""

from careengine.journeys.referral_to_visit import (
    ahead,
    arriving,
    booking,
    earlier,
    failing,
    offering,
    people,
    preparing,
    replying,
    reporting,
    saying,
)
from careengine.journeys.referral_to_visit.story import journey

__all__ = [
    "ahead",
    "arriving",
    "booking",
    "earlier",
    "failing",
    "journey",
    "offering",
    "people",
    "preparing",
    "replying",
    "reporting",
    "saying",
]
