"""What a benchmark measured, in a form that can stand in one table with what others measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

NOTED = "FRESH_FIGURES"


@dataclass(frozen=True)
class Figure:
    """One measured value; smaller is better.

    `beside` is what it is compared to, measured in the same run: a limit or a peer. `most` is the goal for the value,
    `most_times` the goal for the ratio of both.
    """

    what: str
    value: float
    unit: str
    beside: float | None = None
    most: float | None = None
    most_times: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times what stands beside it."""
        return self.value / self.beside if self.beside else None

    @property
    def missed(self) -> bool:
        """Whether a goal is not met."""
        too_much = self.most is not None and self.value > self.most
        too_often = self.most_times is not None and self.ratio is not None and self.ratio > self.most_times
        return too_much or too_often


def note(*figures: Figure) -> None:
    """Write figures down for whoever runs several benchmarks; for a benchmark that runs alone this does nothing."""
    if place := os.environ.get(NOTED):
        with Path(place).open("a") as file:
            file.writelines(json.dumps(asdict(figure)) + "\n" for figure in figures)


def noted(place: Path) -> list[Figure]:
    """Read what was written down."""
    return [Figure(**json.loads(row)) for row in place.read_text().splitlines()] if place.exists() else []


def table(rows: Iterable[tuple[str, float, Figure]]) -> str:
    """Lay figures out, each after its benchmark's name and the machine's load when that began."""
    lines = [
        f"{'benchmark':10} {'load':>5}  {'what':44} {'measured':>12} {'beside':>12} {'ratio':>7}  goal",
        *(_row(name, load, figure) for name, load, figure in rows),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _row(name: str, load: float, figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}x"
    goals = [f"at most {_amount(figure.most, figure.unit)}"] if figure.most is not None else []
    goals += [f"at most {figure.most_times:g}x"] if figure.most_times is not None else []
    goal = " and ".join(goals) + (" MISSED" if figure.missed else "")
    beside = "" if figure.beside is None else _amount(figure.beside, figure.unit)
    measured = _amount(figure.value, figure.unit)
    return f"{name:10} {load:5.1f}  {figure.what:44} {measured:>12} {beside:>12} {ratio:>7}  {goal}"


def _amount(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
