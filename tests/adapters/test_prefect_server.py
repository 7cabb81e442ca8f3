"""The Prefect server that comes along, without starting one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fresh.adapters.prefect_server import (
    DATABASE,
    GivenServer,
    PrefectServer,
    ServerRecord,
    client_environment,
    copy_template,
    end_server,
    find,
    read_record,
    server_environment,
    write_record,
)
from fresh.adapters.prefect_server.child import is_free, spawn
from fresh.adapters.prefect_server.health import is_healthy, is_of
from fresh.adapters.processes import machine_name, start_ticks, this_host
from fresh.domain.host import Host
from fresh.errors import ServerUnreachable

GONE = Host(machine=machine_name(), pid=2**22 + 1, start=1)


@contextmanager
def answering(answers: Mapping[str, object]) -> Iterator[str]:
    """Serve JSON at paths below /api, as some other program on this machine would."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()
            thread.join()


def test_the_server_learns_no_secret_and_no_setting_of_somebody_else() -> None:
    around = {
        "PATH": "/usr/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "OPENAI_API_KEY": "sk-1",
        "GITHUB_TOKEN": "ghp-1",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "FRESH_JOURNAL_URL": "postgresql://ada:geheim@host/fresh",
        "AWS_SECRET_ACCESS_KEY": "aws-1",
        "PREFECT_API_URL": "http://somewhere/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql://elsewhere",
    }
    told = server_environment(Path("/state/prefect"), around)
    assert told["PREFECT_HOME"] == "/state/prefect"
    assert told["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert told["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"
    assert told["DO_NOT_TRACK"] == "1"
    assert (told["PATH"], told["HOME"], told["LC_ALL"]) == ("/usr/bin", "/root", "C.UTF-8")
    assert not {name for name in around if name not in {"PATH", "HOME", "LC_ALL"}} & told.keys()


def test_a_client_retries_ten_times_and_never_makes_a_server_of_its_own() -> None:
    told = client_environment("http://127.0.0.1:4200/api", environment={})
    assert told["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert told["PREFECT_CLIENT_MAX_RETRIES"] == "10"
    assert told["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"


def test_a_client_reaches_this_machine_past_a_proxy_and_keeps_the_other_exceptions() -> None:
    told = client_environment("http://127.0.0.1:4200/api", environment={"NO_PROXY": "intranet, 10.0.0.1"})
    assert told["NO_PROXY"].split(",")[:3] == ["intranet", "10.0.0.1", "127.0.0.1"]
    assert told["no_proxy"] == told["NO_PROXY"]
    assert "NO_PROXY" not in client_environment("https://prefect.example/api", environment={})


def test_a_record_is_read_as_it_was_written_and_leaves_no_draft(tmp_path: Path) -> None:
    record = ServerRecord(url="http://127.0.0.1:4200/api", host=this_host(), owner=GONE)
    write_record(tmp_path / "prefect", record)
    assert read_record(tmp_path / "prefect") == record
    assert [path.name for path in (tmp_path / "prefect").iterdir()] == ["server.json"]


@pytest.mark.parametrize("content", ["", "{", '{"url": 1}', "[]", "\x00"])
def test_a_broken_record_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    assert read_record(tmp_path) is None
    assert find(tmp_path) is None


def test_a_server_is_found_when_its_process_lives_and_answers(tmp_path: Path) -> None:
    with answering({"/api/health": True}) as url:
        write_record(tmp_path, ServerRecord(url=url, host=this_host(), owner=this_host()))
        assert find(tmp_path) == url


def test_a_server_that_does_not_answer_is_not_found(tmp_path: Path) -> None:
    with answering({}) as url:
        write_record(tmp_path, ServerRecord(url=url, host=this_host()))
        assert find(tmp_path) is None


def test_a_process_that_was_given_the_same_pid_later_is_no_match(tmp_path: Path) -> None:
    here = this_host()
    reused = here.model_copy(update={"start": here.start + 1})
    with answering({"/api/health": True}) as url:
        write_record(tmp_path, ServerRecord(url=url, host=reused))
        assert find(tmp_path) is None
    assert end_server(tmp_path) is False
    assert start_ticks(here.pid) == here.start


def test_a_server_whose_owner_is_gone_is_not_relied_on(tmp_path: Path) -> None:
    with answering({"/api/health": True}) as url:
        write_record(tmp_path, ServerRecord(url=url, host=this_host(), owner=GONE))
        assert find(tmp_path) is None


def test_health_is_true_only_for_an_answer(tmp_path: Path) -> None:
    with answering({"/api/health": True}) as url:
        assert is_healthy(url)
    assert not is_healthy(url)


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    theirs = {"/api/health": True, "/api/admin/settings": {"home": "/somewhere/else"}}
    with answering(theirs) as url:
        assert is_healthy(url)
        assert not is_of(url, tmp_path)
    with answering({"/api/admin/settings": {"home": str(tmp_path)}}) as url:
        assert is_of(url, tmp_path)
    with answering({"/api/admin/settings": ["no", "settings"]}) as url:
        assert not is_of(url, tmp_path)


def test_a_given_server_that_does_not_answer_is_named_with_what_to_do() -> None:
    with answering({}) as url:
        given = GivenServer(url)
        with pytest.raises(ServerUnreachable, match=url) as raised:
            given.start()
        assert "PREFECT_API_URL" in raised.value.hint
        assert given.alive() is False


def test_a_given_server_is_used_as_it_is() -> None:
    with answering({"/api/health": True}) as url:
        given = GivenServer(url)
        assert given.start() == given.ensure() == url
        given.stop()
        assert given.alive()


def test_a_new_home_begins_with_a_copy_of_the_template(tmp_path: Path) -> None:
    template = tmp_path / "template.db"
    template.write_bytes(b"migrated")
    home = tmp_path / "prefect"
    assert copy_template(home, template) is True
    assert (home / DATABASE).read_bytes() == b"migrated"
    assert [path.name for path in home.iterdir()] == [DATABASE]


@pytest.mark.parametrize("standing", [DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"])
def test_a_home_that_has_any_part_of_a_database_is_left_alone(tmp_path: Path, standing: str) -> None:
    template = tmp_path / "template.db"
    template.write_bytes(b"migrated")
    home = tmp_path / "prefect"
    home.mkdir()
    (home / standing).write_bytes(b"mine")
    assert copy_template(home, template) is False
    assert {path.name: path.read_bytes() for path in home.iterdir()} == {standing: b"mine"}


def test_without_a_template_nothing_is_copied(tmp_path: Path) -> None:
    assert copy_template(tmp_path / "prefect", tmp_path / "none.db") is False


def test_a_server_that_was_never_started_has_no_address(tmp_path: Path) -> None:
    server = PrefectServer(tmp_path)
    assert server.alive() is False
    with pytest.raises(ServerUnreachable, match="was not started"):
        _ = server.url
    server.stop()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_bytes(b"x" * (11 << 20))
    child = spawn(tmp_path, 1, stay=False)
    child.kill()
    child.wait()
    assert (tmp_path / "server.log.1").stat().st_size == 11 << 20
    assert (tmp_path / "server.log").stat().st_size < 1 << 20


def test_a_port_is_free_until_somebody_listens() -> None:
    with answering({}) as url:
        port = int(url.split(":")[2].split("/")[0])
        assert not is_free(port)
    assert is_free(port)


def test_a_server_refuses_an_owner_that_is_not_its_parent() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "deployments.server", "--owner", str(os.getppid())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"Process {os.getppid()}" in ended.stderr


def test_importing_the_package_does_not_import_prefect() -> None:
    asked = "import sys, fresh.adapters.prefect_server; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
