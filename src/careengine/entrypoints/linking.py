"""Links to a patient's own pages: signed, for one case and one purpose, until a moment."""

from datetime import datetime

from careengine.entrypoints.compose import LINKS
from careengine.kernel.errors import Refused
from careengine.runtime.settings import Settings
from careengine.wire.links import sign

PURPOSES = ("visit", "intake", "card")


class NoSuchLink(Refused):
    """A link to something that has no page, or without a secret that signs it."""


def link_to(settings: Settings, case: int, purpose: str, *, until: datetime) -> str:
    """Return the whole address of a patient's page; raises :class:`NoSuchLink`."""
    if purpose not in PURPOSES:
        raise NoSuchLink(f"There is no page for '{purpose}'. Choose one of: {', '.join(PURPOSES)}.")
    secret = settings.secrets.get(LINKS, "")
    if not secret:
        raise NoSuchLink("No secret signs links. Set CAREENGINE_SECRET_LINKS, or its _FILE.")
    token = sign(secret, case=case, purpose=purpose, until=until)
    return f"{settings.public_url}/p/{purpose}/{token}"
