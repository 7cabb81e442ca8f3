"""How a parameter is written as an argument of `add_argument`."""

from __future__ import annotations

from fresh.engines.codemod.hookup.binding import Bound, Place
from fresh.engines.codemod.hookup.clis import Hookup
from fresh.engines.codemod.hookup.shapes import Sort
from fresh.engines.codemod.hookup.spelling import Spelling


def argument(bound: Bound, hookup: Hookup, spelling: Spelling) -> list[str]:
    layout, shape = hookup.layout, bound.parameter.shape
    renamed = bound.word.replace("-", "_") != bound.local
    if bound.place is Place.ARGUMENT:
        items = [layout.text(bound.local)]
        items += [f"metavar={layout.text(bound.word)}"] if renamed else []
        items += ['nargs="+"'.replace('"', layout.quote)] if shape.many else []
    elif bound.place is Place.SWITCH:
        items = _switch(bound, hookup, spelling)
    else:
        items = [layout.text(bound.flag)]
        items += [f"dest={layout.text(bound.local)}"] if renamed else []
        items += ["required=True"] if bound.required else []
        items += [f"action={layout.text('append')}"] if shape.many else []
    if shape.sort in (Sort.INT, Sort.FLOAT) or (shape.literals and isinstance(shape.literals[0], int)):
        items.append("type=float" if shape.sort is Sort.FLOAT else "type=int")
    elif shape.sort is Sort.PATH:
        items.append(f"type={spelling.name('pathlib', 'Path')}")
    if shape.literals:
        items.append(f"choices={layout.literal(list(shape.literals))}")
    elif shape.choices is not None:
        enum = spelling.name(shape.choices.module, shape.choices.name)
        items.append(f"choices=[item.{'value' if shape.choices.by_value else 'name'} for item in {enum}]")
    if bound.place is Place.OPTION and (default := _default(bound, hookup, spelling)):
        items.append(f"default={default}")
    if bound.parameter.help:
        items.append(f"help={layout.text(bound.parameter.help.replace('%', '%%'))}")
    return items


def _switch(bound: Bound, hookup: Hookup, spelling: Spelling) -> list[str]:
    layout, default = hookup.layout, bound.parameter.default
    dest = f"dest={layout.text(bound.local)}"
    if bound.absent_is_none:
        action = f"action={spelling.name('argparse', 'BooleanOptionalAction')}"
        named = [dest] if bound.word.replace("-", "_") != bound.local else []
        return [layout.text(bound.flag), *named, action]
    if default is not None and default.literal is True:
        return [layout.text(bound.off_flag), dest, f"action={layout.text('store_false')}"]
    named = [dest] if bound.word.replace("-", "_") != bound.local else []
    return [layout.text(bound.flag), *named, f"action={layout.text('store_true')}"]


def _default(bound: Bound, hookup: Hookup, spelling: Spelling) -> str:
    default, shape = bound.parameter.default, bound.parameter.shape
    if default is None or default.literal is None:
        return ""
    if shape.many:
        return "" if default.literal else "[]"
    if shape.choices is not None:
        enum = spelling.name(shape.choices.module, shape.choices.name)
        return f"{enum}.{default.literal}.{'value' if shape.choices.by_value else 'name'}"
    if default.constant and not hookup.lazy:
        return spelling.name(hookup.function.module.name, default.constant)
    if shape.sort is Sort.PATH:
        return f"{spelling.name('pathlib', 'Path')}({hookup.layout.literal(default.literal)})"
    return hookup.layout.literal(default.literal)
