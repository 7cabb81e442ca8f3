"""What a machine tells Prometheus and a collector of traces, over real HTTP on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

from fresh.adapters.observing import observer, serve_metrics
from fresh.domain.phase import Phase
from tests.cli.test_dashboard import a_status, an_agent

WORK = """
from fresh.adapters.observing import observer
observe = observer(metrics=True, traces=False)
with observe("sandbox", {}):
    pass
try:
    with observe("model", {}):
        raise TimeoutError
except TimeoutError:
    pass
"""
TRACE = """
from fresh.adapters.observing import observer
observe = observer(metrics=False, traces=True)
with observe("run", {"run": "0d1e2f3a"}):
    with observe("agent", {"run": "0d1e2f3a", "agent": "abc12345"}):
        with observe("step", {"run": "0d1e2f3a", "agent": "abc12345", "step": "verify"}):
            pass
"""


def run(body: str, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", body], env={**os.environ, **environment}, check=True)


def test_nobody_is_told_anything_unless_asked() -> None:
    assert observer(metrics=False, traces=False) is None


def test_prometheus_reads_runs_from_the_journal_and_times_from_other_processes(
    tmp_path: Path,
) -> None:
    shared = tmp_path / "metrics"
    shared.mkdir()
    run(WORK, PROMETHEUS_MULTIPROC_DIR=str(shared))
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(shared)},
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        page = urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        process.kill()

    assert 'fresh_work_seconds_count{ended="well",what="sandbox"} 1.0' in page
    assert 'fresh_work_seconds_count{ended="TimeoutError",what="model"} 1.0' in page


SERVE = """
from fresh.adapters.observing import serve_metrics
print(serve_metrics(0, "127.0.0.1", lambda: ()), flush=True)
input()
"""


def test_agents_are_counted_by_phase_and_money_in_dollars() -> None:
    run_status = a_status(an_agent("aaaa1111"), an_agent("bbbb2222"), an_agent("cccc3333", Phase.FAILED))

    port = serve_metrics(0, "127.0.0.1", lambda: (run_status,))
    page = urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()

    assert 'fresh_runs{state="running"} 1.0' in page
    assert 'fresh_agents{phase="implementing",run="0d1e2f3a"} 2.0' in page
    assert 'fresh_agents{phase="failed",run="0d1e2f3a"} 1.0' in page
    assert 'fresh_money_dollars{run="0d1e2f3a",what="spent"} 2.5' in page
    assert 'fresh_questions_open{run="0d1e2f3a"} 0.0' in page


@contextmanager
def a_collector() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes traces."""
    taken: list[bytes] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Take)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()


def test_traces_of_a_run_its_agents_and_their_steps_arrive_as_one_tree() -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with a_collector() as (address, taken):
        run(
            TRACE,
            OTEL_EXPORTER_OTLP_ENDPOINT=address,
            NO_PROXY="127.0.0.1",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
        )

    spans = {}
    for body in taken:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                spans |= {span.name: span for span in scope.spans}
    assert set(spans) == {"run", "agent", "step"}
    assert spans["agent"].parent_span_id == spans["run"].span_id
    assert spans["step"].parent_span_id == spans["agent"].span_id
    assert len({span.trace_id for span in spans.values()}) == 1
