"""The files that pages load: ours and the vendored ones, kept for ever under an address with their digest."""

import mimetypes
from pathlib import PurePosixPath

from django.http import Http404, HttpRequest, HttpResponse

from careengine.entrypoints.web.drawing import STATIC

_FOR_EVER = "public, max-age=31536000, immutable"
_SUFFIXES = frozenset({".css", ".js", ".woff2", ".svg", ".png", ".ico"})


def serve(request: HttpRequest, name: str) -> HttpResponse:
    """``GET /static/…``: a file of ours; nothing outside the folder can be named."""
    parts = PurePosixPath(name)
    if ".." in parts.parts or parts.suffix not in _SUFFIXES or not (STATIC / parts).is_file():
        raise Http404
    kind = "font/woff2" if parts.suffix == ".woff2" else mimetypes.guess_type(name)[0]
    answer = HttpResponse((STATIC / parts).read_bytes(), content_type=kind or "application/octet-stream")
    answer.headers["Cache-Control"] = (
        _FOR_EVER if "v" in request.GET or "vendor" in parts.parts else "no-cache"
    )
    return answer
