"""Which code decided: a digest over the sources that can change a decision."""

import hashlib
from functools import cache
from pathlib import Path

_PARTS = ("kernel", "engine", "journeys", "capabilities")


@cache
def code_version() -> str:
    """Return 16 hex digits over the sources of kernel, engine, journeys and capabilities.

    A decision carries it, so that recomputing tells "another answer" from "other code".
    """
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for part in _PARTS:
        for file in sorted((package / part).rglob("*.py")):
            if "migrations" not in file.parts:
                body = file.read_bytes()
                digest.update(f"{file.relative_to(package).as_posix()}\0{len(body)}\0".encode())
                digest.update(body)
    return digest.hexdigest()[:16]
