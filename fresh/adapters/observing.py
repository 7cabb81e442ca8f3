"""What a machine tells about its runs, where somebody asks for it: Prometheus metrics and OpenTelemetry traces."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fresh.domain.status import RunStatus
from fresh.errors import OperatorMistake

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

Observe: TypeAlias = "Callable[[str, Mapping[str, str]], AbstractContextManager[None]]"

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where processes leave what they have timed, for the one that is asked; the variable is prometheus-client's own."""

SHOWN_RUNS = 20
SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
TIMED = ("run", "agent", "step", "model", "sandbox")


def observer(metrics: bool, traces: bool) -> Observe | None:
    """Give what times a piece of work for whoever was asked for; None when nobody wants to know.

    Raises OperatorMistake when the package for it is missing.
    """
    wanted: list[Observe] = []
    if metrics and os.environ.get(SHARED):
        wanted.append(_prometheus())
    if traces:
        wanted.append(_opentelemetry())
    if not wanted:
        return None

    @contextmanager
    def observe(what: str, labels: Mapping[str, str]) -> Iterator[None]:
        with ExitStack() as stack:
            for one in wanted:
                stack.enter_context(one(what, labels))
            yield

    return observe


def _prometheus() -> Observe:
    from prometheus_client import Histogram

    # The name of the work is its only label: ids of agents would make a series for each of them.
    seconds = Histogram("fresh_work_seconds", "Time that work took", ("what", "ended"), buckets=SECONDS)

    @contextmanager
    def observe(what: str, labels: Mapping[str, str]) -> Iterator[None]:
        began, ended = time.monotonic(), "well"
        try:
            yield
        except BaseException as trouble:
            ended = type(trouble).__name__
            raise
        finally:
            seconds.labels(what, ended).observe(time.monotonic() - began)

    return observe


def _opentelemetry() -> Observe:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise OperatorMistake(
            f"FRESH_TRACES needs a package that is not installed: {missing.name}.",
            hint="pip install 'fresh-agents[observe]', or unset FRESH_TRACES.",
        ) from missing
    # A provider of our own: Prefect and others may have set the global one.
    provider = TracerProvider(resource=Resource.create({"service.name": "fresh"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("fresh")
    parents: dict[str, trace.Span] = {}

    @contextmanager
    def observe(what: str, labels: Mapping[str, str]) -> Iterator[None]:
        """Spans of an agent hang below its run by name: they begin in other threads."""
        own = labels.get("agent") if what == "agent" else labels.get("run") if what == "run" else None
        above = parents.get(labels.get("agent", "")) if what != "agent" else None
        above = above or (parents.get(labels.get("run", "")) if what != "run" else None)
        context = trace.set_span_in_context(above) if above is not None else None
        attributes = {f"fresh.{name}": text for name, text in labels.items()}
        with tracer.start_as_current_span(what, context=context, attributes=attributes) as span:
            if own:
                parents[own] = span
            try:
                yield
            finally:
                if own:
                    parents.pop(own, None)

    return observe


def serve_metrics(port: int, host: str, read: Callable[[], tuple[RunStatus, ...]]) -> int:
    """Answer at `/metrics` for the machine; return the port. `read` gives the newest runs when somebody asks."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    registry.register(_runs(read))
    if shared := os.environ.get(SHARED):
        Path(shared).mkdir(parents=True, exist_ok=True)
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    server, _ = start_http_server(port, addr=host, registry=registry)
    return int(server.server_port)


def _runs(read: Callable[[], tuple[RunStatus, ...]]) -> Collector:
    from prometheus_client.core import GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Runs(Collector):
        """The newest runs, read from the journal when somebody asks."""

        def collect(self) -> Iterator[Metric]:
            runs = read()[:SHOWN_RUNS]
            working = GaugeMetricFamily("fresh_runs", "Runs by how they stand", labels=["state"])
            for state, number in _states(runs).items():
                working.add_metric([state], number)
            agents = GaugeMetricFamily("fresh_agents", "Agents by phase", labels=["run", "phase"])
            money = GaugeMetricFamily("fresh_money_dollars", "Money of a run", labels=["run", "what"])
            asking = GaugeMetricFamily("fresh_questions_open", "Questions that wait", labels=["run"])
            for run in runs:
                phases = [agent.phase.value for agent in run.agents]
                for phase in sorted(set(phases)):
                    agents.add_metric([run.run_id, phase], phases.count(phase))
                for what, dollars in (
                    ("spent", run.spent_usd),
                    ("held", run.held_usd),
                    ("budget", run.budget_usd),
                ):
                    money.add_metric([run.run_id, what], dollars)
                asking.add_metric([run.run_id], sum(agent.question is not None for agent in run.agents))
            yield from (working, agents, money, asking)

    return Runs()


def _states(runs: tuple[RunStatus, ...]) -> dict[str, int]:
    found = {"running": 0, "died": 0, "ended": 0}
    for run in runs:
        found["running" if run.running else "died" if run.died else "ended"] += 1
    return found
