"""What can go wrong in the town, said so that the person who started it knows what to do."""

from careengine.kernel.errors import CareError


class TownUnreadable(CareError):
    """The bundles that should be the town's patients cannot be used."""


class TownTooSmall(CareError):
    """More was asked of the town than its people and clinics allow."""


class EngineSilent(CareError):
    """The engine does not answer, or not in the way the town was told."""


class OddityUnknown(CareError):
    """A planned oddity of a partner cannot be read."""
