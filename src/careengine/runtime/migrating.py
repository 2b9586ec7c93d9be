"""Bring a database to the schema this version needs: the migrations of every package that owns tables."""

import os

from psycopg.conninfo import conninfo_to_dict

from careengine.runtime.database import connect

_SETTINGS = "careengine.entrypoints.web.settings"
_LOCK = 0x43_61_72_65
"""The advisory lock under which one process at a time migrates."""
_ALIAS = "migrating"


def migrate(url: str) -> list[str]:
    """Apply what is missing and return it as ``package.name``; a second process waits and finds none."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _SETTINGS)
    import django
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connections

    if not apps.ready:
        django.setup()
    with connect(url, autocommit=True) as held:
        held.execute("select pg_advisory_lock(%s)", (_LOCK,))
        connections.settings[_ALIAS] = {**connections.settings["default"], **_database(url)}
        try:
            before = _applied(url)
            call_command("migrate", database=_ALIAS, interactive=False, verbosity=0)
            return sorted(_applied(url) - before)
        finally:
            connections[_ALIAS].close()
            del connections[_ALIAS]
            del connections.settings[_ALIAS]


def _database(url: str) -> dict[str, object]:
    parts = conninfo_to_dict(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    said: dict[str, object] = {django: str(parts.pop(libpq, "") or "") for libpq, django in names.items()}
    return {**said, "OPTIONS": parts}


def _applied(url: str) -> set[str]:
    with connect(url, autocommit=True) as conn:
        if conn.execute("select to_regclass('django_migrations')").fetchone() == (None,):
            return set()
        return {f"{app}.{name}" for app, name in conn.execute("select app, name from django_migrations")}
