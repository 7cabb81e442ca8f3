from enum import Enum


class Level(Enum):
    LOW = 1
    HIGH = 2


def reverse(text):
    """Turn a text around.

    :param str text: what to turn, 100% of it
    """
    return text[::-1]


def repeat(text: str, times: int = 2, command: str = "+") -> str:
    """Repeat a text."""
    return command.join([text] * times)


def weigh(level: Level = Level.LOW, verbose: bool = True) -> str:
    """Weigh a level."""
    return f"{level.name}{'!' if verbose else ''}"


def tags(names: list, sizes: "list[int]" = (1, 2), extra=None, flag: "bool | None" = None) -> list:
    """Combine names and sizes."""
    return [f"{name}{size}{flag}" for name in names for size in sizes]


def labelled(names: list[str], sizes: tuple[int, ...] = (1, 2), flag: "bool | None" = None) -> list:
    """Combine names and sizes."""
    return [f"{name}{size}{flag}" for name in names for size in sizes]
