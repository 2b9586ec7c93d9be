"""Logs and traces cannot hold a patient's data, whatever they are handed."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from careengine.kernel.errors import NotFound
from careengine.runtime import telemetry
from careengine.runtime.telemetry import FIELDS, dropped, get_logger, span, start_logging, start_tracing

PATIENT = "Maria Gonzalez 1984-05-02"


class Log:
    """What was logged in a test."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    made = Log()
    start_logging("info", made.stream)
    yield made
    root.handlers, root.level = handlers, level
    telemetry._configure(logging.WARNING, None)


def test_a_listed_field_is_logged_with_the_time_and_level(log: Log) -> None:
    get_logger().info("batch committed", cases=200, journey="referral_acknowledged")
    (line,) = log.lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "event": "batch committed", "level": "info", "cases": 200, "journey": "referral_acknowledged",
    }  # fmt: skip


def test_a_field_that_is_not_listed_is_dropped_and_counted(log: Log) -> None:
    before = dropped().get("patient_name", 0)
    get_logger().info("seen", patient_name=PATIENT, birth_date="1984-05-02", case=7)
    assert log.lines()[0]["case"] == 7
    assert "Maria" not in log.stream.getvalue()
    assert "1984" not in log.stream.getvalue()
    assert dropped()["patient_name"] == before + 1


@pytest.mark.parametrize("value", [PATIENT, ["Maria"], {"name": "Maria"}, b"Maria", "x" * 121, "a\nb", "a\n"])
def test_a_value_that_is_more_than_a_code_is_withheld_even_in_a_listed_field(log: Log, value: object) -> None:
    get_logger().info("seen", outcome=value)
    assert log.lines()[0]["outcome"] == "(withheld)"


def test_a_sentence_as_the_event_s_name_is_withheld(log: Log) -> None:
    get_logger().info(f"Seen {PATIENT}")
    assert log.lines()[0]["event"] == "(withheld)"


def test_a_foreign_exception_is_logged_by_class_and_place_only(log: Log) -> None:
    try:
        int(PATIENT)
    except ValueError:
        get_logger().exception("handler raised", case=7)
    (line,) = log.lines()
    assert (line["error"], line["case"]) == ("ValueError", 7)
    assert line["where"].startswith(__name__.rsplit(".", 1)[-1])
    assert "Maria" not in log.stream.getvalue()


def test_nobody_but_an_exception_of_ours_can_say_something(log: Log) -> None:
    get_logger().info("seen", says=PATIENT, where=PATIENT, stack=PATIENT)
    assert set(log.lines()[0]) == {"event", "level", "at"}


def test_an_exception_of_ours_is_logged_with_its_message(log: Log) -> None:
    get_logger().error("refused", error=NotFound("Card 7 is not open. Look at the worklist again."))
    assert log.lines()[0]["says"] == "Card 7 is not open. Look at the worklist again."
    assert log.lines()[0]["error"] == "NotFound"


def test_the_name_of_an_error_s_class_is_enough(log: Log) -> None:
    get_logger().error("refused", error="OperationalError")
    get_logger().error("refused", error=PATIENT)
    assert [line["error"] for line in log.lines()] == ["OperationalError", "(withheld)"]


def test_another_library_is_logged_by_its_name_and_never_by_what_it_said(log: Log) -> None:
    logging.getLogger("somebody.else").warning("could not store %s", PATIENT)
    logging.getLogger("somebody.else").info("chatter")
    (line,) = log.lines()
    assert (line["library"], line["level"], line["event"]) == ("somebody.else", "warning", "another library")


def test_the_level_is_a_threshold(log: Log) -> None:
    start_logging("error", log.stream)
    get_logger().info("seen")
    get_logger().error("refused")
    assert [line["event"] for line in log.lines()] == ["refused"]


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: name not in {"event", "exc_info", "error"}), st.text()
    )
)
def test_no_text_with_a_space_ever_passes(fields: dict[str, str]) -> None:
    said = telemetry._allowed({"event": "seen", **{k: f"{v} {PATIENT}" for k, v in fields.items()}})
    assert "Maria" not in json.dumps(said)
    assert set(said) <= FIELDS | {"event"}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    start_tracing(exporter)
    yield exporter
    start_tracing("")


def test_a_span_s_trace_is_its_case(spans: InMemorySpanExporter) -> None:
    with span("decide", case=255, journey="referral_acknowledged", patient_name=PATIENT):
        pass
    (made,) = spans.get_finished_spans()
    assert made.context is not None
    assert made.context.trace_id == 255
    assert dict(made.attributes or {}) == {"journey": "referral_acknowledged"}


def test_a_span_records_an_exception_by_class_only(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Maria"), span("decide", case=1):
        raise ValueError(PATIENT)
    (made,) = spans.get_finished_spans()
    assert made.status.description == "ValueError"
    assert made.events == ()


def test_without_an_exporter_a_span_does_nothing() -> None:
    with span("decide", case=1):
        assert not trace.get_current_span().is_recording()
