"""What a docstring says: its first line, and each parameter in Google, NumPy or Sphinx style."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass, field
from inspect import cleandoc

GOOGLE_SECTION = re.compile(
    r"(Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters):"
)
GOOGLE_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\((?P<kind>[^)]*)\))?\s*:\s*(?P<text>.*)")
NUMPY_ENTRY = re.compile(r"(?P<names>\w+(?:\s*,\s*\w+)*)\s*(?::\s*(?P<kind>.*))?")
SPHINX_PARAM = re.compile(r":(?:param|parameter|arg|argument|key|keyword)\s+(?P<rest>[^:]+):\s*(?P<text>.*)")
SPHINX_TYPE = re.compile(r":type\s+(?P<name>\w+)\s*:\s*(?P<kind>.*)")
NEXT_FIELD = re.compile(r"\s*:[a-z]+[^:]*:")
MARKUP = re.compile(r":\w+:`~?([^`]+)`|`{1,2}([^`]*)`{1,2}")


@dataclass
class Documented:
    """What is said of one parameter; `kind` is its type as written."""

    kind: str = ""
    text: str = ""


@dataclass(frozen=True)
class Docstring:
    """A docstring's first sentence, its parameters and the sources of its examples."""

    summary: str = ""
    parameters: dict[str, Documented] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


def read_docstring(text: str | None) -> Docstring:
    """Read a docstring; nothing is guessed where it says nothing."""
    clean = cleandoc(text or "")
    parameters: dict[str, Documented] = {}
    lines = clean.split("\n")
    _google(lines, parameters)
    _numpy(lines, parameters)
    _sphinx(lines, parameters)
    return Docstring(_summary(clean), parameters, _examples(clean))


def plain(text: str) -> str:
    """Put text on one line without the markup that a terminal would show as noise."""
    return " ".join(MARKUP.sub(lambda found: found[1] or found[2] or "", text).split())


def _summary(clean: str) -> str:
    lines = clean.split("\n\n")[0].splitlines()
    first = plain(lines[0]) if lines else ""
    if not first or first.startswith((">>>", ":", "@")):
        return ""
    for line in lines[1:]:
        goes_on = not first.endswith((".", "!", "?", ":")) and line.strip()[:1].islower()
        if not goes_on:
            break
        first = f"{first} {plain(line)}"
    return re.split(r"(?<=[^.\s]{2}[.!?])\s", first)[0].strip()


def _examples(clean: str) -> tuple[str, ...]:
    try:
        return tuple(example.source for example in doctest.DocTestParser().get_examples(clean))
    except ValueError:
        return ()


def _google(lines: list[str], found: dict[str, Documented]) -> None:
    for start, line in enumerate(lines):
        if GOOGLE_SECTION.fullmatch(line.strip()):
            outer = _indent(line)
            for name, kind, text in _entries(lines[start + 1 :], outer):
                found.setdefault(name, Documented(kind, text))


def _entries(lines: list[str], outer: int) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    depth: int | None = None
    for line in lines:
        if not line.strip():
            continue
        indent = _indent(line)
        if indent <= outer:
            break
        depth = indent if depth is None else depth
        entry = GOOGLE_ENTRY.fullmatch(line.strip())
        if indent == depth and entry:
            found.append((entry["name"], _kind(entry["kind"]), plain(entry["text"])))
        elif found:
            name, kind, text = found[-1]
            found[-1] = (name, kind, plain(f"{text} {line}"))
    return found


def _numpy(lines: list[str], found: dict[str, Documented]) -> None:
    for start, line in enumerate(lines[:-1]):
        if line.strip() not in ("Parameters", "Other Parameters") or set(lines[start + 1].strip()) != {"-"}:
            continue
        names: list[str] = []
        for number, entry in enumerate(lines[start + 2 :], start + 2):
            if number + 1 < len(lines) and set(lines[number + 1].strip()) == {"-"}:
                break
            heading = NUMPY_ENTRY.fullmatch(entry.strip()) if _indent(entry) <= _indent(line) else None
            if heading and entry.strip():
                names = [name.strip() for name in heading["names"].split(",")]
                for name in names:
                    found.setdefault(name, Documented(_kind(heading["kind"])))
            elif entry.strip():
                for name in names:
                    found[name].text = plain(f"{found[name].text} {entry}")


def _sphinx(lines: list[str], found: dict[str, Documented]) -> None:
    for number, line in enumerate(lines):
        if entry := SPHINX_PARAM.fullmatch(line.strip()):
            *kind, name = entry["rest"].split()
            said = found.setdefault(name.lstrip("*"), Documented())
            said.kind = said.kind or " ".join(kind)
            more = []
            for follows in lines[number + 1 :]:
                if NEXT_FIELD.match(follows) or not follows.strip():
                    break
                more.append(follows)
            said.text = said.text or plain(" ".join([entry["text"], *more]))
        elif entry := SPHINX_TYPE.fullmatch(line.strip()):
            said = found.setdefault(entry["name"], Documented())
            said.kind = said.kind or _kind(entry["kind"])


def _kind(text: str | None) -> str:
    words = (text or "").strip().rstrip(".")
    return re.sub(r",\s*(?:optional|default.*|defaults.*)$", "", words).strip("` ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
