"""The town's clock: one instant in a file, which the engine reads and only the town moves."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from caretown.errors import EngineSilent

ZONE = ZoneInfo("America/New_York")
"""Where the sample town is: its times are shown as its clocks show them."""


class TownClock:
    """Moves domain time by renaming a new file over the old, so that nobody reads half an instant."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Return the instant in the file."""
        try:
            return datetime.fromisoformat(self._path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise EngineSilent(
                f"The clock file {self._path} holds no instant; start a morning to write one."
            ) from error

    def set(self, at: datetime) -> None:
        """Move to ``at``; time never runs backwards."""
        if self._path.exists() and at < self.now():
            raise EngineSilent(
                f"The town's clock cannot go back to {at.isoformat()}; begin with a new clock file."
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_text(at.astimezone(UTC).isoformat(), encoding="ascii")
        new.replace(self._path)
