"""Poetry's own way of writing requirements, turned into everybody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping


def poetry_requirements(poetry: Mapping[str, object], groups: frozenset[str]) -> Iterator[str]:
    """List the requirements of `[tool.poetry]` and of those of its groups that are named."""
    yield from _all(poetry.get("dependencies"))
    yield from _all(poetry.get("dev-dependencies"))
    found = poetry.get("group")
    for name, group in sorted(found.items()) if isinstance(found, dict) else []:
        if name in groups and isinstance(group, dict):
            yield from _all(group.get("dependencies"))


def _all(table: object) -> Iterator[str]:
    for name, wish in table.items() if isinstance(table, dict) else []:
        if name == "python":
            continue
        for one in wish if isinstance(wish, list) else [wish]:
            text = _one(name, one)
            if text is not None:
                yield text


def _one(name: str, wish: object) -> str | None:
    if isinstance(wish, str):
        return f"{name}{_specifiers(wish)}"
    if not isinstance(wish, dict) or wish.get("optional"):
        return None
    places = [f"{key}: {wish[key]}" for key in ("git", "path", "url", "file") if key in wish]
    if places:
        return f"{name} @ {places[0]}"
    extras = ",".join(str(extra) for extra in wish.get("extras", []))
    marker = [str(wish["markers"])] if "markers" in wish else []
    if "python" in wish:
        marker += [f"python_version {part}" for part in _quoted(_specifiers(str(wish["python"])))]
    text = f"{name}{f'[{extras}]' if extras else ''}{_specifiers(str(wish.get('version', '*')))}"
    return f"{text}; {' and '.join(f'({part})' for part in marker)}" if marker else text


def _quoted(specifiers: str) -> list[str]:
    parts = (re.fullmatch(r"([<>=!~]+)(.+)", part) for part in specifiers.split(",") if part)
    return [f'{part[1]} "{part[2]}"' for part in parts if part]


def _specifiers(wish: str) -> str:
    """Write `^1.2`, `~1.2`, `1.2.*` and their like as PEP 440 does; alternatives (`||`) can't be said and bind nothing."""
    if "|" in wish:
        return ""
    return ",".join(
        part for raw in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", wish.strip()) if (part := _specifier(raw))
    )


def _specifier(raw: str) -> str:
    text = raw.replace(" ", "")
    if text in ("", "*"):
        return ""
    if text[0] not in "^~" or text.startswith("~="):
        return text if text[0] in "<>=!~" else f"=={text}"
    version = text[1:]
    numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[a-zA-Z]", version)[0])]
    if not numbers:
        return ""
    if text[0] == "~":
        kept = numbers[:2]
    else:
        kept = numbers[: next((place + 1 for place, number in enumerate(numbers) if number), len(numbers))]
    ceiling = [*kept[:-1], kept[-1] + 1]
    return f">={version},<{'.'.join(map(str, ceiling))}"
