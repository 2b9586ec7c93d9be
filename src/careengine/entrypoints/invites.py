"""Invitations: a link that lets somebody of ``organisation.yaml`` in for the first time, once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.errors import NotFound, Refused
from careengine.runtime.database import Connection

_BYTES = 16


class InviteOver(NotFound):
    """A link that was used, is too old, or never was one."""


class OnlyForTryingOut(Refused):
    """A link that signs in at once was asked for where people work."""


@dataclass(frozen=True, slots=True)
class Invite:
    """Whom a link lets in, and whether it asks for a password."""

    login: str
    straight: bool


def invite(conn: Connection, login: str, *, until: datetime, straight: bool = False) -> str:
    """Keep an invitation and return its link's token: 128 random bits, of which only the digest is kept."""
    token = secrets.token_urlsafe(_BYTES)
    conn.execute(
        "insert into invite (digest, login, straight, expires_at) values (%s, %s, %s, %s)",
        (_digest(token), login, straight, until),
    )
    return token


def invited(conn: Connection, token: str, *, now: datetime) -> Invite:
    """Return whom a link lets in, without using it; raises :class:`InviteOver`."""
    row = conn.execute(
        "select login, straight from invite where digest = %s and used_at is null and expires_at > %s",
        (_digest(token), now),
    ).fetchone()
    return _found(row)


def use(conn: Connection, token: str, *, now: datetime) -> Invite:
    """Use a link up and return whom it lets in; of two at the same moment one is refused."""
    row = conn.execute(
        "update invite set used_at = %s where digest = %s and used_at is null and expires_at > %s"
        " returning login, straight",
        (now, _digest(token), now),
    ).fetchone()
    return _found(row)


def _found(row: tuple[str, bool] | None) -> Invite:
    if row is None:
        raise InviteOver("This link was used already, or is too old. Ask whoever sent it for a new one.")
    return Invite(*row)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
