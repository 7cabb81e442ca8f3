"""What a host loads while its server starts knows the server's address, also when that is another one in the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SETTLES = """
import sys
from pathlib import Path

from cli.hosting import _settle_on, _start_and_load

moves = sys.argv[2:]


class Server:
    def start(self, begun):
        begun(moves[0])
        while "prefect.settings" not in sys.modules:
            pass
        for url in moves[1:]:
            begun(url)
        return moves[-1]


home = Path(sys.argv[1])
_settle_on(_start_and_load(Server(), home), home)
loaded = "flows.run" in sys.modules
from prefect.settings import get_current_settings
from prefect.client.orchestration import get_client

with get_client(sync_client=True) as client:
    print(loaded, get_current_settings().api.url, client.api_url, get_current_settings().home)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ports", [(4301,), (4301, 4302)])
def test_the_flows_are_loaded_for_the_server_that_answers(ports: tuple[int, ...], tmp_path: Path) -> None:
    moves = [f"http://127.0.0.1:{port}/api" for port in ports]
    done = subprocess.run(
        [sys.executable, "-c", SETTLES, str(tmp_path), *moves], capture_output=True, text=True, check=True
    )
    loaded, setting, client, home = done.stdout.split()
    assert (loaded, setting, client.rstrip("/"), home) == ("True", moves[-1], moves[-1], str(tmp_path))
