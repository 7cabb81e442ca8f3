"""What is kept of a command's output: its beginning and its end."""

from __future__ import annotations


class Output:
    """Keep the first and the last half of `limit` bytes; count, and forget, what lies between."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._forgotten = 0

    def add(self, piece: bytes) -> None:
        """Take in the next bytes."""
        room = self._head_limit - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        if len(self._tail) > 2 * self._tail_limit:
            self._forget()

    @property
    def truncated(self) -> bool:
        """Whether anything was left out."""
        self._forget()
        return self._forgotten > 0

    @property
    def kept(self) -> bytes:
        """What was kept, with a line that says how much is missing where."""
        if not self.truncated:
            return bytes(self._head + self._tail)
        marker = f"\n[... {self._forgotten} bytes left out ...]\n".encode()
        return bytes(self._head) + marker + bytes(self._tail)

    def _forget(self) -> None:
        surplus = max(len(self._tail) - self._tail_limit, 0)
        del self._tail[:surplus]
        self._forgotten += surplus
