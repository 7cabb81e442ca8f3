"""Ordinary work of ordinary projects goes on inside."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from fresh.ports import Limits, Mount


def show(path: Path) -> Mount:
    return Mount(path, str(path))


INTERPRETER = show(Path(sys.base_prefix))
ENVIRONMENT = show(Path(sys.prefix))


def test_threads_pools_subprocesses_and_loopback_sockets_work(lab):
    finished = lab.python(
        "import asyncio, concurrent.futures, multiprocessing, socket, subprocess, tempfile, threading\n"
        "for host in ('127.0.0.1', 'localhost', '::1'):\n"
        "    family = socket.AF_INET6 if ':' in host else socket.AF_INET\n"
        "    server = socket.create_server((host, 0), family=family)\n"
        "    client = socket.create_connection(server.getsockname()[:2])\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "print(sum(multiprocessing.Pool(2).map(abs, range(5))))\n"
        "print(multiprocessing.Queue() and multiprocessing.Lock() and 'shared')\n"
        "print(concurrent.futures.ProcessPoolExecutor(2).submit(abs, -3).result())\n"
        "print(subprocess.check_output(['echo', 'child'], text=True).strip())\n"
        "print(asyncio.run(asyncio.sleep(0, 'async')))\n"
        "print(tempfile.NamedTemporaryFile().name.startswith('/tmp/'))"
    )
    assert finished.exit_code == 0, finished.text
    assert finished.text.split() == ["thread", "10", "shared", "3", "child", "async", "True"]


def test_git_works_in_the_tree(lab):
    finished = lab.shell(
        "git init -q . && git config user.email a@b && git config user.name n && echo x > f && git add f"
        " && git commit -qm first && git log --oneline | wc -l && git status --short"
    )
    assert (finished.exit_code, finished.text.split()) == (0, ["1"])


def test_names_are_known_without_a_network(lab):
    finished = lab.python(
        "import getpass, grp, os, pwd, socket\n"
        "print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_dir, grp.getgrgid(os.getgid()).gr_name)\n"
        "print(socket.gethostbyname('localhost'), socket.gethostname(), os.path.expanduser('~'))"
    )
    assert finished.text.split() == ["sandbox", "/tmp/home", "sandbox", "127.0.0.1", "sandbox", "/tmp/home"]


def test_standard_input_arrives_whole(lab):
    sent = bytes(range(256)) * 4096
    finished = lab.run("/usr/bin/sha256sum", stdin=sent)
    assert finished.text.split()[0] == hashlib.sha256(sent).hexdigest()
    assert lab.run("/bin/cat").output == b""


def test_the_interpreter_of_a_closed_home_runs_the_projects_tests(lab):
    (lab.tree / "test_sample.py").write_text(
        "import os, pytest, sys\n"
        "def test_runs_here(tmp_path):\n"
        "    (tmp_path / 'x').write_text('y')\n"
        f"    assert sys.prefix == {sys.prefix!r}\n"
        "    assert os.getcwd() == '/repo'\n"
        "@pytest.mark.parametrize('n', range(3))\n"
        "def test_many(n): assert n < 3\n"
    )
    finished = lab.run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", mounts=(INTERPRETER, ENVIRONMENT)
    )
    assert finished.exit_code == 0, finished.text
    assert "4 passed" in finished.text


def test_a_project_in_place_imports_from_the_tree(lab):
    (lab.tree / "shown.py").write_text("WHERE = __file__")
    finished = lab.run(
        sys.executable, "-c", "import shown; print(shown.WHERE)", mounts=(INTERPRETER, ENVIRONMENT)
    )
    assert finished.text == "/repo/shown.py\n"


def test_files_that_the_host_adds_later_can_be_changed_inside(lab):
    lab.shell("mkdir sub")
    (lab.tree / "sub" / "late").write_text("host")
    assert lab.shell("echo sandbox > sub/late && chmod 700 sub").exit_code == 0
    assert (lab.tree / "sub" / "late").read_text() == "sandbox\n"


def test_names_with_spaces_and_bytes_that_are_no_text_are_fine(lab, tmp_path):
    odd = tmp_path / "a b=c\udcff\nd"
    odd.mkdir()
    (odd / "file").write_text("read")
    assert lab.shell("cat '/odd one/file'", mounts=(Mount(odd, "/odd one"),)).text == "read"


def test_a_program_that_is_missing_is_reported_like_a_shell_does(lab):
    finished = lab.run("/no/such/program")
    assert finished.exit_code == 127
    assert "/no/such/program" in finished.text


def test_a_program_killed_by_a_signal_is_reported_like_a_shell_does(lab):
    assert lab.shell("kill -SEGV $$").exit_code == 128 + 11


@pytest.mark.slow
def test_a_deep_well_dug_inside_does_not_swallow_the_host(lab):
    dig = "import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')\nprint('dug')"
    try:
        assert lab.python(dig).text == "dug\n"
        assert lab.shell("echo still here", limits=Limits(wall=20)).text == "still here\n"
    finally:
        # Python's own rmtree, with which pytest cleans up, falls in.
        subprocess.run(["/bin/rm", "-rf", lab.tree / "d"], check=True)
