"""The facts of a change as Markdown: its checks, its files, what policy says."""

from __future__ import annotations

from collections import Counter

from fresh.domain.change import Change, FileChange, Ruling
from fresh.domain.evidence import CheckState, Evidence
from fresh.domain.quoting import block, cell, code, prose, tag_text

MARKS = {CheckState.PASSED: "✅ passed", CheckState.FAILED: "❌ failed", CheckState.NOT_RUN: "➖ not run"}
RULINGS = {Ruling.ALLOW: "✅ allow", Ruling.NEEDS_HUMAN: "✋ needs human", Ruling.BLOCK: "❌ block"}
STATUS = {"A": "added", "M": "changed", "D": "deleted", "T": "type changed"}
MOST_FILES = 40


def figure_rows(evidence: Evidence) -> list[str]:
    """Show what was measured on the base and on the commit side by side, and what policy ruled; nothing where it was not."""
    if not evidence.figures:
        return []
    rows = [
        f"| {cell(prose(figure.name))} | {cell(prose(figure.base))} | {cell(prose(figure.head))} |"
        for figure in evidence.figures
    ]
    return [
        f"| | Base {code(evidence.base[:10])} | Head {code(evidence.commit[:10])} |",
        "| --- | --- | --- |",
        *rows,
        f"| policy | | {RULINGS[evidence.policy.ruling]} |",
    ]


def check_rows(evidence: Evidence) -> list[str]:
    """Show every check as a row, in the order in which they were made."""
    rows = [
        f"| {cell(prose(check.name))} | {MARKS[check.state]} | {cell(prose(check.fact))} |"
        for check in evidence.checks
    ]
    return ["| Check | Result | Fact |", "| --- | --- | --- |", *rows]


def policy_row(evidence: Evidence) -> str:
    """Show what policy ruled as one more row."""
    policy = evidence.policy
    fact = "; ".join(policy.reasons) or "no rule objects"
    return f"| policy | {RULINGS[policy.ruling]} | {cell(prose(fact))} |"


def check_details(evidence: Evidence) -> list[str]:
    """Show what stands behind a check, folded away."""
    lines: list[str] = []
    for check in evidence.checks:
        if check.detail.strip():
            fold = [
                "<details>",
                f"<summary>{tag_text(check.name)}</summary>",
                "",
                block(check.detail),
                "",
                "</details>",
            ]
            lines += [*fold, ""]
    return lines


def file_rows(change: Change) -> list[str]:
    """Show the files of a change with the lines added and removed; beyond a screenful they are counted."""
    rows = [_file_row(file) for file in change.files[:MOST_FILES]]
    rest = Counter(file.status for file in change.files[MOST_FILES:])
    lines = ["| File | | Added | Removed |", "| --- | --- | ---: | ---: |", *rows]
    if rest:
        counted = ", ".join(
            f"{number} {STATUS.get(status, status)}" for status, number in sorted(rest.items())
        )
        lines.append(f"| … and {sum(rest.values())} more | {counted} | | |")
    return [*lines, f"| **{len(change.files)} in total** | | **+{change.added}** | **−{change.removed}** |"]


def policy_lines(evidence: Evidence) -> list[str]:
    """Say what policy ruled, with every reason."""
    ruling = evidence.policy.ruling.replace("_", " ")
    if not evidence.policy.reasons:
        return [f"Policy: {ruling}; no rule objects."]
    return [f"Policy: {ruling}, because:", *(f"- {prose(reason)}" for reason in evidence.policy.reasons)]


def _file_row(file: FileChange) -> str:
    what = STATUS.get(file.status, file.status)
    if file.status not in ("A", "D") and file.old_mode != file.new_mode:
        what += f", mode {file.old_mode} to {file.new_mode}"
    lines = "binary | binary" if file.binary else f"+{file.added} | −{file.removed}"
    return f"| {cell(code(file.path))} | {what} | {lines} |"
