"""What a list's address asks for: view, team, kind, search; the address is the page's state. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

VIEWS = ("urgent", "mine", "unassigned", "today", "escalated", "snoozed")
PAGE = 50
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One list of cards as somebody asked for it."""

    view: str = "urgent"
    team: str = ""
    kind: str = ""
    q: str = ""
    page: int = 1

    def address(self, **changes: str | int) -> str:
        """Return the address of this list, or of one like it; what is usual is left out."""
        wanted = replace(self, **changes) if changes else self  # type: ignore[arg-type]  # its fields by name
        usual = Asked()
        given = {
            name: value
            for name in ("view", "team", "kind", "q", "page")
            if (value := getattr(wanted, name)) != getattr(usual, name)
        }
        return f"/?{urlencode(given)}" if given else "/"


def asked_in(query: Mapping[str, str]) -> Asked:
    """Read a list's address; what makes no sense there is as if it were not said."""
    view, page = query.get("view", ""), query.get("page", "")
    return Asked(
        view=view if view in VIEWS else "urgent",
        team=query.get("team", "")[:_LONGEST],
        kind=query.get("kind", "")[:_LONGEST],
        q=query.get("q", "").strip()[:_LONGEST],
        page=min(max(int(page), 1), 1000) if page.isdecimal() and len(page) < 6 else 1,
    )
