"""Tokens with which a program, or a person's own script, shows who it is."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection

_BYTES = 32


class TokenRefused(CareError):
    """No token, one that is not ours, is over, or was taken back."""

    status = 401


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is good: never its text, which nobody keeps."""

    made_at: datetime
    expires_at: datetime


def issue(conn: Connection, actor: str, *, now: datetime, until: datetime) -> str:
    """Keep a new token's digest and return the token: 256 random bits, shown this once."""
    token = f"ce_{secrets.token_urlsafe(_BYTES)}"
    conn.execute(
        "insert into access_token (digest, actor, made_at, expires_at) values (%s, %s, %s, %s)",
        (_digest(token), actor, now, until),
    )
    return token


def in_force(conn: Connection, actor: str, *, now: datetime) -> Sequence[Token]:
    """Return somebody's tokens that are good, the newest first."""
    rows = conn.execute(
        "select made_at, expires_at from access_token where actor = %s and revoked_at is null"
        " and expires_at > %s order by made_at desc",
        (actor, now),
    ).fetchall()
    return [Token(*row) for row in rows]


def revoke(conn: Connection, actor: str, *, now: datetime) -> int:
    """Take back every token of somebody; return how many there were."""
    done = conn.execute(
        "update access_token set revoked_at = %s where actor = %s and revoked_at is null", (now, actor)
    )
    return done.rowcount


def whose(conn: Connection, authorization: str, *, now: datetime) -> str:
    """Return whose token a request shows; raises :class:`TokenRefused`."""
    kind, _, token = authorization.partition(" ")
    row = conn.execute(
        "select actor from access_token where digest = %s and revoked_at is null and expires_at > %s",
        (_digest(token.strip()), now),
    ).fetchone()
    if kind.lower() != "bearer" or row is None:
        raise TokenRefused("Show a token that is in force: Authorization: Bearer …")
    return str(row[0])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
