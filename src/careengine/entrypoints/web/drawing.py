"""How templates are drawn: always escaped, with icons, static files and moments as people say them."""

import hashlib
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from careengine.entrypoints.web.naming import (
    entry_name,
    event_name,
    reason_name,
    stage_name,
    team_name,
    view_name,
)
from careengine.entrypoints.web.saying import day, hour, moment, pressing, since, until, weekday

STATIC = Path(__file__).parent / "static"
_ICONS = STATIC / "vendor/lucide-1.62.0/icons"


def environment(**options: Any) -> Environment:
    """Return Django's Jinja environment: autoescape on, a missing name is an error."""
    from django.utils import translation

    told = {name: value for name, value in options.items() if name not in {"autoescape", "undefined"}}
    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"], **told,
    )  # fmt: skip
    made.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        translation.gettext, translation.ngettext, newstyle=True
    )
    made.globals.update(
        icon=icon,
        static=static,
        team_name=team_name,
        stage_name=stage_name,
        entry_name=entry_name,
        event_name=event_name,
        view_name=view_name,
        hospital_name=hospital_name,
        weekday=weekday,
        reason_name=reason_name,
        form_key=lambda: secrets.token_urlsafe(12),
        pressing=pressing,
    )
    made.filters.update(day=day, hour=hour, moment=moment, since=since, until=until)
    return made


def hospital_name() -> str:
    """Return what the button of the hospital's own sign-in says; empty where there is none."""
    from django.conf import settings

    apps: Any = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return str(apps[0]["name"] or apps[0]["settings"]["server_url"]) if apps else ""


@cache
def icon(name: str) -> Markup:
    """Return a lucide icon to stand in the page: no request, no font, hidden from screen readers."""
    text = re.sub(r"<!--.*?-->", "", (_ICONS / f"{name}.svg").read_text("utf-8"), flags=re.DOTALL)
    drawn = re.sub(r'class="[^"]*"', 'class="icon" aria-hidden="true"', text, count=1)
    return Markup(re.sub(r"\s+", " ", drawn).strip())  # noqa: S704  a file of ours


@cache
def static(name: str) -> str:
    """Return the address of a static file with its digest, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
