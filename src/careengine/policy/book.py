"""Every policy in force, as one value: look a policy up for a day, pin its versions, lay drafts over it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import date
from typing import Any, TypeVar

from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.policy.file import PolicyFile, PolicySource, read_policy
from careengine.policy.findings import BrokenPolicy, Finding, MisfitPolicy, NoPolicyThatDay, UnknownPolicy
from careengine.policy.schemas import PolicySchema, Schemas, TableShape
from careengine.policy.sources import all_sources
from careengine.policy.strict import Place, fit

T = TypeVar("T")
DRAFT = 0
"""The version a draft carries until it is published; published versions count from 1."""


class DatedPolicy:
    """One version of one policy: built into frozen values once, the first time each is asked for."""

    __slots__ = ("_built", "_file", "_schemas", "_source", "_starts", "name", "schema_name", "version")

    def __init__(
        self, name: str, version: int, source: PolicySource, schemas: Schemas, schema_name: str
    ) -> None:
        self.name = name
        self.version = version
        self.schema_name = schema_name
        self._source = source
        self._schemas = schemas
        self._file: PolicyFile | None = None
        self._starts: tuple[date, ...] = ()
        self._built: dict[int, Any] = {}

    def as_version(self, version: int) -> "DatedPolicy":
        """Return the same texts under another version's number."""
        return type(self)(self.name, version, self._source, self._schemas, self.schema_name)

    @property
    def schema(self) -> PolicySchema:
        """The shape its values have; a shape this code does not register is an error when it is used."""
        return self._schemas[self.schema_name]

    @property
    def file(self) -> PolicyFile:
        """The policy as its text states it, read the first time it is asked for."""
        if self._file is None:
            file = read_policy(self._source)
            self._starts = tuple(period.start for period in file.periods)
            self._file = file
        return self._file

    def index_on(self, day: date) -> int:
        """Return which of the dated versions holds on ``day``; raises :class:`NoPolicyThatDay`."""
        file = self.file
        index = bisect_right(self._starts, day) - 1
        if index < 0 or day not in file.periods[index]:
            spans = ", ".join(f"{span.start} to {span.end or 'further notice'}" for span in file.periods)
            raise NoPolicyThatDay(
                f"The policy {self.name} (version {self.version}) says nothing for {day}; it holds {spans}. "
                "Publish a version for that day."
            )
        return index

    def on(self, day: date) -> Any:
        """Return the frozen value that holds on ``day``; raises :class:`NoPolicyThatDay`."""
        index = self.index_on(day)
        built = self._built.get(index)
        return self.build(index) if built is None else built

    def build(self, index: int) -> Any:
        """Return the frozen value of one dated version, built once.

        Raises:
            BrokenPolicy: its values do not fit their schema, or its table has a broken cell.
        """
        if index not in self._built:
            self._built[index] = build_value(
                self.file, index, self.schema, PolicyRef(self.name, self.version)
            )
        return self._built[index]


class AsIfAlways(DatedPolicy):
    """A draft for looking back: what it says last holds on every day, whenever it is meant to begin."""

    __slots__ = ()

    def index_on(self, day: date) -> int:
        """Return the last of the dated versions, whatever the day."""
        del day
        return len(self.file.periods) - 1


class PolicyBook:
    """Immutable: the policies in force at one moment. Made once, shared by everybody, never copied deep."""

    __slots__ = ("_policies",)

    def __init__(self, policies: Mapping[str, DatedPolicy]) -> None:
        self._policies = dict(policies)

    def value(self, name: PolicyName[T], day: date) -> T:
        """Return what the policy says on ``day``, frozen, carrying its ``ref``.

        Raises:
            UnknownPolicy: no policy of that name is published.
            NoPolicyThatDay: the day lies before, between or after its dated versions.
            BrokenPolicy: its text cannot be read; the check before publishing was left out.
        """
        value = self[name.name].on(day)
        if not isinstance(value, name.kind):
            raise MisfitPolicy(
                f"The policy {name.name} gives a {type(value).__name__}, not the {name.kind.__name__} that "
                "was asked for; correct its schema, or the PolicyName in the capability's model."
            )
        return value

    def applies_by(self, name: PolicyName[Any] | str) -> str:
        """Return which day counts for this policy: ``received``, ``service`` or ``decision``."""
        return self[_plain(name)].file.header.applies_by.value

    def pins(self, names: Iterable[PolicyName[Any] | str]) -> Mapping[str, int]:
        """Return the version of each, to be handed to ``load_book`` when a decision is recomputed."""
        return {plain: self[plain].version for plain in map(_plain, names)}

    def overlay(self, drafts: Iterable[DatedPolicy]) -> "PolicyBook":
        """Return a book in which the drafts stand instead; everything else is shared, not copied."""
        return PolicyBook({**self._policies, **{draft.name: draft for draft in drafts}})

    def with_schema(self, schema: str) -> tuple[DatedPolicy, ...]:
        """Return all policies of one shape, by name."""
        return tuple(policy for _, policy in sorted(self._policies.items()) if policy.schema_name == schema)

    def __getitem__(self, name: str) -> DatedPolicy:
        try:
            return self._policies[name]
        except KeyError:
            raise UnknownPolicy(
                f"No policy {name} is published here. Publish it, or correct the name."
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)


def draft(source: PolicySource, schemas: Schemas) -> DatedPolicy:
    """Return a policy that is not published: to be tested, or laid over a book."""
    file = read_policy(source)
    return DatedPolicy(file.name, DRAFT, source, schemas, file.schema)


def as_if_always(source: PolicySource, schemas: Schemas) -> DatedPolicy:
    """Return a draft to be laid over history."""
    file = read_policy(source)
    return AsIfAlways(file.name, DRAFT, source, schemas, file.schema)


def book_of(sources: Mapping[str, PolicySource], schemas: Schemas, *, version: int = 1) -> PolicyBook:
    """Return a book straight from files, for tests and tools; at run time the database is the truth."""
    policies = {}
    for source in sources.values():
        file = read_policy(source)
        policies[file.name] = DatedPolicy(file.name, version, source, schemas, file.schema)
    return PolicyBook(policies)


def package_book(schemas: Iterable[PolicySchema]) -> PolicyBook:
    """Return the policies of the package as version 1, for tests and tools."""
    return book_of(all_sources(), Schemas.of(schemas))


def build_value(file: PolicyFile, index: int, schema: PolicySchema, ref: PolicyRef) -> object:
    """Return one dated version of ``file`` as the frozen value a rule receives.

    Raises:
        BrokenPolicy: its values do not fit their schema, or its table has a broken cell.
        MisfitPolicy: the schema built something that is not frozen or does not carry ``ref``.
    """
    value = schema.build(judged(file, index, schema), ref)
    params = getattr(type(value), "__dataclass_params__", None)
    if not is_dataclass(value) or params is None or not params.frozen or getattr(value, "ref", None) != ref:
        raise MisfitPolicy(
            f"The schema {schema.name} builds a {type(value).__name__}; a rule needs a frozen dataclass "
            "whose field ref is the PolicyRef handed to build."
        )
    return value


def judged(file: PolicyFile, index: int, schema: PolicySchema) -> Any:
    """Return the values of one dated version as the schema's strict model, or its table."""
    span = file.header.effective[index]
    if isinstance(schema.model, TableShape):
        from careengine.policy.table import (
            read_table,
        )  # zen is heavy; a process without tables never loads it

        return read_table(file, index, schema.model)
    if span.values is None:
        problem = "This policy holds values; a decision table stands here."
        raise BrokenPolicy([Finding(file.name, file.source.where, problem, "Write values.")])
    return fit(
        schema.model,
        span.values,
        Place(file.name, file.source.where, file.document, ("effective", index, "values")),
    )


def _plain(name: PolicyName[Any] | str) -> str:
    return name if isinstance(name, str) else name.name
