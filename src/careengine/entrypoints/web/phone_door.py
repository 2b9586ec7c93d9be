"""Who stands behind a patient's link: what it opens, in which language, and whether they showed it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from careengine.entrypoints.api.rates import Rates, TooOften
from careengine.entrypoints.visiting import READER, Caller, caller_of, signature
from careengine.entrypoints.web.house import House, house
from careengine.kernel.errors import CareError, NotFound
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger
from careengine.trust.patient_links import PATIENT_LINKS, PatientLinkPolicy, shut_for
from careengine.wire.links import LinkRefused, verify

_LANGUAGES = ("en", "es")
_OPENED = "patient_links"
_READS, _MISSES = Rates(60, 1.0), Rates(20, 3.0)
"""A person's pace, and a guesser's: tries at once, and seconds until one more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that opened."""

    case: int
    token: str
    purpose: str
    caller: Caller

    @property
    def address(self) -> str:
        """Return where its page is."""
        return f"/p/{self.purpose}/{self.token}"


Page = Callable[[HttpRequest, Opened], HttpResponse]


def opened(request: HttpRequest, purpose: str, token: str, page: Page) -> HttpResponse:
    """Open a link and show its page in the patient's language; what does not open is told calmly."""
    here = house()
    try:
        case = _case(request, here, purpose, token)
        caller = here.desk.do(lambda conn: _caller(conn, here, case))
    except (LinkRefused, NotFound):
        return _closed(request, _("This link is over"), 410)
    except TooOften:
        return _closed(request, _("That was too often"), 429)
    except CareError:
        return _closed(request, _("Please call us"), 409)
    with translation.override(_language(request, caller)):
        return page(request, Opened(case, token, purpose, caller))


def knows_birth_date(request: HttpRequest, link: Opened) -> bool:
    """Say whether this browser gave the right date of birth for this link a short while ago."""
    at = request.session.get(_OPENED, {}).get(_name(link.token), 0.0)
    return real_now() - datetime.fromtimestamp(at, UTC) < policy_now().open


def ask_birth_date(request: HttpRequest, link: Opened) -> HttpResponse | None:
    """Take a date of birth if one is given; return the page that asks for it, nothing when it is right."""
    tried, name = int(cache.get(_name(link.token), 0)), _name(link.token)
    if shut_for(policy_now(), tries=tried):
        return _closed(request, _("This link is shut for a while"), 423)
    given, fault = request.POST, ""
    if "year" in given:
        if link.caller.born is not None and _date(given) == link.caller.born:
            cache.delete(name)
            known = {**request.session.get(_OPENED, {}), name: real_now().timestamp()}
            request.session[_OPENED] = known
            return None
        get_logger().warning("birth date refused", case=link.case, attempts=tried + 1)
        cache.set(name, tried + 1, policy_now().locked.total_seconds())
        fault = _("That is not the date of birth we have. Look once more, or call us.")
    status = 422 if fault else 200
    return shown(request, "phone_born.html", link, {"fault": fault}, status=status)


def shown(
    request: HttpRequest, template: str, link: Opened | None, told: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """Draw a page of the patient's: no frame, nothing cached, the number to call always there."""
    org, phone = signature(house().engine)
    around = {"link": link, "org": org, "phone": phone, "speaks": translation.get_language()}
    return render(request, template, {**around, **told}, status=status)


def policy_now() -> PatientLinkPolicy:
    """Return the policy of patients' links."""
    return house().engine.book.value(PATIENT_LINKS, real_now().date())


def _case(request: HttpRequest, here: House, purpose: str, token: str) -> int:
    who = request.META.get("REMOTE_ADDR", "")
    try:
        case = verify(here.desk.served.links, token, purpose=purpose, now=here.engine.clock.now())
    except LinkRefused:
        get_logger().warning("link refused", kind=purpose)
        _MISSES.take(who)
        raise
    _READS.take(str(case))
    return case


def _caller(conn: Connection, here: House, case: int) -> Caller:
    with here.desk.reading_as(conn, READER) as charts:
        return caller_of(conn, charts, case)


def _closed(request: HttpRequest, title: str, status: int) -> HttpResponse:
    return shown(request, "phone_closed.html", None, {"title": title}, status=status)


def _language(request: HttpRequest, caller: Caller) -> str:
    wished = request.GET.get("lang") or request.session.get("lang") or caller.language
    if request.GET.get("lang") in _LANGUAGES:
        request.session["lang"] = wished
    return wished if wished in _LANGUAGES else "en"


def _date(given: object) -> date | None:
    read = [str(given.get(part, "")) for part in ("year", "month", "day")]  # type: ignore[attr-defined]  # a form
    try:
        return date(*map(int, read))
    except ValueError:
        return None


def _name(token: str) -> str:
    return f"link-{hashlib.sha256(token.encode()).hexdigest()}"
