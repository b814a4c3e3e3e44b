"""What Prometheus is told: counts and times, never a text, a scope or a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 30)


class Metrics:
    """The server's figures, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mnemic_requests", "Requests by operation and status.", ("operation", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "mnemic_request_seconds", "Duration of requests.", ("operation",),
            registry=self.registry, buckets=_SECONDS,
        )  # fmt: skip
        self.stages = Histogram(
            "mnemic_recall_stage_seconds", "Duration of the stages of recall.", ("stage",),
            registry=self.registry, buckets=_SECONDS[:9],
        )  # fmt: skip
        self.sleeps = Counter(
            "mnemic_sleeps", "Sleeps begun by the server.", ("outcome",), registry=self.registry
        )
        self._episodes = Gauge("mnemic_episodes", "Episodes in the store.", registry=self.registry)

    def watch(self, name: str, help_: str, read: Callable[[], float]) -> None:
        """A figure that is read when it is asked for."""
        Gauge(name, help_, registry=self.registry).set_function(read)

    def ended(self, operation: str, status: int, ms: float) -> None:
        """Counts a request that is over."""
        self.requests.labels(operation, str(status)).inc()
        self.seconds.labels(operation).observe(ms / 1e3)

    def recalled(self, stages_ms: Mapping[str, float]) -> None:
        """Takes in the times of a recall's stages."""
        for stage, ms in stages_ms.items():
            self.stages.labels(stage).observe(ms / 1e3)

    def text(self, episodes: int | None) -> bytes:
        """Everything, as Prometheus reads it."""
        if episodes is not None:
            self._episodes.set(episodes)
        return generate_latest(self.registry)
