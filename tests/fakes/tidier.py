"""A tidier with memory that knows two rules: trailing whitespace and useless semicolons."""

from __future__ import annotations

from dataclasses import dataclass, field

from fresh.domain.feature import Finding
from fresh.ports import TidyRules

TEXTS = {
    "W291": "Trailing whitespace",
    "W293": "Blank line contains whitespace",
    "E703": "Statement ends with an unnecessary semicolon",
}


@dataclass
class FakeTidier:
    """Find and fix line by line; remember which rules were asked for. A file that Python can't read stays as it is."""

    asked: list[TidyRules] = field(default_factory=list)

    def find(self, path: str, text: str, rules: TidyRules) -> tuple[Finding, ...]:
        """List the findings of the rules that it knows."""
        self.asked.append(rules)
        found = []
        for number, line in enumerate(text.split("\n"), start=1):
            found += [
                Finding(code=code, line=number, text=TEXTS[code], fixable=True)
                for code in _broken(line)
                if code in rules.select and _readable(text)
            ]
        return tuple(found)

    def fix(self, path: str, text: str, rules: TidyRules) -> str:
        """Cut off what the rules complain about."""
        self.asked.append(rules)
        if not _readable(text):
            return text
        return "\n".join(_mended(line, rules.select) for line in text.split("\n"))


def _readable(text: str) -> bool:
    try:
        compile(text, "module.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _broken(line: str) -> list[str]:
    codes = [] if line == line.rstrip() else ["W291" if line.strip() else "W293"]
    return codes + (["E703"] if line.rstrip().endswith(";") else [])


def _mended(line: str, select: tuple[str, ...]) -> str:
    tail = line[len(line.rstrip()) :]
    body = line.rstrip()
    if "E703" in select:
        body = body.rstrip(";")
    code = "W291" if body else "W293"
    return body if code in select else body + tail
