"""How a command ended, as far as a sandbox can tell."""

from __future__ import annotations

from collections.abc import Callable

from fresh.adapters.bwrap.running import Running
from fresh.domain.evidence import RunEnd
from fresh.errors import SandboxUnavailable
from fresh.ports import Finished


def judge(
    running: Running,
    returned: int | None,
    seconds: float,
    explain: Callable[[str], SandboxUnavailable],
    hint: str,
) -> Finished:
    """Say how a command ended, and tell a command that failed from a sandbox that did.

    `explain` turns what was said before the command could start into a refusal; `hint` is for one that was too slow.
    """
    reports, output = running.reports, running.output
    if running.watch.broken is RunEnd.TIMEOUT and not running.started:
        raise SandboxUnavailable(
            f"The sandbox was not ready for its command within {seconds:.1f} s.",
            hint=hint,
        )
    ended = running.watch.broken or RunEnd.EXIT
    exit_code = None if running.watch.broken or running.killed else reports.exit_code
    # 128 + n: its init died by a signal that we did not send.
    struck = returned is None or returned < 0 or returned > 128
    if exit_code is None and not (running.watch.broken or running.killed or struck):
        raise explain(reports.complaint or output.kept.decode("utf-8", "replace"))
    return Finished(exit_code, ended, output.kept, output.truncated, seconds)
