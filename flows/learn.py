"""Learn from reviews: what was merged and what was not, what reviewers said, and what they want changed."""

from __future__ import annotations

from prefect import flow

from fresh.domain.reviewing import Learned
from fresh.wiring import bring, toolbox
from tasks.hiding import secrets_hidden
from tasks.learning import NO_FORGE, acceptance_of, read_reviews
from tasks.showing import show_page


@flow(name="learn", flow_run_name="learn from the reviews of {repo}", persist_result=False)
def learn(repo: str = ".") -> Learned:
    """Read what people did with the pull requests of a repository, and show what is known by now.

    Args:
        repo: Path of the repository on the worker's machine; `.` is that of its `fresh up`
    """
    tools = toolbox(bring(repo))
    with secrets_hidden(tools.redact):
        learned = read_reviews(tools)
        base = tools.workspace.take_base()
        told = learned.told() if tools.reviews is not None else NO_FORGE
        accepted = acceptance_of(tools, base)
        lessons = tools.feedback.lessons(str(tools.repository))
        rows = [
            f"- {kind}: {tally.merged} of {tally.closed} merged" for kind, tally in accepted.kinds.items()
        ]
        page = "\n".join(["# What was learned", "", told, "", *rows, "", f"{len(lessons)} lessons are told."])
        show_page("learned", page, f"What reviewers taught about {tools.repository}")
    return learned
