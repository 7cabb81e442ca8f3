"""Every error that Fresh raises on purpose.

    FreshError
    ├── Refusal            a rule said no; doing the same again gives the same answer
    │   ├── Declined           an engine can't do this feature well, and says why
    │   ├── TreeRefused        an agent's tree holds something that must not be committed
    │   ├── SandboxUnavailable untrusted commands can't be contained on this machine
    │   ├── Halted             the run or the agent was asked to stop in the middle of something
    │   ├── BudgetExhausted    an account can't cover the most that a request could cost
    │   ├── ForgeRefused       GitHub said a definite no, and nothing was made
    │   └── ModelRefused       the provider said a definite no, and nothing was made
    ├── Mishap             something outside failed; `.retryable` says whether trying again can help
    │   ├── ForgeUnclear       no readable reply: what GitHub was asked for may have happened
    │   ├── GitFailed
    │   ├── ModelUnclear       no readable reply: what was sent may have been worked on and billed
    │   ├── ServerUnreachable
    │   └── StorageFailed
    └── OperatorMistake    what was typed or configured cannot be done (exit code 2)

Each message is one sentence that names the thing and the number; `hint` says what to do about it.
"""

from __future__ import annotations

from enum import StrEnum


class FreshError(Exception):
    """Carry one sentence for people and a hint on what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def reword(self, message: str, hint: str) -> None:
        """Say it in other words."""
        self.message, self.hint, self.args = message, hint, (message,)

    @property
    def in_full(self) -> str:
        """Say what went wrong and what to do about it, for a report that is read later."""
        return f"{self.message} {self.hint}".rstrip()


class Refusal(FreshError):
    """A rule said no."""


class Declined(Refusal):
    """An engine can't do this feature well; the message is the reason shown to people."""


class TreeRefused(Refusal):
    """An agent's tree holds something that must never reach a commit."""


class SandboxUnavailable(Refusal):
    """Untrusted commands can't be contained here; there is no fallback."""


class Halted(Refusal):
    """The run or the agent was asked to stop while something was being waited for."""


class BudgetExhausted(Refusal):
    """An account can't cover the most that a request could cost; nothing was sent. `account` is the one that said no."""

    def __init__(self, message: str, *, account: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.account = account


class Lacking(StrEnum):
    """What of a request a provider does not have, and could be asked without."""

    TOOLS = "tools"
    FLEX = "flex"
    ROOM = "room"
    """The conversation and the longest reply together are more than the model's context."""


class ModelRefused(Refusal):
    """The provider refused a request before anything was made.

    `retryable` says whether the same request can succeed later, `wait` how many seconds the provider asked for,
    `lacks` what it could be asked without.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        wait: float | None = None,
        lacks: Lacking | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.wait = wait
        self.lacks = lacks


class ForgeRefused(Refusal):
    """GitHub refused a request with an HTTP `status`, and nothing was made.

    `retryable` says whether the same request can succeed later, `wait` how many seconds GitHub asked for.
    """

    def __init__(
        self, message: str, *, status: int, hint: str = "", retryable: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retryable = retryable
        self.wait = wait


class Mishap(FreshError):
    """Something outside failed."""

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class ForgeUnclear(Mishap):
    """GitHub gave no readable reply: what it was asked for may have happened. `wait` is how many seconds it asked for."""

    def __init__(self, message: str, *, hint: str = "", wait: float | None = None) -> None:
        super().__init__(message, hint=hint, retryable=True)
        self.wait = wait


class GitFailed(Mishap):
    """git ended with an error."""


class ModelUnclear(Mishap):
    """A request was sent and no readable reply came back: it may have been worked on, and billed.

    `wait` is how many seconds the provider asked to wait.
    """

    def __init__(
        self, message: str, *, hint: str = "", retryable: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(message, hint=hint, retryable=retryable)
        self.wait = wait


class ServerUnreachable(Mishap):
    """The Prefect server did not answer."""


class StorageFailed(Mishap):
    """The journal or the state directory can't be read or written."""


class OperatorMistake(FreshError):
    """What was typed or configured cannot be done."""

    exit_code = 2
