"""Say a check in pytest's words or in unittest's."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from fresh.engines.codemod.cases.checks import MESSAGE, Check
from fresh.engines.codemod.cases.layout import INDENT, assertion, definition, expression, rows


def say_pytest(check: Check, width: int) -> list[str]:
    """Write a test function."""
    lines: list[str] = []
    if check.given:
        lines.append(f"@given({check.given})")
    elif check.columns:
        lines += _parametrized(check.columns, check.rows, width)
    fixtures = ["tmp_path"] * check.room + ["capsys"] * (check.kind == "prints")
    lines += definition(check.name, [*check.columns, *fixtures], width)
    lines += _files(check, width, INDENT)
    for part in (check, *check.more):
        for statement in part.prepare:
            lines += _statement(statement, width, INDENT)
        lines += _compare_pytest(part, width, INDENT)
    return lines


def _parametrized(columns: Sequence[str], table: Sequence[Sequence[str]], width: int) -> list[str]:
    """Write the table of cases; one column may stand on one line, several get a line each."""
    names = ", ".join(f'"{column}"' for column in columns)
    if len(columns) == 1:
        call = f"pytest.mark.parametrize({names}, [{', '.join(row[0] for row in table)}])"
        return expression(call, width, before="@")
    values = [f"({', '.join(row)})" for row in table]
    lines = ["@pytest.mark.parametrize(", f"{INDENT}({names}),", f"{INDENT}["]
    return [*lines, *rows(values, width, INDENT * 2), f"{INDENT}],", ")"]


def _statement(statement: str, width: int, indent: str) -> list[str]:
    name, equals, value = statement.partition(" = ")
    if equals and name.isidentifier():
        return expression(value, width, indent, f"{name} = ")
    return expression(statement, width, indent)


def _files(check: Check, width: int, indent: str) -> list[str]:
    lines = []
    for name, text in check.files:
        lines += expression(f"(tmp_path / {name!r}).write_text({text!r}, encoding='utf-8')", width, indent)
    return lines


def _compare_pytest(check: Check, width: int, indent: str) -> list[str]:
    if check.kind == "raises":
        match = _match(check)
        raising = f"pytest.raises({check.error}{f', match={match}' if match else ''})"
        return [
            *expression(raising, width, indent, "with ", ":"),
            *_statement(check.subject, width, indent + INDENT),
        ]
    if check.kind == "prints":
        lines = _statement(check.subject, width, indent)
        return lines + assertion("capsys.readouterr().out", "==", check.wanted, width, indent)
    if check.kind == "approx":
        return assertion(check.subject, "==", f"pytest.approx({check.wanted})", width, indent)
    return assertion(check.subject, "is" if check.kind == "is" else "==", check.wanted, width, indent)


def _match(check: Check) -> str:
    """Write a pattern that matches the message and nothing shorter; empty when there is no message."""
    if check.wanted == MESSAGE:
        return f"re.escape({MESSAGE})"
    text = str(ast.literal_eval(check.wanted))
    if not text:
        return ""
    return (
        repr(text)
        if re.escape(text).replace("\\ ", " ").replace("\\-", "-") == text
        else f"re.escape({text!r})"
    )


def say_unittest(check: Check, width: int) -> list[str]:
    """Write a test method."""
    indent = INDENT * 2
    lines = definition(check.name, ["self"], width, INDENT)
    if check.columns:
        lines.append(f"{indent}cases = [")
        values = [row[0] if len(check.columns) == 1 else f"({', '.join(row)})" for row in check.rows]
        lines += [*rows(values, width, indent + INDENT), f"{indent}]"]
        lines.append(f"{indent}for {', '.join(check.columns)} in cases:")
        given = [column for column in check.columns if column not in ("expected", MESSAGE)] or list(
            check.columns
        )
        named = ", ".join(f"{column}={column}" for column in given)
        lines += expression(f"self.subTest({named})", width, indent + INDENT, "with ", ":")
        indent += INDENT * 2
    for part in (check, *check.more):
        for statement in part.prepare:
            lines += _statement(statement, width, indent)
        lines += _compare_unittest(part, width, indent)
    return lines


def _compare_unittest(check: Check, width: int, indent: str) -> list[str]:
    if check.kind == "raises":
        match = _match(check)
        call = (
            f"self.assertRaisesRegex({check.error}, {match})"
            if match
            else f"self.assertRaises({check.error})"
        )
        return [
            *expression(call, width, indent, "with ", ":"),
            *_statement(check.subject, width, indent + INDENT),
        ]
    if check.kind == "prints":
        return [
            f"{indent}printed = StringIO()",
            f"{indent}with redirect_stdout(printed):",
            *_statement(check.subject, width, indent + INDENT),
            *expression(f"self.assertEqual(printed.getvalue(), {check.wanted})", width, indent),
        ]
    method = {"is": "assertIs", "approx": "assertAlmostEqual"}.get(check.kind, "assertEqual")
    return expression(f"self.{method}({check.subject}, {check.wanted})", width, indent)
