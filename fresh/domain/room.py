"""How many further agents a machine can take."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
SEAT = 256 * MIB
"""Bytes of memory that a further agent needs, its share of the test runs included; those have limits of their own."""


@dataclass(frozen=True)
class Machine:
    """What is free on a machine, in bytes; None where that can't be read."""

    memory: int | None
    disk: int | None


@dataclass(frozen=True)
class Room:
    """Seats that may be filled now, and why there are no more."""

    seats: int
    why: str = ""


def room(machine: Machine, wanted: int, least_memory: int, least_disk: int) -> Room:
    """Say how many of the wanted seats a machine has room for, so that the least stays free. Sizes in bytes."""
    if machine.disk is not None and machine.disk < least_disk:
        return Room(0, f"{machine.disk // MIB} MB of disk are free, and {least_disk // MIB} MB must stay so")
    if machine.memory is None:
        return Room(wanted)
    seats = max(0, machine.memory - least_memory) // SEAT
    if seats >= wanted:
        return Room(wanted)
    return Room(
        seats,
        f"{machine.memory // MIB} MB of memory are free: {least_memory // MIB} MB must stay so,"
        f" and an agent takes about {SEAT // MIB} MB",
    )
