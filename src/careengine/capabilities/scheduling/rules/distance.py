"""How far somebody lives from where they would be seen, in a straight line. Pure."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map, in degrees."""

    latitude: float
    longitude: float


def km_between(one: Spot | None, other: Spot | None) -> float | None:
    """Return the kilometres between two places, to the hundred metres; ``None`` if either is not known."""
    if one is None or other is None:
        return None
    north, east = radians(other.latitude - one.latitude), radians(other.longitude - one.longitude)
    half = (
        sin(north / 2) ** 2 + cos(radians(one.latitude)) * cos(radians(other.latitude)) * sin(east / 2) ** 2
    )
    return round(2 * _EARTH_KM * asin(min(sqrt(half), 1.0)), 1)
