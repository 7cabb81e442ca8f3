"""What kind of thing a feature is, and what would make no sense to do with it."""

from __future__ import annotations

from enum import StrEnum


class Nature(StrEnum):
    """What a definition is for, as its code, its bases and its place say; `work` is whatever does something itself."""

    WORK = "work"
    EXCEPTION = "exception"
    VALUES = "values"
    ABSTRACT = "abstract"
    DECORATOR = "decorator"
    CONTEXT = "context manager"
    CALLBACK = "callback"
    IDLE = "idle"
    DEPRECATED = "deprecated"
    INTERNAL = "internal"
    SUPPORT = "test support"


NO_COMMAND = {
    Nature.EXCEPTION: "it is an exception, which is raised and never run",
    Nature.VALUES: "it only holds values",
    Nature.ABSTRACT: "it is abstract: others fill it in",
    Nature.DECORATOR: "it is a decorator: it wraps other functions",
    Nature.CONTEXT: "it is a context manager: other code runs inside of it",
    Nature.CALLBACK: "it is called back with objects that no command line can give",
    Nature.IDLE: "it only reads or sets a variable, so a command would have no effect",
    Nature.DEPRECATED: "it is deprecated",
    Nature.INTERNAL: "its module is private",
    Nature.SUPPORT: "it is there for tests",
}
NO_TESTS = {
    Nature.EXCEPTION: "it is an exception without behaviour of its own",
    Nature.VALUES: "it only holds values",
    Nature.ABSTRACT: "it is abstract: what fills it in can be tested",
    Nature.IDLE: "it only reads or sets a variable",
    Nature.SUPPORT: "it is there for tests itself",
}
NO_BODY = {
    Nature.EXCEPTION: "it is an exception: an empty body is all that it needs",
    Nature.VALUES: "it only holds values",
    Nature.ABSTRACT: "it is abstract: it is empty on purpose",
    Nature.SUPPORT: "it is there for tests: a double may do nothing",
    Nature.CALLBACK: "it is called back, and may do nothing on purpose",
    Nature.DEPRECATED: "it is deprecated",
}
