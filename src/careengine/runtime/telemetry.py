"""Logs and traces that cannot hold a patient's data: only named fields with code-like values pass.

A field that is not on the list is dropped and counted; a text that is more than a code
or a name is withheld; an exception is logged by its class, and by its message only when
it is one of ours, which promises to hold none. Other libraries' messages, which promise
nothing, are logged by where they come from.
"""

import importlib
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.runtime.ids import trace_id

if TYPE_CHECKING:
    import structlog
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

Said = MutableMapping[str, Any]
FIELDS = frozenset({
    "attempt", "attempts", "batch", "bytes", "cards", "case", "case_version", "cases", "clock",
    "code_version", "count", "decisions", "due", "duration_ms", "effect", "effects", "event_id", "events",
    "executor", "function", "job", "journey", "journey_version", "kind", "lag_s", "lane", "library", "login",
    "method", "outcome", "owner", "partition", "partner", "pid", "policy", "port", "queue", "refused",
    "retry_s", "route", "rows", "seq", "site", "state", "status", "step", "table", "team", "to_state",
    "version", "waiting", "worker",
})  # fmt: skip
"""What may be logged. None of these names a patient; add one only if it never can."""
_NAME = re.compile(r"[a-z][a-z0-9_. -]{0,79}")
_CODE = re.compile(r"[A-Za-z0-9_.:/@+-]{0,120}")
_WITHHELD = "(withheld)"
_dropped: Counter[str] = Counter()


def dropped() -> Mapping[str, int]:
    """Return the names of the fields that were dropped so far, and how often each was."""
    return dict(_dropped)


def get_logger() -> "structlog.typing.FilteringBoundLogger":
    """Return the logger: ``log.info("batch committed", cases=200)``; the name is constant.

    Until logging is started it lets only warnings and errors pass, filtered like all.
    """
    import structlog

    if not structlog.is_configured():
        _configure(logging.WARNING, None)
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def start_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Log as one JSON object a line, to standard error unless told otherwise."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    _configure(threshold, stream)
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(max(threshold, logging.WARNING))


def _configure(threshold: int, stream: TextIO | None) -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _only_what_may_be_said,
            _stamp,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def _only_what_may_be_said(_logger: Any, _method: str, said: Said) -> Said:
    """Keep the fields on the list and the event's name; say of an exception what holds no patient's data."""
    level = said.pop("level", "")
    given = said.pop("exc_info", None) or said.pop("error", None)
    error = sys.exc_info()[1] if given is True else given
    return {**_allowed(said), "level": level, **_facts_of(error)}


def _facts_of(error: object) -> dict[str, Any]:
    """Return an exception's class and the line that raised it, and its message if it is one of ours."""
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return {"error": _safe(error)} if error else {}
    facts = {"error": type(error).__name__, "where": _where(error)}
    return {**facts, "says": str(error)} if isinstance(error, CareError) else facts


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"


def _allowed(said: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is not on the list, withhold what is more than a code."""
    event = str(said["event"])
    passed: dict[str, Any] = {"event": event if _NAME.fullmatch(event) else _WITHHELD}
    for name, value in said.items():
        if name in FIELDS:
            passed[name] = _safe(value)
        elif name != "event":
            _dropped[name if _CODE.fullmatch(name) else _WITHHELD] += 1
    return passed


def _safe(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value) if isinstance(value, str) and _CODE.fullmatch(value) else _WITHHELD


def _stamp(_logger: Any, _method: str, said: Said) -> Said:
    said["at"] = real_now().isoformat(timespec="milliseconds")
    return said


class _Foreign(logging.Handler):
    """Logs that another library said something, and where, never what."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        get_logger().log(
            record.levelno, "another library", library=record.name, function=record.funcName, error=error
        )


_tracer: "Tracer | None" = None


def start_tracing(to: "str | SpanExporter") -> None:
    """Send traces to ``console``, an OTLP receiver's URL, or an exporter; an empty text sends none."""
    global _tracer  # noqa: PLW0603  one process has one tracer
    if to == "":
        _tracer = None
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    resource = Resource({"service.name": "careengine"})
    provider = TracerProvider(resource=resource)
    exporter = _exporter(to) if isinstance(to, str) else to
    over_the_wire = isinstance(to, str) and to != "console"
    provider.add_span_processor(
        BatchSpanProcessor(exporter) if over_the_wire else SimpleSpanProcessor(exporter)
    )
    _tracer = provider.get_tracer("careengine")


def _exporter(to: str) -> "SpanExporter":
    if to == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)
    try:
        found = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise CareError(
            "Traces need the package opentelemetry-exporter-otlp-proto-http. Install it, or unset "
            "CAREENGINE_TRACES."
        ) from error
    exporter: SpanExporter = found.OTLPSpanExporter(endpoint=to)
    return exporter


@contextmanager
def span(name: str, *, case: int, **fields: Any) -> Iterator[None]:
    """Trace what is done for a case: its trace id is the case's id, so one case is one trace.

    Costs next to nothing while no exporter is configured. Fields pass the same list as
    logs do; an exception is recorded by its class alone.
    """
    if _tracer is None:
        yield
        return
    from opentelemetry import trace

    parent = trace.SpanContext(
        int(trace_id(case), 16),
        case & (2**64 - 1) or 1,
        is_remote=True,
        trace_flags=trace.TraceFlags(1),
    )
    attributes = _allowed({"event": name, **fields})
    del attributes["event"]
    with _tracer.start_as_current_span(
        name, trace.set_span_in_context(trace.NonRecordingSpan(parent)), attributes=attributes,
        record_exception=False, set_status_on_exception=False,
    ) as opened:  # fmt: skip
        try:
            yield
        except BaseException as error:
            opened.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise
