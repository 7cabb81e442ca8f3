"""The morning page: what the runs of the last hours came to, and what waits for a person."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow

from fresh.domain.digest import Night, page
from fresh.whereabouts import repository_of
from fresh.wiring import Toolbox, toolbox
from tasks.showing import show_page


@flow(name="digest", flow_run_name="digest of {repo}, {hours} h", persist_result=False)
def digest(repo: str = ".", hours: float = 24.0) -> str:
    """Show one page on all runs of a repository that worked within the last hours; return it as Markdown.

    Args:
        repo: Path of the repository on the worker's machine; `.` is that of its `fresh up`
        hours: How far back the page looks
    """
    tools = toolbox(repository_of(repo))
    told = page(str(tools.repository), hours, _nights(tools, hours))
    show_page("digest", told, f"The last {hours:g} hours on {tools.repository}")
    return told


def _nights(tools: Toolbox, hours: float) -> tuple[Night, ...]:
    since = tools.clock.now() - timedelta(hours=hours)
    found = []
    for record in tools.journal.runs(str(tools.repository)):
        if record.closed_at is not None and record.closed_at < since:
            continue
        status = tools.journal.status(record.id)
        if status is not None:
            found.append(Night(record, status, tools.journal.reports(record.id)))
    return tuple(found)
