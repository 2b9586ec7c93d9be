"""``/decisions/…``: one decision whole, decided again on request; ``/policies/…``: the rule it followed."""

import difflib
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET, require_http_methods

from careengine.entrypoints.explaining import explained
from careengine.entrypoints.recomputing import Again, recomputed
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.reading import reader_for
from careengine.entrypoints.web.who import person_of
from careengine.kernel.errors import NotFound
from careengine.policy.findings import UnknownPolicy
from careengine.policy.store import Version, source_of, stored_body, versions
from careengine.runtime.database import Connection

_MOST_USES = 50
_USES = """
    select d.id, d.at, r.question, d.answer from decision d join decision_rule r on r.key = d.rule
    where r.policy = %s and r.policy_version = %s order by d.id desc limit %s
"""


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, decision: int) -> HttpResponse:
    """``GET /decisions/ID``; a ``POST`` decides it again and checks the chain. Neither changes anything."""
    here, person = house(), person_of(request)
    reader, language = reader_for(here.access, person), translation.get_language() or "en"

    def read(conn: Connection) -> tuple[dict[str, Any], Again | None]:
        shown = explained(conn, here.engine, here.access, decision, language=language, reader=reader)
        return shown, recomputed(conn, here.engine, decision) if request.method == "POST" else None

    try:
        shown, again = here.desk.do(read)
    except NotFound:
        raise Http404 from None
    return render(request, "decision.html", {"d": shown, "again": again})


@require_GET
def policy(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """``GET /policies/NAME/VERSION``: its text as published, by whom, and what changed since before."""

    def read(conn: Connection) -> tuple[Sequence[Version], dict[str, str], str, Sequence[Any]]:
        known = [one for one in versions(conn, name) if one.version <= version]
        texts = _texts(conn, name, version)
        before = _texts(conn, name, version - 1) if version > 1 else {}
        uses = conn.execute(_USES, (name, version, _MOST_USES)).fetchall()
        return known, texts, _changes(before, texts), uses

    try:
        known, texts, changes, uses = house().desk.do(read)
    except UnknownPolicy:
        raise Http404 from None
    told = {"name": name, "version": known[-1], "texts": texts, "changes": changes, "uses": uses}
    return render(request, "policy.html", told)


def _texts(conn: Connection, name: str, version: int) -> dict[str, str]:
    source = source_of(name, version, stored_body(conn, name, version))
    return {part: text for part, text in (("policy", source.text), ("cases", source.cases)) if text}


def _changes(before: dict[str, str], after: dict[str, str]) -> str:
    """Return what changed in the policy's text, as a unified difference; empty for the first version."""
    if not before:
        return ""
    old, new = before.get("policy", "").splitlines(), after.get("policy", "").splitlines()
    return "\n".join(difflib.unified_diff(old, new, "before", "now", lineterm=""))
