"""``/p/card/…``: a picture of the insurance card, looked at byte by byte before it is kept."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from careengine.entrypoints.visiting import keep_photo, say
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.phone_door import (
    Opened,
    ask_birth_date,
    knows_birth_date,
    opened,
    policy_now,
    shown,
)
from careengine.runtime.database import Connection

CARD = "card"
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1")
"""What a picture begins with; a name or a browser's word is no proof."""
_SAID = "I sent a picture of my insurance card"


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """``/p/card/TOKEN``."""
    return opened(request, CARD, token, _page)


def _page(request: HttpRequest, link: Opened) -> HttpResponse:
    if not knows_birth_date(request, link):
        return ask_birth_date(request, link) or redirect(link.address)
    if request.method != "POST":
        return shown(request, "phone_card.html", link, {"fault": "", "done": "done" in request.GET})
    photo = request.FILES.get("photo")
    if photo is None:
        return _again(request, link, _("Choose a picture first."))
    if photo.size is None or photo.size > policy_now().photo_bytes:
        return _again(request, link, _("This picture is too large. Take it anew, or call us."), 413)
    read = photo.read()
    kind = kind_of(read)
    if not kind:
        return _again(
            request, link, _("This is no picture that we can open. Send a photo: JPEG, PNG or HEIC.")
        )

    def keep(conn: Connection) -> None:
        engine = house().engine
        kept = keep_photo(conn, link.caller, read, kind, at=engine.clock.now())
        say(conn, engine, link.case, link.caller, _SAID, key=f"{link.token} {kept.partition('@')[0]}")

    house().desk.do(keep)
    return redirect(f"{link.address}?done=1")


def kind_of(photo: bytes) -> str:
    """Return the media type that the first bytes prove; empty for anything that is no picture."""
    if photo[4:12] in _HEIC:
        return "image/heic"
    return next((kind for begins, kind in _KINDS if photo.startswith(begins)), "")


def _again(request: HttpRequest, link: Opened, fault: str, status: int = 422) -> HttpResponse:
    return shown(request, "phone_card.html", link, {"fault": fault, "done": False}, status=status)
