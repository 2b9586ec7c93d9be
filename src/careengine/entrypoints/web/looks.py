"""Marks that somebody else is at a card: a courtesy, not a lock."""

from datetime import datetime, timedelta

from careengine.runtime.database import Connection

_LASTS = timedelta(minutes=2)
_LOOK = """
    insert into card_look (card_id, login, at) values (%s, %s, %s)
    on conflict (card_id, login) do update set at = excluded.at
"""
_LEAVE = "delete from card_look where login = %s and card_id <> %s or at < %s"
_OTHERS = "select login from card_look where card_id = %s and login <> %s and at > %s order by at"
_ALL = "select card_id, login from card_look where at > %s order by at"


def look(conn: Connection, card: int, login: str, *, real: datetime) -> list[str]:
    """Mark that somebody is at a card, and at no other; return who else is there. ``real`` is real time."""
    conn.execute(_LEAVE, (login, card, real - 2 * _LASTS))
    conn.execute(_LOOK, (card, login, real))
    return [name for (name,) in conn.execute(_OTHERS, (card, login, real - _LASTS))]


def everybody(conn: Connection, *, real: datetime) -> dict[int, list[str]]:
    """Return who is at which card at the moment."""
    found: dict[int, list[str]] = {}
    for card, login in conn.execute(_ALL, (real - _LASTS,)):
        found.setdefault(card, []).append(login)
    return found
