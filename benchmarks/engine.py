"""The same one-line fix through our engine, mini-swe-agent and aider: time, memory, requests and tokens.

    python -m benchmarks.engine [--agents 10] [--environments FOLDER] [--only fresh]

A scripted server on this machine answers at once, so what is left is each agent's own cost, and the shape of what it
sends. It speaks both wires, counts tokens with the o200k tokenizer, and runs in a process of its own. Each contender is
what its user would start: one process for each agent of a peer; ours is one process whose threads are the agents, with
the real journal on disk, real private trees, and the real sandbox around everything that runs (without Prefect, which
`benchmarks.agents` measures). All run the project's tests with one and the same bare interpreter. The peers run their
commands without any containment and keep no books. Time runs from the start of a process to the end of the last one;
memory is the greatest sum of resident memory over all processes of a contender, looked at 50 times a second, commands
in the sandbox included.

The peers are installed from PyPI into environments of their own, 700 MB each, which are kept in the folder that is named,
else thrown away. Goals: ten of our agents at once at least 5 times as fast and in a quarter of the memory of ten
mini-swe-agents; a first request below 3,000 tokens beside the feature's own code; 90 % of the input of later requests
byte for byte the beginning of the one before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine_child import FIXED, MODEL, lay_project
from benchmarks.figures import Figure, note
from benchmarks.watching import Watched, watch
from tests.fakes.openai_script import Called, Script, Step, Thread
from tests.fakes.openai_server import Logged, read_log, serving_process
from tests.lean import lean_python

ROOT = Path(__file__).resolve().parent.parent
TASK = "Implement add in calc.py, so that it adds its arguments, and run the tests."
PEERS = {"mini": ("mini-swe-agent==2.4.6", "mcp"), "aider": ("aider-chat==0.86.2",)}
MOST_FIRST = 3000
LEAST_SHARED = 0.9
TIMES_FASTER = 5.0
PART_OF_MEMORY = 0.25


def called(name: str, **arguments: str | list[str]) -> Step:
    """Make a reply that calls one tool."""
    return Step(calls=(Called.model_validate({"name": name, "arguments": arguments}),))


SCRIPTS: dict[str, tuple[Step, ...]] = {
    "fresh": (
        called("finish_plan", summary="Add the numbers", files=["calc.py"]),
        called("edit_file", path="calc.py", old="raise NotImplementedError", new="return a + b"),
        called("run_tests", select=["test_calc.py"]),
        called("finish", summary="add adds its arguments"),
    ),
    "mini": (
        called("bash", command="cat calc.py"),
        called("bash", command="sed -i 's/raise NotImplementedError/return a + b/' calc.py"),
        called("bash", command="python -m pytest -q test_calc.py"),
        called("bash", command="echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"),
    ),
    "aider": (Step(text=f"calc.py\n```python\n{FIXED}```\n"),),
}


@dataclass(frozen=True)
class Result:
    """What one contender took for so many agents."""

    watched: Watched
    fixed: int
    log: Sequence[Logged]

    @property
    def first(self) -> int:
        """Tokens of the first request."""
        return self.log[0].input if self.log else 0

    @property
    def shared(self) -> float:
        """Which part of the input of later requests is the beginning of the one before."""
        later = [entry for entry in self.log if entry.turn > 0]
        return sum(entry.shared for entry in later) / max(1, sum(entry.input for entry in later))


def commands(contender: str, python: Path, agents: int, folder: Path, url: str) -> list[list[str]]:
    """Write the commands of one contender; a peer has one for each agent."""
    if contender == "fresh":
        return [[sys.executable, "-m", "benchmarks.engine_child", str(folder), url, str(agents)]]
    if contender == "mini":
        tail = ["-m", f"openai/{MODEL}", "-t", TASK, "-y", "--exit-immediately", "-o"]
        return [[str(python.parent / "mini"), *tail, str(folder / f"{n}.json")] for n in range(agents)]
    words = (
        "--yes-always --no-check-update --no-show-release-notes --analytics-disable --no-show-model-warnings "
        "--no-gitignore --no-auto-commits --no-stream --edit-format whole --message"
    )
    return [
        [str(python.parent / "aider"), "--model", f"openai/{MODEL}", *words.split(), TASK, "calc.py"]
        for _ in range(agents)
    ]


def measured(contender: str, python: Path, agents: int) -> Result:
    """Run one contender once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, log = folder / "script.json", folder / "log.jsonl"
        steps = Script(threads=(Thread(steps=SCRIPTS[contender], by_turn=contender != "aider"),))
        script.write_text(steps.model_dump_json())
        places = [folder / f"work{number}" for number in range(1 if contender == "fresh" else agents)]
        for place in places:
            lay_project(place)
        with serving_process(script, log, "--lenient") as url:
            asked = commands(contender, python, agents, folder, url)
            where = [ROOT] if contender == "fresh" else places
            watched = watch(asked, where, environment(folder, url))
        if contender == "fresh":
            fixed = int((folder / "fixed").read_text()) if (folder / "fixed").exists() else 0
        else:
            fixed = sum((place / "calc.py").read_text() == FIXED for place in places)
        return Result(watched, fixed, read_log(log) if log.exists() else [])


def environment(folder: Path, url: str) -> dict[str, str]:
    """Give a contender a home of its own and the scripted server."""
    return {
        "PATH": f"{Path(lean_python()).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "OPENAI_API_KEY": "x",
        "OPENAI_BASE_URL": url,
        "OPENAI_API_BASE": url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "MSWEA_CONFIGURED": "true",
        "MSWEA_COST_TRACKING": "ignore_errors",
    }


def built(folder: Path, contender: str) -> Path | None:
    """Find or build a peer's environment; None, with the reason printed, where it can't be installed."""
    place = folder / contender
    python = place / "bin" / "python"
    if (place / "bin" / contender).exists():
        return python
    print(f"installing {' '.join(PEERS[contender])}", flush=True)
    venv.create(place, with_pip=True)
    command = [str(python), "-m", "pip", "install", "-q", *PEERS[contender], "pytest"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        print(f"{contender} does not install: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return python


def main() -> int:
    """Measure every contender alone and at once, and hold ours against the goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=10, help="agents at once")
    parser.add_argument("--environments", type=Path, help="where the peers' environments are kept")
    parser.add_argument("--only", choices=sorted(SCRIPTS), action="append", help="measure this one alone")
    given = parser.parse_args()
    keeping = nullcontext(given.environments) if given.environments else tempfile.TemporaryDirectory()
    results: dict[tuple[str, int], Result] = {}
    print(
        f"{'':6} {'agents':>6} {'seconds':>8} {'MB':>6} {'requests':>8} {'input':>7} {'first':>6} {'shared':>7} fixed"
    )
    with keeping as folder:
        for contender in given.only or sorted(SCRIPTS, key=lambda name: name != "fresh"):
            python = Path(sys.executable) if contender == "fresh" else built(Path(folder), contender)
            if python is None:
                continue
            for agents in (1, given.agents):
                result = results[contender, agents] = measured(contender, python, agents)
                _show(contender, agents, result)
    return _judged(results, given.agents)


def _show(contender: str, agents: int, result: Result) -> None:
    tokens = sum(entry.input for entry in result.log)
    print(
        f"{contender:6} {agents:6} {result.watched.seconds:8.1f} {result.watched.megabytes:6.0f} {len(result.log):8}"
        f" {tokens:7} {result.first:6} {result.shared:7.1%} {result.fixed} of {agents}",
        flush=True,
    )


def _judged(results: dict[tuple[str, int], Result], agents: int) -> int:
    """Note the figures; 1 when a goal is missed or our own agents did not make the fix."""
    one, many = results.get(("fresh", 1)), results.get(("fresh", agents))
    if one is None or many is None:
        return 0
    peer = results.get(("mini", agents))
    seconds, megabytes = (peer.watched.seconds, peer.watched.megabytes) if peer else (None, None)
    figures = [
        Figure(f"{agents} agents at once, beside mini-swe-agent", many.watched.seconds, "s",
               seconds, most_times=1 / TIMES_FASTER),
        Figure(f"{agents} agents at once, memory, beside mini", many.watched.megabytes, "MB",
               megabytes, most_times=PART_OF_MEMORY),
        Figure("tokens of the first request", one.first, "tokens", most=MOST_FIRST),
        Figure("later input that was not sent before", 1 - one.shared, "of all", most=1 - LEAST_SHARED),
    ]  # fmt: skip
    note(*figures)
    for figure in figures:
        print(f"{figure.what}: {figure.value:.3g} {figure.unit}{' MISSED' if figure.missed else ''}")
    return int(any(figure.missed for figure in figures) or (one.fixed, many.fixed) != (1, agents))


if __name__ == "__main__":
    sys.exit(main())
