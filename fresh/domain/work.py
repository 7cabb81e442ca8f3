"""What passes between an agent and its engine: the plan, and the work done in a tree."""

from __future__ import annotations

from pydantic import Field

from fresh.domain.value import Value


class Plan(Value):
    """What an engine means to do before it does it."""

    summary: str = Field(description="one imperative sentence, fit for a commit subject")
    files: tuple[str, ...] = Field(description="paths that the engine expects to touch")
    steps: tuple[str, ...] = ()
    checks: tuple[str, ...] = Field(default=(), description="how it will be seen that the change works")
    risks: tuple[str, ...] = ()
    decision_needed: str | None = Field(default=None, description="a question of architecture for a person")


class NewTest(Value):
    """A test that the work adds; `node_id` as the test run reports it, e.g. tests/test_x.py::test_y."""

    node_id: str
    exercises: str = Field(description="key of the feature that it runs")


class Work(Value):
    """What an engine says it did; the verifier believes the commit, not this."""

    summary: str
    details: tuple[str, ...] = ()
    new_tests: tuple[NewTest, ...] = ()
    try_it: tuple[str, ...] = Field(default=(), description="shell commands that show the change to a person")
    unchecked: tuple[str, ...] = Field(default=(), description="what the engine knows it did not check")
    question: str | None = Field(
        default=None, description="what a person must decide before the work can go on"
    )
    unfinished: str | None = Field(
        default=None, description="one sentence: why the engine stopped before it was done"
    )
