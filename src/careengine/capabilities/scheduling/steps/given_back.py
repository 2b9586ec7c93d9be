"""Slots that others gave back in the clinic's own book since it was last looked through."""

from collections.abc import Mapping

from careengine.capabilities.scheduling.steps.directory import Day, query
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts

_AT_ONCE = "50"
"""Slots read in one look; the rest come with the next."""
_FIRST = 1
"""A slot's first version: it was never taken, so nobody gave it back."""


def given_back(charts: Charts, case: Case, days: Mapping[str, Day]) -> tuple[list[Ref], str]:
    """Return the slots of a waitlist's clinic that became free, and up to which change was looked.

    The first look finds none: it only says from where on later ones look.
    """
    clinic = str(case.data.get("key") or "")
    schedules = ",".join(sorted(ref for ref, day in days.items() if day.clinic == clinic and day.active))
    since = str(case.data.get("seen") or "")
    if not schedules:
        return [], since
    newest = (("_sort", "_lastUpdated"), ("_count", _AT_ONCE), ("_lastUpdated", f"gt{since}"))
    first = (("_sort", "-_lastUpdated"), ("_count", "1"))
    page, stored = charts.search(
        query("Slot", (("schedule", schedules), ("status", "free"), *(newest if since else first)))
    )
    read = [stored[ref.newest()] for ref in page.found if ref.newest() in stored]
    upto = max((one.updated.isoformat() for one in read), default=since)
    return [one.ref.newest() for one in read if since and one.ref.version > _FIRST], upto
