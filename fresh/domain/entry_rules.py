"""The kinds of rule that make something an entry point; every EntryPoint.rule begins with one of them."""

from __future__ import annotations

from enum import StrEnum

from fresh.domain.feature import EntryPoint


class EntryRule(StrEnum):
    """What makes a definition reachable from outside."""

    CONSOLE_SCRIPT = "console script"
    PLUGIN = "plug-in entry point"
    MAIN = "runs as __main__"
    SCRIPT = "script of the project"
    COMMAND_LINE = "named in a command line"
    CLICK = "click command"
    TYPER = "typer command"
    CYCLOPTS = "cyclopts command"
    FIRE = "fire command"
    ARGPARSE = "argparse handler"
    ROUTE = "web route"
    TASK = "task or flow"
    DJANGO = "django convention"
    PYTEST = "pytest plug-in"
    HOOK = "hook called by name"
    REGISTERED = "registered by decorator"
    DECORATED = "decorated"


CLI_RULES = (
    EntryRule.CONSOLE_SCRIPT,
    EntryRule.MAIN,
    EntryRule.CLICK,
    EntryRule.TYPER,
    EntryRule.CYCLOPTS,
    EntryRule.FIRE,
    EntryRule.ARGPARSE,
)
COMMAND_RULES = (EntryRule.CLICK, EntryRule.TYPER, EntryRule.CYCLOPTS, EntryRule.ARGPARSE)


def is_cli(entry: EntryPoint) -> bool:
    """Tell whether an entry point belongs to a command line."""
    return entry.rule.startswith(CLI_RULES)


def is_command(entry: EntryPoint) -> bool:
    """Tell whether an entry point is one command of a command line."""
    return entry.rule.startswith(COMMAND_RULES)
