"""The tools that a model may call: always the same ones in the same order, so that a provider caches them once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field, JsonValue, ValidationError

from fresh.domain.conversation import Call, Tool
from fresh.domain.value import Value

Text = Annotated[str, Field(max_length=200_000)]
Line = Annotated[str, Field(max_length=1000)]
Lines = Annotated[tuple[Line, ...], Field(max_length=40)]


class Search(Value):
    """Search the files by a Python regular expression, line by line."""

    name: ClassVar[str] = "search"
    pattern: Line
    glob: Line = Field(default="*", description="e.g. src/*.py")


class ReadFile(Value):
    """Read a file with line numbers."""

    name: ClassVar[str] = "read_file"
    path: Line
    first: int = Field(default=1, ge=1)
    last: int | None = Field(default=None, ge=1)


class EditFile(Value):
    """Replace `old`, which must stand in the file exactly once, by `new`. No line numbers."""

    name: ClassVar[str] = "edit_file"
    path: Line
    old: Text
    new: Text


class WriteFile(Value):
    """Write a whole file, to create one."""

    name: ClassVar[str] = "write_file"
    path: Line
    content: Text


class RunTests(Value):
    """Run the tests; `select` holds paths or test ids, empty means all."""

    name: ClassVar[str] = "run_tests"
    select: Lines = ()


class RunCommand(Value):
    """Run a shell command in the repository, without network. What it changes is thrown away."""

    name: ClassVar[str] = "run_command"
    command: Annotated[str, Field(max_length=8000)]
    seconds: int = Field(default=60, ge=1, le=300)


class AskHuman(Value):
    """Ask the owner, only when nothing else can decide. You wait for the answer."""

    name: ClassVar[str] = "ask_human"
    question: Annotated[str, Field(min_length=1, max_length=2000)]


class FinishPlan(Value):
    """End the planning."""

    name: ClassVar[str] = "finish_plan"
    summary: Line = Field(min_length=1, description="imperative, under 72 characters")
    files: Lines = Field(description="paths that you will touch")
    steps: Lines = ()
    checks: Lines = Field(default=(), description="how it will show that it works")
    risks: Lines = ()
    decision_needed: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="only a question of architecture that the owner must decide first"
    )
    impossible: Line | None = Field(default=None, description="only if it can't be done well: why")


class Finish(Value):
    """End the work; the machine judges it then."""

    name: ClassVar[str] = "finish"
    summary: Line = Field(min_length=1)
    details: Lines = ()
    try_it: Lines = Field(default=(), description="commands that show the change")
    unchecked: Lines = Field(default=(), description="what you did not check")
    impossible: Line | None = Field(default=None, description="only if it can't be done well: why")


Action: TypeAlias = (
    Search | ReadFile | EditFile | WriteFile | RunTests | RunCommand | AskHuman | FinishPlan | Finish
)
SHAPES: tuple[type[Action], ...] = (
    Search,
    ReadFile,
    EditFile,
    WriteFile,
    RunTests,
    RunCommand,
    AskHuman,
    FinishPlan,
    Finish,
)
_BY_NAME = {shape.name: shape for shape in SHAPES}


@dataclass(frozen=True)
class Malformed:
    """A call that can't be understood, with the sentence that the model is told."""

    why: str


@cache
def tools() -> tuple[Tool, ...]:
    """Describe every tool: the same words for every request, so that providers find them in their caches."""
    return tuple(
        Tool(name=shape.name, description=(shape.__doc__ or "").strip(), parameters=_parameters(shape))
        for shape in SHAPES
    )


def shape() -> dict[str, JsonValue]:
    """Describe a call that is written as text: one of the tools, with its own arguments."""
    return {"anyOf": [_spoken(tool) for tool in tools()]}


def _spoken(tool: Tool) -> JsonValue:
    return {
        "type": "object",
        "properties": {
            "tool": {"type": "string", "enum": [tool.name]},
            "arguments": {**tool.parameters, "additionalProperties": False},
        },
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def read_call(call: Call) -> Action | Malformed:
    """Understand a call; whatever is wrong with it is something to tell the model."""
    shape = _BY_NAME.get(call.name)
    if shape is None:
        return Malformed(f"There is no tool {call.name[:60]!r}. The tools are: {', '.join(_BY_NAME)}.")
    try:
        arguments: JsonValue = json.loads(call.arguments or "{}")
        if isinstance(arguments, str):
            # Some servers put the object into a string once more.
            arguments = json.loads(arguments)
    except (ValueError, RecursionError) as bad:
        return Malformed(f"The arguments of {call.name} are no JSON: {str(bad)[:200]}.")
    if not isinstance(arguments, dict):
        return Malformed(f"The arguments of {call.name} must be a JSON object.")
    try:
        # Many models send null for what they leave out.
        return shape.model_validate({name: given for name, given in arguments.items() if given is not None})
    except ValidationError as bad:
        return Malformed(f"The arguments of {call.name} are wrong: {_first_errors(bad)}.")


def _first_errors(bad: ValidationError) -> str:
    found = bad.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'they'}: {one['msg']}" for one in found[:3])


def _parameters(shape: type[Action]) -> dict[str, JsonValue]:
    schema = shape.model_json_schema()
    return {
        "type": "object",
        "properties": {name: _plain(given) for name, given in schema["properties"].items()},
        "required": schema.get("required", []),
    }


def _plain(given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Keep of a parameter's schema what a model needs."""
    options = given.get("anyOf")
    if isinstance(options, list) and isinstance(options[0], dict):
        given = {**options[0], **given}
    kept: dict[str, JsonValue] = {key: given[key] for key in ("type", "description") if key in given}
    if given.get("type") == "array":
        kept["items"] = {"type": "string"}
    return kept
