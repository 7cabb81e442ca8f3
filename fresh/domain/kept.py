"""A property that is worked out once for each object, without a lock that all objects of the class share.

`functools.cached_property` has such a lock before Python 3.12: while it works something out for one object, no other one
gets anything. Agents whose tests run for minutes would wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class kept(Generic[Value]):
    """Work a value out at the first look and keep it in the object; two threads that look first both work it out."""

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> kept[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> kept[Value] | Value:
        if instance is None:
            return self
        value = self._work_out(instance)
        # From now on it is found there first: this is no data descriptor.
        vars(instance)[self._name] = value
        return value
