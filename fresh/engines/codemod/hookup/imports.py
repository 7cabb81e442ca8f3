"""Put import statements where the project would: beside its other names, in order, in the section they belong to."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

import libcst as cst

from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.spelling import Import

FUTURE, STANDARD, THIRD, FIRST, RELATIVE = range(5)
EMPTY = cst.EmptyLine(indent=False)


class ImportShelf:
    """Sort imports of one module; `first_party` holds the project's own top-level packages."""

    def __init__(self, first_party: Collection[str], layout: Layout) -> None:
        self._first_party = frozenset(first_party)
        self._layout = layout

    def add(self, module: cst.Module, wanted: Sequence[tuple[Import, str]]) -> cst.Module:
        """Add imports, each with the module's name as it is to be spelled."""
        for one, spelled in sorted(wanted, key=lambda pair: (pair[1], pair[0].name)):
            merged = self._merged(module, one, spelled)
            module = merged if merged is not None else self._inserted(module, one, spelled)
        return module

    def section(self, name: str) -> int:
        """Say which block of imports a module's name belongs to."""
        top = name.partition(".")[0]
        if name.startswith("."):
            return RELATIVE
        if name == "__future__":
            return FUTURE
        if top in self._first_party:
            return FIRST
        return STANDARD if top in sys.stdlib_module_names else THIRD

    def _merged(self, module: cst.Module, one: Import, spelled: str) -> cst.Module | None:
        if not one.name:
            return None
        for number, line in enumerate(module.body):
            found = _only_import(line)
            if not isinstance(line, cst.SimpleStatementLine) or not isinstance(found, cst.ImportFrom):
                continue
            if _from(found) != spelled or isinstance(found.names, cst.ImportStar):
                continue
            if "#" in module.code_for_node(found):
                return None
            names = [
                module.code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT))
                for alias in found.names
            ]
            added = f"{one.name} as {one.alias}" if one.alias else one.name
            ordered = names == sorted(names, key=_alike)
            names = sorted([*names, added], key=_alike) if ordered else [*names, added]
            several = found.lpar is not None and "\n" in module.code_for_node(found)
            statement = _statement(f"from {spelled} import ", names, several, self._layout)
            fresh = cst.parse_statement(statement, config=module.config_for_parsing)
            assert isinstance(fresh, cst.SimpleStatementLine)
            line = line.with_changes(body=fresh.body)
            return module.with_changes(body=[*module.body[:number], line, *module.body[number + 1 :]])
        return None

    def _inserted(self, module: cst.Module, one: Import, spelled: str) -> cst.Module:
        section = self.section(spelled or one.module)
        own = (section, bool(one.name), (spelled or one.module).lower())
        place, beside = _start(module), False
        for number, line in enumerate(module.body):
            found = _only_import(line)
            if found is None:
                continue
            name = _from(found) if isinstance(found, cst.ImportFrom) else _first_name(module, found)
            key = (self.section(name), isinstance(found, cst.ImportFrom), name.lower())
            if key[0] < section or key < own:
                place, beside = number + 1, key[0] == section
        source = one.source(spelled)
        line = cst.parse_statement(source, config=module.config_for_parsing)
        body = list(module.body)
        follows = body[place] if place < len(body) else None
        opens = place > 0 and not beside
        if (
            follows is not None
            and _only_import(follows) is not None
            and self._section_of(module, follows) == section
        ):
            if place > 0 and not beside:
                line, body[place] = _led(line, _leading(follows)), _led(follows, ())
            elif place == 0:
                line, body[0] = _led(line, _leading(follows)), _led(follows, ())
        else:
            line = _led(line, (EMPTY,) if opens else ())
            if follows is not None and not _leading(follows):
                gap = 1 if _only_import(follows) is not None else 2
                body[place] = _led(follows, (EMPTY,) * gap)
        return module.with_changes(body=[*body[:place], line, *body[place:]])

    def _section_of(self, module: cst.Module, line: cst.CSTNode) -> int:
        found = _only_import(line)
        if found is None:
            return -1
        return self.section(_from(found) if isinstance(found, cst.ImportFrom) else _first_name(module, found))


def _statement(opening: str, names: list[str], several: bool, layout: Layout) -> str:
    single = f"{opening}{', '.join(names)}"
    if not several and len(single) <= layout.width:
        return single
    return "\n".join([f"{opening}(", *(f"    {name}," for name in names), ")"])


def _alike(name: str) -> tuple[int, str]:
    """Sort like isort: CONSTANTS, then Classes, then functions."""
    bare = name.partition(" ")[0]
    return (0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2, bare)


def _only_import(line: cst.CSTNode) -> cst.Import | cst.ImportFrom | None:
    if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
        only = line.body[0]
        return only if isinstance(only, cst.Import | cst.ImportFrom) else None
    return None


def _from(found: cst.ImportFrom) -> str:
    name = cst.Module([]).code_for_node(found.module) if found.module is not None else ""
    return "." * len(found.relative) + name


def _first_name(module: cst.Module, found: cst.Import) -> str:
    return module.code_for_node(found.names[0].name)


def _start(module: cst.Module) -> int:
    """Find where a module's statements begin, after its docstring."""
    first = module.body[0] if module.body else None
    if isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Expr):
        return 1 if isinstance(first.body[0].value, cst.SimpleString | cst.ConcatenatedString) else 0
    return 0


def _leading(line: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return list(getattr(line, "leading_lines", ()))


def _led(
    line: cst.SimpleStatementLine | cst.BaseCompoundStatement, lines: Sequence[cst.EmptyLine]
) -> cst.SimpleStatementLine | cst.BaseCompoundStatement:
    return line.with_changes(leading_lines=list(lines))
