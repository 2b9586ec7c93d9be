"""A provider and a payer, each a CareEngine of its own, on empty databases beside the town's servers."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from caretown.cpu import cpu_seconds, postmaster
from caretown.errors import EngineSilent
from caretown.making import Made
from caretown.organisations import write_organisation
from caretown.processes import Processes, command, free_port
from caretown.servers import Servers

TOKEN = "town-token"  # noqa: S105  a made-up town's made-up secrets
"""What clinics and referrers show the provider."""
LINKS = "town-links-secret"
"""With it the provider signs the links it sends to patients."""
PAGES = "town-pages-secret"
"""With it the provider signs the sessions of the people at work."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two engines listen."""

    provider: int
    payer: int

    @property
    def base(self) -> str:
        """Return the provider's address."""
        return f"http://127.0.0.1:{self.provider}"


@dataclass(slots=True)
class Stage:
    """Everything that runs."""

    home: Path
    ports: Ports
    provider: Processes
    payer: Processes
    environ: Mapping[str, str]
    """Of the provider's commands."""
    began: float
    cpu_before: float = 0.0

    def check(self) -> None:
        """Say which process ended by itself."""
        self.provider.check()
        self.payer.check()

    def link_for(self, login: str) -> str:
        """Return a link that signs somebody in, once, on this machine."""
        made = self.provider.run(command("careengine"), "people", "invite", login, "--straight-in")
        return made.stdout.strip().replace("127.0.0.1", "localhost", 1)

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds used by the engines, the databases and the town so far."""
        return {
            "engine": cpu_seconds(self.provider.pids() + self.payer.pids()),
            "database": cpu_seconds(postmaster(self.home)),
            "town": round(sum(os.times()[:2]) - self.cpu_before, 2),
        }


def ports() -> Ports:
    """Take two free ports."""
    return Ports(free_port(), free_port())


@contextmanager
def staged(
    home: Path, made: Made, servers: Servers, at: Ports, *, tell: Callable[[str], None]
) -> Iterator[Stage]:
    """Prepare and start both engines until the block ends; ``tell`` is told each step that is done."""
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    environ = {
        "provider": _environ(home, "provider", _provider_file(home, servers, at), servers, at),
        "payer": _environ(home, "payer", write_organisation("payer", home / "payer.yaml"), servers, at),
    }
    with Processes(environ["provider"], logs) as provider, Processes(environ["payer"], logs) as payer:
        stage = Stage(home, at, provider, payer, environ["provider"], monotonic(), sum(os.times()[:2]))
        try:
            _prepare(stage, made, tell)
            _open(stage)
            tell("Started a provider and a payer")
            yield stage
        finally:
            for processes in (provider, payer):
                processes.stop()
                processes.run(command("careengine"), "down")


def _provider_file(home: Path, servers: Servers, at: Ports) -> Path:
    urls = servers.urls | {"town_health": f"http://127.0.0.1:{at.payer}/x12"}
    return write_organisation("organisation", home / "organisation.yaml", urls)


def _environ(home: Path, name: str, organisation: Path, servers: Servers, at: Ports) -> dict[str, str]:
    base = f"http://127.0.0.1:{at.provider}"
    ours = {key: value for key, value in os.environ.items() if not key.startswith("CAREENGINE_")}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    sms = servers.plan.sms
    secrets = {
        "CAREENGINE_SECRET_SMS": f"{sms.account}:{sms.token}",
        "CAREENGINE_SECRET_LINKS": LINKS,
        "CAREENGINE_SECRET_PAGES": PAGES,
        "CAREENGINE_SECRET_TOWN": TOKEN,
        "CAREENGINE_PUBLIC_URL": base,
    }
    return (
        ours
        | (secrets if name == "provider" else {})
        | {
            "PYTHONPYCACHEPREFIX": str(home / "compiled"),
            "CAREENGINE_HOME": str(home / "data" / name),
            "CAREENGINE_ORGANISATION": str(organisation),
            "CAREENGINE_CLOCK": f"stepped:{home / 'clock'}",
            "CAREENGINE_LOG_LEVEL": "warning",
        }
    )


def _prepare(stage: Stage, made: Made, tell: Callable[[str], None]) -> None:
    with ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(_filled, stage.provider, made.records, made.folders.provider),
            pool.submit(_filled, stage.payer, made.folders.payer),
        ]
        for one in waiting:
            one.result()
    tell("Prepared two databases and imported the town's records")


def _filled(running: Processes, *records: Path) -> None:
    for arguments in (("init",), *(("import", str(folder), "--json") for folder in records)):
        said = running.run(command("careengine"), *arguments)
        if said.returncode > 1 or (said.returncode and arguments[0] == "init"):
            words = (said.stderr or said.stdout).strip()[-600:]
            raise EngineSilent(f"'careengine {' '.join(arguments)}' failed: {words}")


def _open(stage: Stage) -> None:
    for processes, port in ((stage.provider, stage.ports.provider), (stage.payer, stage.ports.payer)):
        name = "provider" if processes is stage.provider else "payer"
        processes.start(f"{name}-api", command("careengine"), "serve", "--port", str(port))
        processes.start(f"{name}-worker", command("careengine"), "worker")
    for processes, port in ((stage.provider, stage.ports.provider), (stage.payer, stage.ports.payer)):
        processes.wait_for(f"http://127.0.0.1:{port}/readyz")
