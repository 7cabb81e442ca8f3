"""A repository of an operator whose `origin` is the fake GitHub, and an agent's commit that is ready to be published."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.github_forge import GitHubForge
from fresh.adapters.githubbing.access import Credentials
from fresh.adapters.githubbing.places import Install
from fresh.adapters.local_forge import LocalForge
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.feature import Feature, Kind, Reachability
from fresh.domain.order import EngineName, RunOrder
from tests.fakes.clock import FakeClock
from tests.fakes.github.server import GitHubServer
from tests.fakes.github.world import Repository


@dataclass
class KeptTexts:
    """Remember texts as the journal does."""

    texts: dict[str, str] = field(default_factory=dict)

    def remember(self, key: str, text: str) -> str:
        """Keep the first text under a key."""
        return self.texts.setdefault(key, text)

    def recall(self, key: str) -> str | None:
        """Read what is kept."""
        return self.texts.get(key)


@dataclass
class GitHubBench:
    """Everything between one agent's commit and its pull request."""

    server: GitHubServer
    hub: Repository
    folder: Path
    token: str
    clock: FakeClock = field(default_factory=FakeClock)
    memory: KeptTexts = field(default_factory=KeptTexts)

    @classmethod
    def set_up(cls, server: GitHubServer, folder: Path, *, private: bool = True) -> GitHubBench:
        """Make acme/shop at GitHub, and a clone of it."""
        hub = server.world.add_repository(
            "acme/shop", private=private, roles={"ada": "write", "ben": "write"}
        )
        hub.git.commit("main", {"shop.py": "def total(xs):\n    return sum(xs)\n"})
        made = cls(server, hub, folder, server.world.add_token("ada", scopes={"repo"}))
        made.repository.mkdir(parents=True)
        made.git("init", "-q", "--initial-branch=main")
        made.git("fetch", "-q", str(hub.git.path), "main")
        made.git("reset", "-q", "--hard", "FETCH_HEAD")
        made.git("remote", "add", "origin", server.clone_url(hub))
        return made

    @property
    def repository(self) -> Path:
        """The operator's clone."""
        return self.folder / "shop"

    @property
    def state(self) -> Path:
        """Fresh's state directory."""
        return self.folder / "state"

    @property
    def workspace(self) -> GitWorkspace:
        """The workspace on the clone."""
        return GitWorkspace(self.repository, self.state)

    def forge(
        self,
        token: str | None = None,
        *,
        credentials: Credentials | None = None,
        api: str | None = None,
        halted: Callable[[], bool] | None = None,
    ) -> GitHubForge:
        """A forge as a new process would make it."""
        mine = credentials or Credentials(token=self.token if token is None else token)
        given = Install(mine, api or self.server.api)
        return GitHubForge(
            self.repository,
            self.state,
            given,
            local=LocalForge(self.state),
            clock=self.clock,
            memory=self.memory,
            halted=halted,
        )

    def git(self, *words: str) -> str:
        """Run git in the clone as the operator."""
        who = ["-c", "user.name=Olga", "-c", "user.email=olga@example.org"]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.repository, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def work(self, agent_id: str = "abc12345", name: str = "total") -> tuple[Ticket, AgentReport]:
        """Let an agent make a commit, and give its ticket and report."""
        workspace = self.workspace
        base = workspace.take_base()
        tree = workspace.plant(agent_id, base)
        workspace.write(tree, f"test_{name}_{agent_id}.py", b"def test_it():\n    assert True\n")
        commit = workspace.commit(tree, "Test total", base)
        assert commit is not None
        workspace.keep(f"{agent_id}-0", commit)
        ticket = make_ticket(base, agent_id, name, str(self.repository))
        report = AgentReport(
            agent_id=agent_id,
            feature=ticket.feature.key,
            kind=Kind.TESTS,
            outcome=Outcome.COMPLETED,
            branch=ticket.branch,
            commit=commit,
        )
        return ticket, report


def make_ticket(base: str, agent_id: str, name: str, repository: str) -> Ticket:
    """A ticket of an agent that writes tests."""
    feature = Feature(
        key=f"shop:{name}",
        module="shop",
        qualname=name,
        path="shop.py",
        line=1,
        end_line=2,
        reachability=Reachability.UNHOOKED,
    )
    return Ticket(
        run_id="run00001",
        agent_id=agent_id,
        order=RunOrder(),
        repository=repository,
        base=base,
        branch=f"autonomous/{agent_id}-{name}",
        feature=feature,
        kind=Kind.TESTS,
        reasons=("nothing tests it",),
        engine=EngineName.CODEMOD,
        seed=1,
    )
