"""`fresh auto dashboard --web` as a browser meets it: a page, a socket that carries the screen, and no stranger."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.cli.conftest import Terminal
from tests.fakes.story import NOON, a_question, a_run, a_ticket

pytest.importorskip("textual_serve")
pytestmark = pytest.mark.slow

PATIENCE = 60.0


@dataclass
class Served:
    """A dashboard that is served."""

    process: subprocess.Popen[str]
    port: int
    terminal: Terminal

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(terminal: Terminal, port: int) -> list[str]:
    words = ["auto", "dashboard", "--web", "--port", str(port), "--repo", str(terminal.repository)]
    return [sys.executable, "-P", "-m", "cli.main", *words]


@pytest.fixture
def served(terminal: Terminal) -> Iterator[Served]:
    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    journal.add_agent(a_ticket(), NOON)
    journal.ask(a_question())
    journal.close()
    port = _free_port()
    process = subprocess.Popen(
        _command(terminal, port),
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    made = Served(process, port, terminal)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(f"{made.url}/", timeout=2)
                break
            except httpx.HTTPError:
                assert process.poll() is None, process.stdout.read() if process.stdout else ""
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield made
    finally:
        process.kill()
        process.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def _screen(served: Served, *presses: tuple[str, str]) -> str:
    """Open the screen; each time that the first text is shown, press the keys beside it. Return all that was shown."""
    shown, left = "", list(presses)
    async with aiohttp.ClientSession() as session:
        address = f"{served.url}/ws?width=100&height=30"
        async with session.ws_connect(address, headers={"Origin": served.url}) as browser:
            while True:
                message = await browser.receive(timeout=PATIENCE)
                if message.type is not aiohttp.WSMsgType.BINARY:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        continue
                    return shown
                shown += message.data.decode("utf-8", "replace")
                while left and left[0][0] in shown:
                    await browser.send_json(["stdin", left.pop(0)[1]])


def test_the_page_leads_to_a_socket_on_the_same_address(served: Served) -> None:
    page = httpx.get(f"{served.url}/")

    assert page.status_code == 200
    assert "Fresh" in page.text
    assert f"ws://127.0.0.1:{served.port}/ws" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert httpx.get(f"{served.url}/static/js/textual.js").status_code == 200


def test_the_screen_is_shown_and_a_key_decides(served: Served) -> None:
    shown = asyncio.run(_screen(served, ("please test", "a"), ("pproved abc12345", "q")))

    assert "abc12345" in shown
    journal = served.terminal.journal()
    (standing,) = journal.standings()
    journal.close()
    assert standing.decision is not None
    assert standing.decision.answer == "approved"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}],
    ids=["another page", "another name", "a sandboxed page"],
)
def test_a_page_from_elsewhere_gets_neither_page_nor_socket(served: Served, headers: dict[str, str]) -> None:
    async def knock() -> int:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(f"{served.url}/ws", headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

    assert httpx.get(f"{served.url}/", headers=headers).status_code == 403
    assert asyncio.run(knock()) == 403
    assert _children(served.process.pid) == []


def test_the_end_of_the_server_ends_every_screen(served: Served) -> None:
    async def look_and_leave() -> list[int]:
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{served.url}/ws?width=80&height=24") as browser:
                while (await browser.receive(timeout=PATIENCE)).type is not aiohttp.WSMsgType.BINARY:
                    continue
                screens = _children(served.process.pid)
                served.process.send_signal(signal.SIGINT)
                while not browser.closed:
                    await browser.receive(timeout=PATIENCE)
                return screens

    screens = asyncio.run(look_and_leave())

    assert screens
    served.process.wait(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in screens):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_without_a_terminal_there_is_one_sentence(terminal: Terminal) -> None:
    words = (sys.executable, "-m", "cli.main", "auto", "dashboard", "--repo", str(terminal.repository))
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert "The dashboard needs a terminal, and there is none." in done.stderr
    assert not done.stdout


def test_a_port_that_is_taken_is_told_in_one_sentence(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            _command(terminal, port), env={**os.environ}, capture_output=True, text=True, timeout=PATIENCE
        )

    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 can't be used: Address already in use." in done.stderr
    assert "--port" in done.stderr
