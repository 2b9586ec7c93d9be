"""The two organisations of the town, provider and payer, with the addresses of their partners."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

NOBODY = "http://127.0.0.1:9"
"""Where nobody listens: the address of a partner who is not there."""
_PARTNER = re.compile(r'^(  ([a-z_]+): \{url: ")([^"]+)"', re.MULTILINE)


def write_organisation(
    name: str, into: Path, urls: Mapping[str, str] | None = None, *, journeys: Sequence[str] = ()
) -> Path:
    """Write the file of "organisation" (the provider) or "payer"; ``urls`` are by partner.

    ``PARTNERS`` is the address of all referrers; a partner without an address is nobody.
    With ``journeys`` these are on instead of those in the file.
    """
    template = files("caretown").joinpath(f"sample/{name}.yaml").read_text(encoding="utf-8")
    known = urls or {}
    text = template.replace("PARTNERS", known.get("PARTNERS", NOBODY))
    text = _PARTNER.sub(lambda found: f'{found[1]}{known.get(found[2], found[3])}"', text)
    if journeys:
        text = re.sub(r"^journeys: .*$", f"journeys: [{', '.join(journeys)}]", text, flags=re.MULTILINE)
    into.write_text(text, encoding="utf-8")
    return into
