"""Stand-in until the generated parameters land: the values of a few search parameters."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from careengine.record.index_value import IndexValue, Kind


def index_values(resource: Mapping[str, Any]) -> Iterator[IndexValue]:
    """Yield the values a resource is found by."""
    for identifier in resource.get("identifier", ()) if isinstance(resource.get("identifier"), list) else ():
        yield IndexValue("identifier", Kind.TOKEN, identifier.get("system", ""), identifier.get("value", ""))
    for name in ("status", "gender"):
        if isinstance(resource.get(name), str):
            yield IndexValue(name, Kind.TOKEN, "", resource[name])
    for coding in resource.get("code", {}).get("coding", ()) if isinstance(resource.get("code"), dict) else ():
        yield IndexValue("code", Kind.TOKEN, coding.get("system", ""), coding.get("code", ""))
    for name in ("subject", "patient", "encounter"):
        reference = resource.get(name, {}).get("reference", "") if isinstance(resource.get(name), dict) else ""
        if reference:
            yield IndexValue("patient" if reference.startswith("Patient/") else name, Kind.REFERENCE, "", reference)
    for name in resource.get("name", ()) if isinstance(resource.get("name"), list) else ():
        if "family" in name:
            yield IndexValue("family", Kind.STRING, "", name["family"])
    if "effectiveDateTime" in resource:
        low = datetime.fromisoformat(resource["effectiveDateTime"].replace("Z", "+00:00"))
        yield IndexValue("date", Kind.DATE, "", "", low, low + timedelta(seconds=1))
