"""OpenTelemetry spans, if an endpoint for them is configured and the extra `otel` is installed."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from mnemic import __version__

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Traces(Protocol):
    """Makes spans."""

    note: str | None
    """What the operator should know."""

    def span(self, operation: str, headers: dict[str, str]) -> AbstractContextManager[Any]:
        """A span around an operation, below the caller's own if its headers name one."""
        ...

    def close(self) -> None:
        """Sends what is left."""
        ...


class NoTraces:
    """Makes none."""

    def __init__(self, note: str | None = None) -> None:
        self.note = note

    def span(self, operation: str, headers: dict[str, str]) -> AbstractContextManager[Any]:
        """Nothing."""
        return nullcontext()

    def close(self) -> None:
        """Nothing is left."""


class OpenTelemetry:
    """Spans of a provider of its own, which sends them in the background."""

    def __init__(self, exporter: Any) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        name = os.environ.get("OTEL_SERVICE_NAME", "mnemic")
        resource = Resource.create({"service.name": name, "service.version": __version__})
        self.note: str | None = None
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("mnemic.serve.rest", __version__)
        self._parent = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER

    def span(self, operation: str, headers: dict[str, str]) -> AbstractContextManager[Any]:
        """A span named after the operation. It holds no text, no scope and no key."""
        return self._tracer.start_as_current_span(
            f"mnemic {operation}", context=self._parent.extract(headers), kind=self._kind,
            attributes={"mnemic.operation": operation}, record_exception=False,
            set_status_on_exception=False,  # its description would hold the message
        )  # fmt: skip

    def close(self) -> None:
        """Sends what is left, for some seconds at most."""
        self._provider.shutdown()


def traces() -> Traces:
    """What the environment asks for: spans, none, or none with a note on what is missing."""
    asked = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    if asked is None:
        return NoTraces()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OpenTelemetry(OTLPSpanExporter())
    except ImportError:
        return NoTraces(
            f"{asked} is set, but OpenTelemetry is not installed, so no traces are sent: "
            "pip install 'mnemic[otel]'"
        )
