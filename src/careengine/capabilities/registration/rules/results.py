"""What an eligibility answer's codes come to, in one word. Pure."""

from collections.abc import Sequence

SILENT_CODES = frozenset({"42", "80"})
"""Reject reasons by which a payer says that it cannot answer now (X12 901)."""
_ACTIVE = frozenset({"1", "2", "3", "4"})
"""EB01 of a plan in force; ``5`` is still being looked into and says nothing yet."""
_INACTIVE = frozenset({"6"})
_DOUBTFUL = frozenset({"5", "7", "8", "U", "V", "W"})
"""Pending, contact somebody, cannot process, another source."""
_OTHER = "R"


def result_of(
    benefits: Sequence[tuple[str, tuple[str, ...]]], rejected: Sequence[str], *, services: Sequence[str]
) -> str:
    """Return ``active``, ``inactive``, ``not_found``, ``other_payer``, ``unavailable`` or ``unclear``.

    ``benefits`` are (EB01, service types). Only what concerns the services asked about
    counts; codes that contradict each other, or are missing, are unclear.
    """
    if rejected:
        return "unavailable" if SILENT_CODES.issuperset(rejected) else "not_found"
    about = [info for info, kinds in benefits if not kinds or set(kinds) & set(services)]
    said = set(about)
    if said & _DOUBTFUL or (said & _ACTIVE and said & _INACTIVE):
        return "unclear"
    if said & _ACTIVE:
        return "active"
    if said & _INACTIVE:
        return "inactive"
    return "other_payer" if _OTHER in {info for info, _ in benefits} else "unclear"
