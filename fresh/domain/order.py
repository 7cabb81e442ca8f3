"""What the operator asked for."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from fresh.domain.feature import Kind
from fresh.domain.hours import WorkHours
from fresh.domain.money import Usd
from fresh.domain.value import Value


class Strategy(StrEnum):
    """How features are chosen from the inventory."""

    HIGHEST_IMPACT = "highest_impact"
    SAFEST = "safest"
    RANDOM = "random"


class EngineName(StrEnum):
    """What makes a change: a language model, or deterministic code transformations that cost nothing."""

    LLM = "llm"
    CODEMOD = "codemod"


class RunOrder(Value):
    """One order for one orchestration; the Prefect form shows exactly these fields."""

    repo: str = Field(default=".", description="Path or URL of the git repository to improve", min_length=1)
    agents: int = Field(default=10, ge=1, le=64, description="How many agents may be live at once")
    budget: Usd = Field(default=Usd.of(10), description="Hard money limit of the whole run, in US dollars")
    cap: Usd = Field(default=Usd.of(1), description="Hard money limit of one agent, in US dollars")
    overnight: bool = Field(default=False, description="Refill free seats until money, hours or work run out")
    hours: float = Field(default=8.0, gt=0, le=168, description="Longest run time, in hours")
    approval: bool = Field(default=True, description="Ask a person before a finished change is published")
    approval_timeout: float = Field(
        default=60.0,
        gt=0,
        le=10080,
        description="Minutes until an unanswered question is answered by the clock",
    )
    max_open: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="Most pull requests of agents that wait for review at GitHub at once",
    )
    work_hours: str | None = Field(
        default=None,
        description="Window of the day in which seats are filled, e.g. 22:00-06:00 in the machine's time;"
        " outside of it the run waits, and its hours stand still",
    )
    strategy: Strategy = Field(default=Strategy.HIGHEST_IMPACT, description="How features are chosen")
    engine: EngineName | None = Field(
        default=None,
        description="What makes a change; empty means: llm when a model is configured, else codemod",
    )
    model: str | None = Field(
        default=None, description="Model of the llm engine; empty means the configured one"
    )
    seed: int | None = Field(
        default=None, ge=0, lt=2**63, description="Seed of the random strategy; drawn when empty"
    )
    kinds: tuple[Kind, ...] = Field(
        default=(), description="Only these kinds of improvement; empty means all"
    )
    features: tuple[str, ...] = Field(
        default=(), description="Only features whose name or module:qualname is listed; empty means all"
    )
    from_issues: tuple[str, ...] = Field(
        default=(), description="Labels whose open issues become work too, beside the inventory's"
    )
    test_command: str | None = Field(
        default=None, description="How the repository's tests are run; found when empty"
    )
    test_timeout: float = Field(
        default=600.0, gt=0, le=14400, description="Seconds that one test run may take"
    )
    python: str | None = Field(default=None, description="Interpreter that has the repository's dependencies")

    @field_validator("work_hours")
    @classmethod
    def _is_a_window(cls, text: str | None) -> str | None:
        return None if text is None else str(WorkHours.parse(text))

    @field_validator("budget", "cap")
    @classmethod
    def _is_not_negative(cls, limit: Usd) -> Usd:
        if limit.micros < 0:
            raise ValueError("a money limit must not be negative")
        return limit
