"""Insert code into a module by the lines that its statements begin on; everything else stays as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

T = TypeVar("T")


@dataclass(frozen=True)
class Insertion:
    """Statements to insert, with the empty lines before the first one."""

    lines: tuple[str, ...]
    gap: int = 0


@dataclass
class Edits:
    """What to insert, keyed by the 1-based line on which a statement (the `def` below its decorators) begins.

    `branches` adds an `elif` below the last `if` of a chain, `cases` a case before the wildcard of a `match`,
    `items` an item to the dict that a statement assigns.
    """

    after: dict[int, list[Insertion]] = field(default_factory=dict)
    before: dict[int, list[Insertion]] = field(default_factory=dict)
    branches: dict[int, tuple[str, ...]] = field(default_factory=dict)
    cases: dict[int, tuple[str, ...]] = field(default_factory=dict)
    items: dict[int, tuple[str, str]] = field(default_factory=dict)

    def apply(self, module: cst.Module) -> cst.Module:
        """Make the edits. Raises LookupError when a line that they name begins no such statement."""
        surgeon = _Surgeon(self, module)
        edited = MetadataWrapper(module, unsafe_skip_copy=True).visit(surgeon)
        if surgeon.pending:
            raise LookupError(f"no statement to edit begins on line {min(surgeon.pending)[1]}")
        return edited


class _Surgeon(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Edits, module: cst.Module) -> None:
        super().__init__()
        self._edits = edits
        self._module = module
        kinds = ("after", "before", "branches", "cases", "items")
        self.pending = {(kind, line) for kind in kinds for line in getattr(edits, kind)}

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._body(original_node.body, updated_node.body))

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.BaseSuite:
        return updated_node.with_changes(body=self._body(original_node.body, updated_node.body))

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> cst.If:
        lines = self._take("branches", self._edits.branches, original_node)
        if lines is None:
            return updated_node
        branch = self._parse(lines)[0]
        assert isinstance(branch, cst.If)
        return updated_node.with_changes(orelse=branch.with_changes(orelse=updated_node.orelse))

    def leave_Match(self, original_node: cst.Match, updated_node: cst.Match) -> cst.Match:
        lines = self._take("cases", self._edits.cases, original_node)
        if lines is None:
            return updated_node
        whole = self._parse(["match command:", *(f"    {line}" for line in lines)])[0]
        assert isinstance(whole, cst.Match)
        cases = list(updated_node.cases)
        wild = cases and isinstance(cases[-1].pattern, cst.MatchAs) and cases[-1].guard is None
        place = len(cases) - 1 if wild and getattr(cases[-1].pattern, "pattern", None) is None else len(cases)
        return updated_node.with_changes(cases=[*cases[:place], *whole.cases, *cases[place:]])

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        return updated_node.with_changes(value=self._grown(original_node, updated_node.value))

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.AnnAssign:
        return updated_node.with_changes(value=self._grown(original_node, updated_node.value))

    def _grown(self, original: cst.CSTNode, value: cst.BaseExpression | None) -> cst.BaseExpression | None:
        item = self._edits.items.get(self._line(original))
        if item is None or not isinstance(value, cst.Dict):
            return value
        self.pending.discard(("items", self._line(original)))
        added = cst.DictElement(cst.parse_expression(item[0]), cst.parse_expression(item[1]))
        *earlier, last = value.elements
        if isinstance(last.comma, cst.Comma):
            between = earlier[-1].comma if earlier else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            return value.with_changes(
                elements=[*earlier, last.with_changes(comma=between), added.with_changes(comma=last.comma)]
            )
        comma = earlier[-1].comma if earlier else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        return value.with_changes(elements=[*earlier, last.with_changes(comma=comma), added])

    def _body(
        self, original: Sequence[cst.BaseStatement], updated: Sequence[cst.BaseStatement]
    ) -> list[cst.BaseStatement]:
        found: list[cst.BaseStatement] = []
        gap = 0
        for before, after in zip(original, updated, strict=True):
            for insertion in self._take("before", self._edits.before, before) or ():
                found += self._inserted(insertion)
                gap = max(gap, insertion.gap)
            found.append(_apart(after, gap))
            gap = 0
            for insertion in self._take("after", self._edits.after, before) or ():
                found += self._inserted(insertion)
                gap = max(gap, insertion.gap)
        return found

    def _take(self, kind: str, table: dict[int, T], node: cst.CSTNode) -> T | None:
        line = self._line(node)
        self.pending.discard((kind, line))
        return table.get(line)

    def _line(self, node: cst.CSTNode) -> int:
        position = self.get_metadata(PositionProvider, node)
        return int(position.start.line)

    def _inserted(self, insertion: Insertion) -> list[cst.BaseStatement]:
        first, *rest = self._parse(insertion.lines)
        gap = [cst.EmptyLine(indent=False)] * insertion.gap
        return [first.with_changes(leading_lines=gap), *rest]

    def _parse(self, lines: Sequence[str]) -> list[cst.BaseStatement]:
        indent = self._module.default_indent
        text = "\n".join(_reindented(line, indent) for line in lines) + "\n"
        body = cst.parse_module(text, config=self._module.config_for_parsing).body
        return [line for line in body if isinstance(line, cst.BaseStatement)]


def _apart(line: cst.BaseStatement, gap: int) -> cst.BaseStatement:
    """Keep what follows new code as far from it as the new code is from what stands before."""
    leading = getattr(line, "leading_lines", None)
    if leading is None or len(leading) >= gap:
        return line
    return line.with_changes(leading_lines=[*[cst.EmptyLine(indent=False)] * (gap - len(leading)), *leading])


def _reindented(line: str, indent: str) -> str:
    bare = line.lstrip(" ")
    return indent * ((len(line) - len(bare)) // 4) + bare
