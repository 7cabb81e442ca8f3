"""The ways in which a feature can be used: as a function, or through the methods of an object."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace

from .finding import NotThere, Subject
from .kinds import Sample
from .parameters import Parameter, Unfit, parameters_of
from .wire import Argument, Call, Hint, Import, Question


@dataclass(frozen=True)
class Form:
    """One way to use the feature, with examples for everything it takes."""

    subject: str
    imported: Import
    parameters: tuple[Parameter, ...]
    build: tuple[Parameter, ...] | None = None
    method: str = ""
    observe: str = ""

    @property
    def columns(self) -> tuple[Parameter, ...]:
        """Everything that can be varied: what builds the object, then what the call takes."""
        return (self.build or ()) + self.parameters

    def call(self, chosen: tuple[Sample | None, ...]) -> Call:
        """Make a call of one sample a column; None leaves an optional parameter out."""
        taken = [(parameter, sample) for parameter, sample in zip(self.columns, chosen, strict=True)]
        split = len(self.build or ())
        imports = [self.imported, *(found for sample in chosen if sample for found in sample.imports)]
        return Call(
            subject=self.subject,
            arguments=_arguments(taken[split:]),
            build=None if self.build is None else _arguments(taken[:split]),
            method=self.method,
            observe=self.observe,
            imports=tuple(dict.fromkeys(imports)),
            files=tuple(dict.fromkeys(file for sample in chosen if sample for file in sample.files)),
        )

    def observing(self, expression: str) -> Form:
        """Look at the object after the call in place of what the call returns."""
        return replace(self, observe=expression)


def _arguments(taken: list[tuple[Parameter, Sample | None]]) -> tuple[Argument, ...]:
    return tuple(parameter.argument(sample) for parameter, sample in taken if sample is not None)


def forms_of(subject: Subject, question: Question) -> list[Form]:
    """List the ways to use the feature. Raises NotThere with the reason when there is none."""
    imported = Import(subject.name, question.qualname.split(".")[0])
    try:
        if isinstance(subject.live, type):
            return _of_class(subject.live, question.qualname, imported, question, None)
        if isinstance(subject.owner, type) and _bound_late(subject.owner, question.qualname):
            owner, _, method = question.qualname.rpartition(".")
            return _of_class(subject.owner, owner, imported, question, method)
        if not (inspect.isroutine(subject.live) or hasattr(subject.live, "__wrapped__")):
            raise NotThere(
                f"{question.qualname} is no plain function but an object of {type(subject.live).__name__}"
            )
        found = parameters_of(subject.live, question.hints)
    except Unfit as problem:
        raise NotThere(str(problem)) from problem
    return [Form(question.qualname, imported, tuple(found))]


def _bound_late(owner: type, qualname: str) -> bool:
    raw = inspect.getattr_static(owner, qualname.rpartition(".")[2], None)
    return not isinstance(raw, (staticmethod, classmethod))


def _of_class(kind: type, name: str, imported: Import, question: Question, only: str | None) -> list[Form]:
    if inspect.isabstract(kind):
        raise NotThere(f"{name} is abstract")
    build = tuple(parameters_of(kind, question.hints))
    forms = [] if only else [Form(name, imported, (), build, observe=item) for item in _observers(kind)]
    for method, raw in vars(kind).items():
        if (only and method != only) or method.startswith("_") or method in question.skip:
            continue
        form = _of_method(raw, method, name, imported, build, question.hints)
        if form:
            forms.append(form)
    if not only and not forms:
        forms.append(Form(name, imported, (), build))
    if not forms:
        raise NotThere(f"{name} has no public method that can be called with examples")
    return forms


def _of_method(
    raw: object,
    method: str,
    name: str,
    imported: Import,
    build: tuple[Parameter, ...],
    hints: tuple[Hint, ...],
) -> Form | None:
    if isinstance(raw, property) or type(raw).__name__ == "cached_property":
        return Form(name, imported, (), build, observe=f"{{0}}.{method}")
    try:
        if isinstance(raw, staticmethod):
            return Form(f"{name}.{method}", imported, tuple(parameters_of(raw.__func__, hints)))
        if isinstance(raw, classmethod):
            found = parameters_of(raw.__func__, hints, skip_first=True)
            return Form(f"{name}.{method}", imported, tuple(found))
        if inspect.isfunction(raw):
            return Form(name, imported, tuple(parameters_of(raw, hints, skip_first=True)), build, method)
    except Unfit:
        return None
    return None


def _observers(kind: type) -> list[str]:
    """List the ways of looking at an object that its class defines itself."""
    ways = {"__len__": "len({0})", "__iter__": "list({0})", "__str__": "str({0})", "__repr__": "repr({0})",
            "__bool__": "bool({0})"}  # fmt: skip
    generated = hasattr(kind, "__dataclass_fields__") and "__repr__"
    return [way for name, way in ways.items() if name in vars(kind) and name != generated]
