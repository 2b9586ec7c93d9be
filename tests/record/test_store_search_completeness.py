"""Whatever a resource is indexed by, a search for it finds it, and finds nothing that lacks it."""

import gzip
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

import caretown
from careengine.record.importing import import_paths
from careengine.record.index_value import IndexValue, Kind
from careengine.record.keys import folded
from careengine.record.parameters import index_values
from careengine.record.query import query_of
from careengine.record.search import search
from careengine.runtime.database import Connection

SAMPLE = Path(caretown.__file__).parent / "sample" / "patients"
SEARCHES = 600


def asked(value: IndexValue) -> str:
    """Write the search that the value answers."""
    if value.kind is Kind.TOKEN:
        return f"{value.system}|{value.value}" if value.system else f"|{value.value}"
    if value.kind is Kind.DATE:
        return f"sa{value.low.isoformat()[:19]}Z" if value.low is None else f"ge{value.low.isoformat()[:19]}Z"
    if value.kind in {Kind.NUMBER, Kind.QUANTITY}:
        unit = f"|{value.system}|{value.value}" if value.value and value.system else ""
        return f"{value.low}{unit}"
    return value.value


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,")


def answers(question: IndexValue, value: IndexValue) -> bool:
    """Say, without any index, whether a resource with ``value`` answers the search for ``question``."""
    if value.param != question.param:
        return False
    if question.kind is Kind.STRING:
        return folded(value.value).startswith(folded(question.value))
    if question.kind is Kind.DATE:
        return value.high is None or value.high > question.low.replace(microsecond=0)
    if question.kind in {Kind.NUMBER, Kind.QUANTITY}:
        same_unit = not (question.value and question.system) or value[2:4] == question[2:4]
        return same_unit and value.low == question.low
    return value[2:4] == question[2:4]


def test_every_search_agrees_with_reading_every_resource(conn: Connection) -> None:
    file = sorted(SAMPLE.rglob("*.json.gz"))[0]
    import_paths(conn, [file])
    resources: dict[str, dict[str, list[IndexValue]]] = {}
    for entry in orjson.loads(gzip.decompress(file.read_bytes()))["entry"]:
        resource: Mapping[str, Any] = resolved(entry["resource"], file)
        resources.setdefault(resource["resourceType"], {})[resource["id"]] = list(index_values(resource))
    questions = [
        (type_, value)
        for type_, of_type in resources.items()
        for values in of_type.values()
        for value in values
        if not (value.kind is Kind.DATE and value.low is None)
    ]
    for type_, question in random.Random(3).sample(questions, min(SEARCHES, len(questions))):
        query = query_of(type_, [(question.param, escaped(asked(question))), ("_count", "1000")])
        found = {ref.id for ref in search(conn, query).found}
        wanted = {
            id_ for id_, values in resources[type_].items() if any(answers(question, v) for v in values)
        }
        assert found == wanted, (type_, question)


def resolved(resource: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """Return a resource with the references as an import leaves them."""
    named = {
        entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in orjson.loads(gzip.decompress(file.read_bytes()))["entry"]
    }
    text = orjson.dumps(resource).decode()
    for full_url, name in named.items():
        text = text.replace(f'"reference":"{full_url}"', f'"reference":"{name}"')
    found: Mapping[str, Any] = orjson.loads(text)
    return found
