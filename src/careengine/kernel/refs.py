"""How one resource of the record is named, with the version that was meant."""

import re
from dataclasses import dataclass

from careengine.kernel.errors import Refused

_REF = re.compile(
    r"(?P<type>[A-Z][A-Za-z]{2,40})/(?P<id>[A-Za-z0-9\-.]{1,64})(?:@(?P<version>[1-9][0-9]{0,8}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A FHIR resource by type and id; ``version`` 0 means the newest one."""

    type: str
    id: str
    version: int = 0

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """Read ``Type/id`` or ``Type/id@version``; anything else is refused."""
        found = _REF.fullmatch(text)
        if found is None:
            raise Refused("A reference must read Type/id or Type/id@version; this one does not.")
        return cls(found["type"], found["id"], int(found["version"] or 0))

    def newest(self) -> "Ref":
        """Return the same resource without naming a version."""
        return Ref(self.type, self.id)

    def __str__(self) -> str:
        return f"{self.type}/{self.id}@{self.version}" if self.version else f"{self.type}/{self.id}"
