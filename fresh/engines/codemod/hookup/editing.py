"""Turn a decided hookup into the new text of the module that it edits."""

from __future__ import annotations

import ast

import libcst as cst

from fresh.engines.codemod.hookup.clis import Cli, Hookup
from fresh.engines.codemod.hookup.imports import ImportShelf
from fresh.engines.codemod.hookup.sources import Sources
from fresh.engines.codemod.hookup.spelling import Import, Spelling, prefers_relative, relative
from fresh.errors import Declined


def write_edit(cli: Cli, hookup: Hookup, sources: Sources) -> str:
    """Write the module with the command in it. Raises Declined when it would be no Python."""
    module = cli.module
    spelling = Spelling(module)
    edits = cli.write(hookup, spelling)
    dots = prefers_relative(module, sources)
    wanted: list[tuple[Import, str]] = []
    for one in spelling.wanted:
        own = _top(one.module) == _top(module.name) and sources.named(one.module) is not None
        wanted.append((one, (relative(module.package, one.module) if dots and own else "") or one.module))
    shelf = ImportShelf({_top(module.name), _top(hookup.function.module.name)}, hookup.layout)
    try:
        code = shelf.add(edits.apply(cst.parse_module(module.text)), wanted).code
        ast.parse(code)
    except (LookupError, SyntaxError, ValueError, cst.ParserSyntaxError) as bad:
        raise Declined(f"{module.path} can't be edited safely: {bad}") from bad
    return code


def _top(name: str) -> str:
    return name.partition(".")[0]
