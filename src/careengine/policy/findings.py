"""What is wrong with a policy: which one, where, what the matter is, and what to do about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from careengine.kernel.errors import CareError, NotFound, Refused


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of the checker; ``blocks`` means that the policy may not be published as it is."""

    policy: str
    where: str
    """The file, its line when known, and the field: ``access/clocks.yaml:12 effective.0.values.hours``."""
    problem: str
    do: str
    blocks: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.problem} {self.do}"


class BrokenPolicy(Refused):
    """A policy file says something that cannot be, or is not understood; each finding says what to do."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


class UnknownPolicy(NotFound):
    """No policy of that name, or none of that version, is published here."""


class NoPolicyThatDay(NotFound):
    """The policy says nothing about the day asked for."""


class MisfitPolicy(CareError):
    """A schema builds something else than the rule expects; a fault to be mended in code."""
