"""Provider and payer as an operator would run them, among the town's servers, on one stepped clock."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from caretown.charts import write_charts
from caretown.door import Door
from caretown.errors import EngineSilent
from caretown.organisations import write_organisation
from caretown.people import read_people, sample_records
from caretown.processes import Processes, command, free_port
from caretown.residents import Town
from caretown.servers import Servers
from caretown.town_clock import TownClock
from caretown.town_plan import TownPlan

JOURNEYS = "[referral_to_visit, clinic_waitlist, clinic_session]"
STEP = timedelta(minutes=20)
PATIENCE_S = 120.0
_TURNS = 8
"""How often servers and engine may stir each other at one instant."""


@dataclass
class LivingTown:
    """What a test does with the town, and how it looks at the engine: through its commands."""

    servers: Servers
    clock: TownClock
    door: Door
    careengine: Processes

    def settle(self) -> datetime | None:
        """Let engine and servers act upon each other until nothing is left to do now; return what is next."""
        for _ in range(_TURNS):
            self.careengine.check()
            self.servers.settle(PATIENCE_S)
            said = self.door.wait_until_idle(patience_s=PATIENCE_S)
            due = self.servers.next_due()
            if said.idle and (due is None or due > self.clock.now()):
                break
        dues = [at for at in (said.next_due, due) if at is not None]
        return min(dues, default=None)

    def pass_until(self, goal: datetime) -> None:
        """Let time pass, from one thing that is due to the next."""
        due = self.settle()
        while (now := self.clock.now()) < goal:
            self.clock.set(min(max(due or goal, now + STEP), goal))
            due = self.settle()

    def ask(self, *arguments: str) -> list[Any]:
        """Run a command of the provider's and return its lines."""
        ran = self.careengine.run(command("careengine"), *arguments, "--json")
        assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr[-500:]
        return [json.loads(line) for line in ran.stdout.splitlines()]


@contextmanager
def living_town(home: Path, town: Town, *, start: datetime, plan: TownPlan) -> Iterator[LivingTown]:
    """Start everything, with the charts of ``town`` in both records and the clinics' book open."""
    ports = {name: free_port() for name in ("provider", "payer")}
    clock = TownClock(home / "clock")
    clock.set(start)
    sample = {person.id for person in read_people(sample_records())}
    charts = write_charts(town, home, read=sample, day=start.date())
    with ExitStack() as stack:
        base = f"http://127.0.0.1:{ports['provider']}"
        servers = stack.enter_context(Servers(base, "", clock, plan))
        urls = servers.urls | {"town_health": f"http://127.0.0.1:{ports['payer']}/x12"}
        _run(stack, home / "payer", "payer", ports["payer"], (charts.payer,), {}, clock=home / "clock")
        secrets = {"SMS": servers.secrets["sms"], "LINKS": "a-test-s-own-secret-for-links"}
        provider = _run(
            stack, home / "provider", "organisation", ports["provider"], (sample_records(), charts.provider),
            {f"SECRET_{name}": value for name, value in secrets.items()} | {"PUBLIC_URL": base}, urls=urls,
            clock=home / "clock",
        )  # fmt: skip
        servers.open_clinics(start.date())
        yield LivingTown(servers, clock, Door(base, ""), provider)


def _run(
    stack: ExitStack,
    home: Path,
    organisation: str,
    port: int,
    records: tuple[Path, ...],
    settings: Mapping[str, str],
    *,
    clock: Path,
    urls: Mapping[str, str] | None = None,
) -> Processes:
    """Prepare one organisation in a home of its own and start its server and its worker."""
    (home / "logs").mkdir(parents=True)
    home.chmod(0o711)  # the database runs as another user when the tests run as root
    written = write_organisation(organisation, home / "organisation.yaml", urls)
    written.write_text(written.read_text().replace("[referral_acknowledged]", JOURNEYS))
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    environ = ours | {f"CAREENGINE_{name}": value for name, value in settings.items()}
    environ |= {
        "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(home / "compiled"),
        "CAREENGINE_HOME": str(home / "data"), "CAREENGINE_ORGANISATION": str(written),
        "CAREENGINE_CLOCK": f"stepped:{clock}",
    }  # fmt: skip
    running = Processes(environ, home / "logs")
    stack.callback(running.run, command("careengine"), "down")
    stack.enter_context(running)
    for arguments in (("init",), ("import", *map(str, records))):
        said = running.run(command("careengine"), *arguments)
        assert said.returncode == 0, said.stdout[-800:] + said.stderr[-800:]
    running.start("api", command("careengine"), "serve", "--port", str(port))
    _wait_for(running, f"http://127.0.0.1:{port}/readyz")
    running.start("worker", command("careengine"), "worker")
    return running


def _wait_for(running: Processes, url: str) -> None:
    """Wait for a server with more patience than a demo has: tests run beside each other."""
    for more in (True, True, True, False):
        try:
            return running.wait_for(url)
        except EngineSilent:
            running.check()
            if not more:
                raise
    return None
