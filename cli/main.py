"""What `fresh` does with what was typed: one command, or one sentence and a hint."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
from click.exceptions import NoArgsIsHelpError

from cli.lazy import LazyGroup
from fresh.domain.quoting import line
from fresh.errors import FreshError
from fresh.keys import kept, withheld

INTERRUPTED = 130

root = LazyGroup(
    "fresh",
    "Autonomous development agents that improve a git repository overnight and hand over pull requests with proof.",
    {
        "auto": ("cli.auto:auto", "Start, watch, answer and stop agents."),
        "up": (
            "cli.residing:up",
            "Keep Prefect, the deployments' runner, the Slack bot and the reaper running.",
        ),
        "down": ("cli.residing:down", "End what `fresh up` keeps running."),
        "inventory": ("cli.inventory:inventory", "Show what the repository can do and what reaches it."),
        "audit": ("cli.auditing:audit", "Show and verify the audit trail."),
        "lessons": ("cli.learning:lessons", "What reviewers taught, as later agents are told it."),
        "doctor": ("cli.doctor:doctor", "Say what is missing on this machine, with the fix."),
    },
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; return 0 done, 1 failed or refused, 2 what was typed can't be done."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        with withheld():
            code = _carry_out(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Python flushes stdout once more when it exits, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _carry_out(arguments: Sequence[str] | None) -> int:
    try:
        code = root.main(args=arguments, prog_name="fresh", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except NoArgsIsHelpError as asked:
        asked.show()
        return asked.exit_code
    except click.ClickException as refused:
        _say(_sentence(refused), f"See: {_command(refused)} --help")
        return refused.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except FreshError as trouble:
        _reveal()
        _say(*_without_secrets(trouble.message, trouble.hint))
        return trouble.exit_code
    except Exception as defect:  # noqa: BLE001 - the last line before a person: one sentence, never a traceback
        _reveal()
        lines = f"{type(defect).__name__}: {defect}".splitlines()
        (broke,) = _without_secrets(f"Fresh broke: {lines[0]}.")
        _say(broke, "This is a defect; FRESH_DEBUG=1 shows where it is.")
        return 1


def _sentence(refused: click.ClickException) -> str:
    """Say on one line what click has against what was typed."""
    told = line(refused.format_message())
    return told if told.endswith((".", "?")) else f"{told}."


def _command(refused: click.ClickException) -> str:
    context = refused.ctx if isinstance(refused, click.UsageError) else None
    return context.command_path if context is not None else "fresh"


def _without_secrets(*texts: str) -> tuple[str, ...]:
    """Hide our own keys in what others told us: a server may repeat what it was sent."""
    from fresh.domain.redaction import Redactor
    from fresh.settings import Settings

    try:
        secrets = Settings().secrets()
    except ValueError:  # a setting that can't be used is named by whoever needs it
        secrets = tuple(kept().values())
    return tuple(map(Redactor(secrets), texts))


def _say(message: str, hint: str) -> None:
    click.echo(message, err=True)
    if hint:
        click.echo(f"Hint: {hint}", err=True)


def _reveal() -> None:
    """Let the error go on to a traceback when somebody looks for a defect."""
    if os.environ.get("FRESH_DEBUG") == "1":
        raise


if __name__ == "__main__":
    sys.exit(main())
