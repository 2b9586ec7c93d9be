"""Somebody outside, by the way they are spoken to."""

from careengine.wire.http import HttpPartner
from careengine.wire.smtp import SmtpPartner

Partner = HttpPartner | SmtpPartner
"""What a runner is handed: HTTP for most, SMTP for e-mail."""


def partner_at(
    url: str, *, secret: str = "", timeout_s: float = 10.0, basic: bool = False
) -> HttpPartner | SmtpPartner:
    """Return the partner at an address, ``http(s)://`` or ``smtp(s)://``, with our secret for them."""
    if url.startswith(("smtp://", "smtps://")):
        return SmtpPartner(url, secret=secret, timeout_s=timeout_s)
    return HttpPartner(url, secret=secret, timeout_s=timeout_s, basic=basic)
