"""Where untrusted commands run, and what they may touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fresh.domain.evidence import RunEnd


@dataclass(frozen=True)
class Mount:
    """Show `source` of the host at `target` inside the sandbox; read-only unless said otherwise."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Limits:
    """What one command may use. Sizes in bytes, times in seconds; `cores` processors at once, all processes together."""

    wall: float = 600.0
    cpu: int = 1200
    cores: float = 2.0
    memory: int = 2 << 30
    processes: int = 256
    file_size: int = 256 << 20
    open_files: int = 1024
    tmp: int = 512 << 20
    output: int = 256 << 10
    disk_growth: int = 1 << 30


@dataclass(frozen=True)
class Command:
    """One untrusted command. The environment is exactly `environment` plus the sandbox's own small set."""

    argv: tuple[str, ...]
    workdir: str
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    stdin: bytes = b""


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is None when it was killed; `output` is stdout and stderr, interleaved."""

    exit_code: int | None
    ended: RunEnd
    output: bytes
    truncated: bool
    seconds: float

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 are replaced."""
        return self.output.decode("utf-8", "replace")


class Sandbox(Protocol):
    """Run untrusted commands so that nothing of the host can be read, changed or reached, and nothing stays behind."""

    def probe(self) -> str:
        """Run a real command inside; return one sentence on what contains it. Raises SandboxUnavailable with the fix."""
        ...

    def run(self, command: Command) -> Finished:
        """Run one command to its end or its limits. Raises SandboxUnavailable; never runs anything uncontained."""
        ...

    def sweep(self) -> int:
        """End and remove what earlier, killed hosts left; return how many things were removed."""
        ...

    def kill_all(self) -> None:
        """Kill every command that this process has running in the sandbox, at once."""
        ...
