"""What a limit of $1.00 lets through when every call costs $0.90, beside a peer that counts what was spent.

    python -m benchmarks.overspend [--no-peer]

The same loopback server answers both, each reply as dear as its request allowed, and keeps its own books: what counts is
what it billed. Ours: agents of one run through the meter and the ledger. The peer: pydantic-ai's `UsageLimits` with a
`cost_limit` of $1.00 and one usage shared by all agents, in an environment of its own that is built for this run; it
knows what was spent before a call and does not set aside what the call can cost, like every peer that we know of.
Each agent wants three calls, alone and ten at once. Goal: never above the limit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.figures import Figure, note
from fresh.adapters.genai_prices import GenaiPrices
from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.adapters.system_clock import SystemClock
from fresh.domain.budget import agent_account, run_account
from fresh.domain.conversation import Request, Told
from fresh.domain.money import Usd
from fresh.engines.llm.meter import Meter
from fresh.errors import BudgetExhausted
from tests.fakes.story import RUN, a_ticket

CAP = 1.00
CALLS = 3
MODEL = "gpt-5-mini"
INPUT, OUTPUT = Decimal("0.25"), Decimal(2)
"""The model's price in US dollars per million tokens; both contenders price by the same tables."""
MOST_OUTPUT = 449_000
"""Tokens that cost $0.898; the few of the prompt make it $0.90."""
PEER = "pydantic-ai-slim[openai]==2.68.0"

PEER_PROGRAM = """
import asyncio, sys
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from openai import AsyncOpenAI
from pydantic_ai import Agent, UsageLimitExceeded
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RunUsage, UsageLimits

url, model, agents, calls, cap, most = sys.argv[1:]
client = AsyncOpenAI(base_url=url, api_key="k", max_retries=0)
provider = OpenAIProvider(openai_client=client)
usage, limits = RunUsage(), UsageLimits(cost_limit=Decimal(cap))

async def work():
    agent = Agent(OpenAIResponsesModel(model, provider=provider), model_settings={"max_tokens": int(most)})
    for _ in range(int(calls)):
        try:
            await agent.run("x", usage=usage, usage_limits=limits)
        except UsageLimitExceeded:
            return

async def main():
    await asyncio.gather(*(work() for _ in range(int(agents))))

asyncio.run(main())
"""


class Provider(ThreadingHTTPServer):
    """Use up all of the output that was allowed, after a moment in which others can ask too; add up what it bills."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.calls = 0
        self.billed = Decimal(0)
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def bill(self, tokens_in: int, tokens_out: int) -> None:
        """Add one reply to the books."""
        with self.counting:
            self.calls += 1
            self.billed += (INPUT * tokens_in + OUTPUT * tokens_out) / 1_000_000


class Desk(BaseHTTPRequestHandler):
    """Answer on the Responses wire."""

    protocol_version = "HTTP/1.1"
    server: Provider

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Bill first, then answer."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        tokens_in, tokens_out = len(raw) // 4, json.loads(raw)["max_output_tokens"]
        self.server.bill(tokens_in, tokens_out)
        time.sleep(0.3)
        content = [{"type": "output_text", "text": "ok", "annotations": []}]
        message = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": content,
        }
        whole = {
            "id": "r",
            "object": "response",
            "created_at": int(time.time()),
            "model": MODEL,
            "status": "completed",
            "service_tier": "default",
            "output": [message],
            "usage": {
                "input_tokens": tokens_in,
                "output_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            },
        }
        body = json.dumps(whole).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve for as long as the context is open."""
    server = Provider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def ours(url: str, agents: int, folder: Path) -> None:
    """Let agents of one run ask through the meter until their money says no."""
    journal = SqlJournal(f"sqlite:///{folder / f'journal{agents}.db'}", lives)
    journal.open_account(run_account(RUN), Usd.of(CAP))
    meter = Meter(
        model=OpenAIModel(base_url=url, api_key="k", wire=Wire.RESPONSES, is_openai=True),
        ledger=journal,
        prices=GenaiPrices(),
        clock=SystemClock(),
        host=this_host(),
        permit=nullcontext,
    )
    asked = Request(model=MODEL, instructions="i", items=(Told(text="x"),), max_output_tokens=MOST_OUTPUT)

    def work(number: int) -> None:
        ticket = a_ticket(f"agent{number:03}")
        journal.open_account(agent_account(ticket.agent_id), Usd.of(CAP))
        with suppress(BudgetExhausted):
            for _ in range(CALLS):
                meter.ask(ticket, asked)

    with ThreadPoolExecutor(agents) as crowd:
        list(crowd.map(work, range(agents)))
    journal.close()


def peer(python: Path, url: str, agents: int) -> None:
    """Let the peer's agents do the same."""
    words = (url, MODEL, str(agents), str(CALLS), str(CAP), str(MOST_OUTPUT))
    subprocess.run([python, "-c", PEER_PROGRAM, *words], check=True, timeout=120)


def built(folder: Path) -> Path:
    """Build an environment that has the peer."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-qq", PEER], check=True, timeout=600)
    return folder / "bin" / "python"


def main() -> int:
    """Run both, and print what the server billed beside the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-peer", action="store_true", help="measure ours alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contenders: dict[str, Callable[[str, int], None]] = {"fresh": lambda url, n: ours(url, n, folder)}
        if not given.no_peer:
            python = built(folder / "peer")
            contenders["pydantic-ai"] = lambda url, n: peer(python, url, n)
        over = 0
        print(f"{'':12} {'agents':>6} {'calls':>6} {'billed':>8} {'limit':>7} {'of limit':>8} {'seconds':>8}")
        for contender, run in contenders.items():
            for agents in (1, 10):
                with provider() as server:
                    began = time.perf_counter()
                    run(server.url, agents)
                    took = time.perf_counter() - began
                    billed = float(server.billed)
                over += contender == "fresh" and billed > CAP
                most = 1.0 if contender == "fresh" else None
                note(
                    Figure(
                        f"{contender}, {agents} agents: billed, of the limit",
                        billed,
                        "$",
                        CAP,
                        most_times=most,
                    )
                )
                print(
                    f"{contender:12} {agents:6} {server.calls:6} {billed:7.2f}$ {CAP:6.2f}$"
                    f" {billed / CAP:7.2f}x {took:8.1f}"
                )
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
