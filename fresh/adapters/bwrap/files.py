"""The open files that bwrap is launched with: what it must know and what it makes of it, all in memory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fresh.adapters.bwrap import seccomp
from fresh.adapters.bwrap.arguments import ETC_FILES, SYNTHETIC, Streams, isolation
from fresh.ports import Command


@dataclass(frozen=True)
class Files:
    """The files of one launch. `status` is a pipe: the number to read from, and the end that bwrap writes to."""

    options: int
    streams: Streams
    status: tuple[int, IO[bytes]]

    @property
    def inherited(self) -> tuple[int, ...]:
        """What bwrap finds open under the same numbers, besides its end of the pipe."""
        return (self.streams.filter, self.options, *self.streams.texts.values())


@contextmanager
def opened(command: Command, sources: list[Path]) -> Iterator[Files]:
    """Open everything that a command needs, and close it again.

    Raises Refusal for text that can't be handed to a program, SandboxUnavailable where there is no filter.
    """
    with ExitStack() as stack:

        def hold(content: bytes) -> int:
            return stack.enter_context(held(content))

        reader, writer = os.pipe()
        stack.callback(os.close, reader)
        written = stack.enter_context(os.fdopen(writer, "wb"))
        texts = {path: hold(text.encode()) for path, text in SYNTHETIC.items()}
        for path in (f"/etc/{name}" for name in ETC_FILES):
            with suppress(FileNotFoundError):
                texts[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                stack.callback(os.close, texts[path])
        streams = Streams(hold(seccomp.program()), writer, texts)
        yield Files(
            options=hold(isolation(command, sources, streams)),
            streams=streams,
            status=(reader, written),
        )


@contextmanager
def held(content: bytes) -> Iterator[int]:
    """Hold bytes in a file without a name, positioned at its start, that no reader can change."""
    number = os.memfd_create("fresh", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(content)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
        os.lseek(number, 0, os.SEEK_SET)
        yield number
    finally:
        os.close(number)
