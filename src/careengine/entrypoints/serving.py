"""Start the server: one process a core, each with its threads and database connections."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import uvicorn
from fastapi import FastAPI

from careengine.engine.health import read_health
from careengine.entrypoints.api.application import application
from careengine.entrypoints.api.desk import Served
from careengine.entrypoints.api.v1.routes import machine_api
from careengine.entrypoints.compose import (
    AGENT,
    LINKS,
    OIDC,
    PAGES,
    Installation,
    build,
    installation,
    observe,
)
from careengine.entrypoints.hearing import texting_of
from careengine.entrypoints.web.pages import mount_pages, session_of_pages
from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect
from careengine.runtime.settings import Mode

_BACKLOG = 512
_MOST_PROCESSES = 4


class SessionsUnsigned(CareError):
    """Production without the secret that signs sessions: a restart would sign everybody out."""


class OpenToEverybody(CareError):
    """Production without tokens: anybody could read and write."""


def serve(
    here: Installation, *, host: str = "127.0.0.1", port: int = 8080, processes: int | None = None
) -> None:
    """Serve until told to stop. The address ``/fhir`` is FHIR R4, ``/readyz`` says how the engine is."""
    _refuse_open(here)
    _sign_sessions(here)
    count = processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
    shared = {"host": host, "port": port, "http": "httptools", "backlog": _BACKLOG, "access_log": False}
    shared |= {"log_level": "warning", "server_header": False, "ws": "none"}
    if count == 1:
        uvicorn.run(served_by(here), **shared)  # type: ignore[arg-type]  # uvicorn's options by name
        return
    os.environ["CAREENGINE_DATABASE_URL"] = here.url
    target = f"{__name__}:from_environment"
    uvicorn.run(target, factory=True, workers=count, **shared)  # type: ignore[arg-type]  # as above


def from_environment() -> FastAPI:
    """Return the application of this process, as the environment describes it."""
    here = installation()
    observe(here)
    return served_by(here)


def served_by(here: Installation) -> FastAPI:
    """Return the application for one installation, with its health."""
    with connect(here.url) as conn:
        engine, access = build(conn, here)
        conn.commit()

    def ready(conn: Connection) -> Mapping[str, Any]:
        return asdict(read_health(conn, engine, now=here.clock.now(), real=real_now()))

    tokens = inbound_tokens(here)
    served = Served(
        url=here.url, tokens=tokens, access=access, clock=here.clock, ready=ready, engine=engine,
        links=here.settings.secrets.get(LINKS, ""),
    )  # fmt: skip
    app = application(served, texting=texting_of(here, engine))
    app.mount("/api/v1", machine_api(app.state.desk, engine, session_of_pages))
    mount_pages(app, app.state.desk)
    return app


def inbound_tokens(here: Installation) -> Mapping[str, str]:
    """Return who may come in with which token: none that we show to others, none that signs links."""
    outward = {_variable(one.secret) for one in here.organisation.partners.values() if one.secret}
    return {
        name: one
        for name, one in here.settings.secrets.items()
        if name not in {*outward, LINKS, PAGES, OIDC, AGENT}
    }


def _sign_sessions(here: Installation) -> None:
    """Hand Django the secret that signs sessions; for trying out, one is made that lasts until we stop."""
    given = here.settings.secrets.get(PAGES, "")
    if not given and here.settings.mode is Mode.PRODUCTION:
        raise SessionsUnsigned(
            "In production a lasting secret signs sessions. Set CAREENGINE_SECRET_PAGES, or its _FILE."
        )
    os.environ["CAREENGINE_SECRET_PAGES"] = given or secrets.token_urlsafe(48)
    os.environ.pop("CAREENGINE_SECRET_PAGES_FILE", None)


def _variable(secret: str) -> str:
    return secret.lower().replace("-", "_")


def _refuse_open(here: Installation) -> None:
    if here.settings.mode is Mode.PRODUCTION and not inbound_tokens(here):
        raise OpenToEverybody(
            "In production every partner shows a token. Set CAREENGINE_SECRET_<PARTNER>, or its _FILE."
        )
