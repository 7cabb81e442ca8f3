"""How a command shows what the function returns, and how a test says the same of a direct call."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.layout import Layout, indented
from fresh.engines.codemod.hookup.trials import Seen
from fresh.errors import Declined


class Way(StrEnum):
    """What is done with the value; the words are those of the trial."""

    NONE = "none"
    PLAIN = "plain"
    ENUM = "enum"
    LINES = "lines"
    SET = "set"
    JSON = "json"
    RECORD = "record"
    RECORDS = "records"
    NAMED = "named"


PREPARED = {
    Way.JSON: "{}",
    Way.RECORD: "asdict({})",
    Way.RECORDS: "[asdict(item) for item in {}]",
    Way.NAMED: "{}._asdict()",
}


@dataclass(frozen=True)
class Showing:
    """`optional`: nothing is shown for None. `loose`: JSON in which dates, paths and the like become text."""

    way: Way
    optional: bool = False
    loose: bool = False

    def imports(self) -> tuple[tuple[str, str], ...]:
        """List the modules and names that the code below needs; an empty name means the module itself."""
        if self.way not in PREPARED:
            return ()
        records = (("dataclasses", "asdict"),) if "asdict(" in PREPARED[self.way] else ()
        return (("json", ""), *records)

    def names(self) -> frozenset[str]:
        """List the names that the code below uses."""
        names = {name or module for module, name in self.imports()}
        return frozenset(names | ({"sorted"} if self.way is Way.SET else set()))

    def command(
        self,
        opening: str,
        arguments: list[str],
        closing: str,
        echo: str,
        taken: Collection[str],
        layout: Layout,
    ) -> list[str]:
        """Write the lines that call the function and show its result."""
        if self.way is Way.NONE:
            return layout.wrap(opening, arguments, closing, 8)
        single = f"{opening}{', '.join(arguments)}{closing}"
        if self.way in (Way.LINES, Way.SET) and not self.optional:
            line = _free(("line", "item", "each", "entry"), taken)
            head = f"for {line} in {self._ordered(single)}:"
            if len(head) + 8 <= layout.width:
                return [head, f"    {echo}({line})"]
        elif not self.optional and self.way not in (Way.LINES, Way.SET):
            shown = f"{echo}({self._shown(single)})"
            if len(shown) + 8 <= layout.width:
                return [shown]
        result = _free(("result", "outcome", "found", "answer"), taken)
        lines = layout.wrap(f"{result} = {opening}", arguments, closing, 8)
        if self.way in (Way.LINES, Way.SET):
            line = _free(("line", "item", "each", "entry"), {*taken, result})
            shown_lines = [f"for {line} in {self._ordered(result)}:", f"    {echo}({line})"]
        else:
            shown_lines = [f"{echo}({self._shown(result)})"]
        if self.optional:
            shown_lines = [f"if {result} is not None:", *indented(shown_lines)]
        return [*lines, *shown_lines]

    def expected(self, value: str) -> str:
        """Write the expression for the whole output when the function returned `value`."""
        if self.way in (Way.LINES, Way.SET):
            return f'"".join(f"{{line}}\\n" for line in {self._ordered(value)})'
        if self.way in PREPARED:
            return f'{self._shown(value)} + "\\n"'
        return f'f"{{{self._shown(value)}}}\\n"'

    def _ordered(self, value: str) -> str:
        return f"sorted({value})" if self.way is Way.SET else value

    def _shown(self, value: str) -> str:
        if self.way is Way.ENUM:
            return f"{value}.value"
        if self.way in PREPARED:
            loose = ", default=str" if self.loose else ""
            return f"json.dumps({PREPARED[self.way].format(value)}, indent=2{loose})"
        return value


def choose_showing(function: Function, seen: Collection[Seen]) -> Showing:
    """Decide from what the trials saw and what the signature allows. Raises Declined."""
    good = [one for one in seen if not one.error]
    bad = sorted({one.text for one in good if one.kind == "other"})
    if bad:
        raise Declined(f"{function.name} returns {', '.join(bad)}, which a command can't show faithfully.")
    kinds = {one.kind.removesuffix("-loose") for one in good if not (one.kind == "lines" and not one.text)}
    kinds = kinds or {one.kind for one in good}
    valued = kinds - {"none"}
    if len(valued) > 1:
        types = sorted({one.type for one in good if one.kind != "none"})
        raise Declined(f"{function.name} returns {' or '.join(types)} from case to case.")
    if not valued:
        if not any(one.printed for one in good):
            raise Declined(f"{function.name} returns nothing and prints nothing that a test could see.")
        return Showing(Way.NONE)
    if any(one.printed for one in good):
        raise Declined(
            f"{function.name} prints on its own and returns a value too; showing both would mix them."
        )
    optional = "none" in kinds or _may_return_none(function)
    return Showing(Way(valued.pop()), optional, any(one.kind.endswith("-loose") for one in good))


def _may_return_none(function: Function) -> bool:
    annotation = function.node.returns
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if annotation is not None:
        spelled = ast.unparse(annotation)
        return "Optional[" in spelled or "None" in re.split(r"\W+", spelled)
    returns = [node for node in ast.walk(function.node) if isinstance(node, ast.Return)]
    return any(
        node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
        for node in returns
    )


def _free(names: tuple[str, ...], taken: Collection[str]) -> str:
    return next((name for name in names if name not in taken), f"{names[0]}_")
