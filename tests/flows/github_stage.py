"""An operator's clone of a repository at a GitHub of our own, with real git between, for flows to work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.github_checks import GitHubChecks
from fresh.adapters.github_reviews import GitHubReviews
from fresh.adapters.prefect_control import PrefectControl
from fresh.adapters.system_clock import SystemClock
from fresh.domain.agent import AgentReport
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.report import RunReport
from fresh.domain.reviewing import Learned
from fresh.wiring import Toolbox, using
from tests.fakes.engine import ScriptedEngine
from tests.fakes.github import GitHubServer
from tests.fakes.github.bench import GitHubBench
from tests.fakes.github.world import Issue
from tests.fakes.prover import FakeProver
from tests.fakes.toolbox import a_toolbox, unhooked


@dataclass
class HastyClock(SystemClock):
    """The machine's time, but nobody waits: each wait is written down in seconds."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Write a wait down."""
        self.slept.append(seconds)


def untested(number: int) -> Feature:
    """A feature that is reached and hardly tested."""
    reached = {"reachability": Reachability.HOOKED, "tested": 0.1, "code": f"code of {number}"}
    return unhooked(number).model_copy(update=reached)


def unreached(number: int) -> Feature:
    """A feature that nothing reaches."""
    return unhooked(number).model_copy(update={"code": f"code of {number}"})


@dataclass
class Stage:
    """An operator's clone of a repository at GitHub, and everything that works on it."""

    bench: GitHubBench
    tools: Toolbox
    prover: FakeProver
    engine: ScriptedEngine

    def offer(self, *features: Feature) -> None:
        """Let the inventory hold these features."""
        self.prover.inventory = Inventory(
            commit=self.tools.workspace.take_base(),
            digest="d" * 12,
            features=features,
            files=len(features),
        )
        self.tools.take_inventory = lambda commit: self.prover.inventory
        self.tools._inventories.clear()

    def night(self, agents: int) -> RunReport:
        """Let agents work without asking."""
        from flows.run import run

        given = {"repo": str(self.tools.repository), "agents": agents, "approval": False, "budget": 10}
        return run(RunOrder.model_validate(given), None)

    def learn(self) -> Learned:
        """Read what reviewers did."""
        from flows.learn import learn

        return learn(str(self.tools.repository))

    def pull(self, agent: AgentReport) -> Issue:
        """Find an agent's pull request at GitHub."""
        (found,) = [pull for pull in self.bench.hub.pulls if pull.pull and pull.pull.head == agent.branch]
        return found


@contextmanager
def staged(server: GitHubServer, folder: Path) -> Iterator[Stage]:
    """Put up a repository of eight modules at GitHub and its clone; Prefect is the one that is running."""
    bench = GitHubBench.set_up(server, folder)
    files = {f"shop/part{n}.py": f"def part{n}():\n    return {n}\n" for n in range(8)}
    bench.hub.git.commit("main", files)
    bench.git("pull", "-q", str(bench.hub.git.path), "main")
    fakes = a_toolbox(folder / "aside", PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}))
    workspace = GitWorkspace(bench.repository, bench.state)
    prover = FakeProver(workspace, fakes.inventory)
    forge = bench.forge()
    tools = replace(
        fakes.tools,
        repository=bench.repository,
        home=bench.state,
        clock=HastyClock(),
        workspace=workspace,
        prover=prover,
        engines={EngineName.LLM: fakes.engine},
        forge=forge,
        find_reviews=lambda: GitHubReviews(forge.places, bench.clock),
        find_checks=lambda: GitHubChecks(forge.places, bench.clock),
    )
    with using(tools):
        yield Stage(bench, tools, prover, fakes.engine)


def by_feature(report: RunReport) -> dict[str, AgentReport]:
    """Map the names of features to the agents that worked them."""
    return {agent.feature.partition(":")[2]: agent for agent in report.agents}
