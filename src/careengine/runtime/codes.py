"""Words as small numbers: what hot rows hold instead of text, looked up in memory."""

from collections.abc import Iterable

from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection

KINDS = frozenset({
    "journey", "state", "team", "awaits", "site", "event", "effect", "partner", "card", "what", "outcome",
})  # fmt: skip
NOTHING = 0
"""No code: in a column that may hold none."""


class UnknownCode(CareError):
    """A word has no number, or a number no word, in the table of codes."""


class Codes:
    """All codes of one database. A code once given never changes and is never given again."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._names: dict[tuple[str, int], str] = {}

    @classmethod
    def load(cls, conn: Connection) -> "Codes":
        """Read every code."""
        codes = cls()
        codes.reload(conn)
        return codes

    def reload(self, conn: Connection) -> None:
        """Read what other processes have added since."""
        for kind, number, name in conn.execute("select kind, id, name from code").fetchall():
            self._ids[kind, name] = number
            self._names[kind, number] = name

    def id(self, kind: str, name: str) -> int:
        """Return the number of a word; raises :class:`UnknownCode`."""
        try:
            return self._ids[kind, name]
        except KeyError:
            raise UnknownCode(
                f"The {kind} '{name}' has no code in this database. Run `careengine init`, which adds those "
                "of the installed journeys and of organisation.yaml."
            ) from None

    def name(self, kind: str, number: int) -> str:
        """Return the word of a number, empty for 0; raises :class:`UnknownCode`."""
        if number == NOTHING:
            return ""
        try:
            return self._names[kind, number]
        except KeyError:
            raise UnknownCode(
                f"Code {number} of kind {kind} is unknown to this process; another may have added it. "
                "Restart this one."
            ) from None

    def ensure(self, conn: Connection, kind: str, names: Iterable[str]) -> None:
        """Give every word a number that has none yet. The caller commits; processes may do this at once."""
        if kind not in KINDS:
            raise UnknownCode(f"There is no kind of code '{kind}'. Use one of {', '.join(sorted(KINDS))}.")
        wanted = list(dict.fromkeys(names))
        if all((kind, name) in self._ids for name in wanted):
            return
        conn.execute("lock table code in share row exclusive mode")
        conn.execute(
            "insert into code (kind, id, name)"
            " select %(kind)s, (select coalesce(max(id), 0) from code where kind = %(kind)s)"
            "   + row_number() over (order by w.place), w.name"
            " from unnest(%(names)s::text[]) with ordinality as w(name, place)"
            " where not exists (select from code c where c.kind = %(kind)s and c.name = w.name)",
            {"kind": kind, "names": wanted},
        )
        self.reload(conn)
