"""The systemd unit and the compose file: what can be checked of them without systemd and without docker."""

from __future__ import annotations

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from deployments.provision import declared
from deployments.runner import seats
from fresh.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deployments" / "fresh@.service"
COMPOSE = yaml.safe_load((ROOT / "deployments" / "compose.yaml").read_text())


def unit() -> ConfigParser:
    read = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment]
    read.read_string(UNIT.read_text())
    return read


def test_the_unit_gives_the_supervisor_longer_than_it_takes_to_end() -> None:
    from cli.residing import DOWN_WITHIN

    service = unit()["Service"]
    assert float(service["TimeoutStopSec"]) > DOWN_WITHIN
    assert service["KillMode"] == "mixed"
    assert service["ExecStart"].endswith("fresh up --repo %f")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / "fresh@.service"
    copy.write_text(UNIT.read_text().replace("/opt/fresh/.venv/bin/fresh", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    assert str(copy) not in done.stderr


def test_every_service_that_is_waited_for_exists_and_every_volume_is_declared() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source.startswith((".", "/", "$")) or source in COMPOSE["volumes"], name


def test_the_api_is_shown_to_this_machine_alone_and_nothing_is_privileged() -> None:
    for name, service in COMPOSE["services"].items():
        assert not service.get("privileged"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_nothing_secret_has_a_value_in_the_file() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if name.endswith(("_KEY", "_TOKEN", "PASSWORD")):
                assert value.startswith("${"), name


def test_the_workers_of_the_fleet_have_seats_for_agents_in_a_pool_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = COMPOSE["services"]["worker"]["environment"]
    monkeypatch.setenv("FRESH_WORK_POOL", given["FRESH_WORK_POOL"])
    monkeypatch.setenv("FRESH_WORKER_SEATS", given["FRESH_WORKER_SEATS"].partition(":-")[2].rstrip("}"))

    limits = seats(declared(given["FRESH_WORK_POOL"]), read_settings())

    assert limits == {"fresh": None, given["FRESH_WORK_POOL"]: 10}
