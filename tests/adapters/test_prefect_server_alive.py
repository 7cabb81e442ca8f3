"""A real Prefect server: found, shared, killed, orphaned, wedged, and written to by many at once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from fresh.adapters.prefect_server import (
    DATABASE,
    PrefectServer,
    ServerRecord,
    client_environment,
    end_server,
    find,
    read_record,
)
from fresh.adapters.prefect_server.child import LOG, await_free
from fresh.adapters.prefect_server.health import is_healthy
from fresh.errors import ServerUnreachable, StorageFailed

pytestmark = [pytest.mark.server, pytest.mark.slow]

WRITERS = 20

STARTER = """
import sys, time
from pathlib import Path
from fresh.adapters.prefect_server import PrefectServer
server = PrefectServer(Path(sys.argv[1]), stay=sys.argv[2] == "stay")
print(server.start(), flush=True)
time.sleep(600 if sys.argv[2] != "stay" else 0)
"""

FLOW = """
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

@task
def step(number):
    return number + 1

@flow
def agent(number):
    for turn in range(6):
        number = step(number)
    return number

@task
def launch(number):
    return agent(number)

@flow(task_runner=ThreadPoolTaskRunner(max_workers=10))
def run():
    return sum(future.result() for future in [launch.submit(number) for number in range(10)])

print(run())
"""


def request(url: str, method: str, path: str, body: object = None) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, parts.path + path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "null")
    finally:
        connection.close()


def await_true(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def standing(home: Path) -> ServerRecord:
    record = read_record(home)
    assert record is not None
    return record


def start_elsewhere(home: Path, kind: str = "owned") -> subprocess.Popen[str]:
    """Start the server from a process of its own, which stays unless the server does."""
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), kind], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    home = tmp_path_factory.mktemp("shared") / "prefect"
    server = PrefectServer(home)
    url = server.start()
    yield home, url
    server.stop()
    assert find(home) is None


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "prefect"
    end_server(tmp_path / "prefect")


@pytest.mark.night
def test_a_slot_of_a_server_that_was_killed_comes_back_when_its_lease_ends(home: Path) -> None:
    first = start_elsewhere(home)
    url = str(first.stdout and first.stdout.readline()).strip()
    limit = {"name": "fresh-sandboxes", "limit": 1, "active": True}
    assert request(url, "POST", "/v2/concurrency_limits/", limit)[0] == 201
    take = {"names": ["fresh-sandboxes"], "slots": 1, "mode": "concurrency", "lease_duration": 60}
    assert request(url, "POST", "/v2/concurrency_limits/increment-with-lease", take)[0] == 200
    os.kill(standing(home).host.pid, signal.SIGKILL)
    first.kill()
    first.wait()

    server = PrefectServer(home)
    again = server.start()
    try:
        assert request(again, "POST", "/v2/concurrency_limits/increment-with-lease", take)[0] == 423
        assert await_true(
            lambda: request(again, "POST", "/v2/concurrency_limits/increment-with-lease", take)[0] == 200, 120
        )
    finally:
        server.stop()


def test_a_second_one_finds_the_first_and_leaves_it_running(shared: tuple[Path, str]) -> None:
    home, url = shared
    before = standing(home)
    second = PrefectServer(home)
    assert second.start() == url
    second.stop()
    assert find(home) == url
    assert standing(home) == before


def test_its_state_lies_in_its_home_and_nobody_else_can_look_in(shared: tuple[Path, str]) -> None:
    home, url = shared
    assert (home / DATABASE).exists()
    assert home.stat().st_mode & 0o077 == 0
    status, settings = request(url, "GET", "/admin/settings")
    assert status == 200
    assert settings["home"] == str(home)


@pytest.mark.night
def test_twenty_writers_at_once_are_never_turned_away(shared: tuple[Path, str]) -> None:
    _, url = shared

    def work(number: int) -> Counter[int]:
        said: Counter[int] = Counter()
        status, flow = request(url, "POST", "/flows/", {"name": f"writer-{number}"})
        said[status] += 1
        for _ in range(5):
            status, run = request(
                url,
                "POST",
                "/flow_runs/",
                {"flow_id": flow["id"], "state": {"type": "PENDING"}, "idempotency_key": str(uuid4())},
            )
            said[status] += 1
            for kind in ("RUNNING", "COMPLETED"):
                status, _ = request(
                    url, "POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": kind}}
                )
                said[status] += 1
        return said

    with ThreadPoolExecutor(WRITERS) as writers:
        said = sum(writers.map(work, range(WRITERS)), Counter[int]())
    assert set(said) <= {200, 201}
    assert said.total() == WRITERS * 16


def test_ten_subflows_at_once_end_without_a_word_on_the_terminal(
    shared: tuple[Path, str], tmp_path: Path
) -> None:
    _, url = shared
    ended = subprocess.run(
        [sys.executable, "-c", FLOW],
        env=os.environ | client_environment(url, tmp_path / "client"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "105\n", "")


@pytest.mark.night
def test_after_kill_nine_it_comes_back_on_the_same_port_with_what_it_knew(home: Path) -> None:
    server = PrefectServer(home)
    url = server.start()
    request(url, "POST", "/flows/", {"name": "remembered"})
    os.kill(standing(home).host.pid, signal.SIGKILL)
    assert await_true(lambda: not server.alive(), 5)
    assert server.ensure() == url
    assert request(url, "GET", "/flows/name/remembered")[0] == 200
    server.stop()
    assert not standing(home).lives


@pytest.mark.night
def test_it_is_not_started_again_while_it_lives(home: Path) -> None:
    server = PrefectServer(home)
    server.start()
    before = standing(home)
    server.ensure()
    assert standing(home) == before
    server.stop()


def test_it_ends_with_an_owner_that_was_killed(home: Path) -> None:
    owner = start_elsewhere(home)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    assert find(home) == url
    owner.kill()
    owner.wait()
    assert find(home) is None
    assert await_true(lambda: not standing(home).lives, 12)


@pytest.mark.night
def test_the_successor_of_a_killed_owner_gets_a_living_server_on_the_same_port(home: Path) -> None:
    owner = start_elsewhere(home)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    dying = standing(home)
    owner.kill()
    owner.wait()
    successor = PrefectServer(home)
    assert successor.start() == url
    assert standing(home).host != dying.host
    assert not dying.lives
    successor.stop()


@pytest.mark.night
def test_one_that_is_to_stay_outlives_its_starter_until_it_is_ended(home: Path) -> None:
    starter = start_elsewhere(home, "stay")
    url = starter.communicate()[0].strip()
    time.sleep(2)
    assert find(home) == url
    assert end_server(home) is True
    assert not standing(home).lives
    assert end_server(home) is False


@pytest.mark.night
def test_two_starters_at_once_get_one_server(home: Path) -> None:
    starters = [start_elsewhere(home) for _ in range(2)]
    try:
        urls = {starter.stdout.readline().strip() for starter in starters if starter.stdout}
        assert urls == {find(home)}
        marked = [record for record in Path("/proc").glob("[0-9]*/cmdline") if _serves(record, home)]
        assert len(marked) == 1
    finally:
        for starter in starters:
            starter.kill()
            starter.wait()


@pytest.mark.night
def test_a_port_that_something_else_took_meanwhile_is_named(home: Path) -> None:
    server = PrefectServer(home)
    port = urlsplit(server.start()).port or 0
    os.kill(standing(home).host.pid, signal.SIGKILL)
    assert await_true(lambda: not standing(home).lives, 5)
    assert await_free(port)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        with pytest.raises(ServerUnreachable, match=f"Port {port}"):
            server.ensure()
    server.stop()


def test_one_that_cannot_start_is_said_with_its_log(home: Path) -> None:
    home.mkdir(parents=True)
    (home / DATABASE).write_bytes(b"this is no database, whatever its name says" * 100)
    server = PrefectServer(home)
    with pytest.raises(ServerUnreachable, match="did not start") as raised:
        server.start()
    assert str(home / LOG) in raised.value.hint
    assert not standing(home).lives


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match=str(tmp_path / "file" / "prefect")):
        PrefectServer(tmp_path / "file" / "prefect").start()


@pytest.mark.night
def test_one_that_lives_but_stays_silent_is_replaced(home: Path) -> None:
    owner = start_elsewhere(home)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    silent = standing(home)
    os.kill(silent.host.pid, signal.SIGSTOP)
    try:
        successor = PrefectServer(home, patience=25)
        assert successor.start() == url
        assert standing(home).host != silent.host
        assert not silent.lives
        successor.stop()
    finally:
        owner.kill()
        owner.wait()


def _serves(cmdline: Path, home: Path) -> bool:
    try:
        words = cmdline.read_bytes().split(b"\0")
    except OSError:
        return False
    return b"deployments.server" in words and str(home).encode() in words


def test_where_it_will_answer_is_told_before_it_does_and_again_when_it_has_to_move(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fresh.adapters.prefect_server import server as module

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter((taken.getsockname()[1], module.free_port()))
        monkeypatch.setattr(module, "free_port", lambda: next(ports))
        told: list[tuple[str, bool]] = []
        server = PrefectServer(home)
        try:
            url = server.start(lambda url: told.append((url, is_healthy(url, timeout=0.2))))
        finally:
            server.stop()
    assert [answers for _, answers in told] == [False, False]
    assert [address for address, _ in told][-1] == url != told[0][0]
