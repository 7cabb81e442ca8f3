"""Pull requests as pages in the state directory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.local_forge import LocalForge
from fresh.errors import StorageFailed
from tests.contracts.test_forge import REPORT, SHA, make_ticket


def test_the_page_lies_under_the_agents_id_and_the_features_name(tmp_path: Path) -> None:
    address = (
        LocalForge(tmp_path)
        .publish(make_ticket(), REPORT, "Hook up build_agency", "Two checks passed.")
        .address
    )
    assert address == f"{tmp_path}/pull_requests/abc12345-build-agency.md"
    page = Path(address).read_text()
    assert page.startswith("# Hook up build_agency\n")
    assert "Two checks passed." in page
    assert "autonomous/abc12345-build-agency" in page
    assert SHA in page


def test_a_page_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    forge = LocalForge(tmp_path)
    address = forge.publish(make_ticket(), REPORT, "Title", "First.").address
    assert forge.publish(make_ticket(), REPORT, "Title", "Second.").address == address
    assert "First." in Path(address).read_text()


def test_what_a_killed_writer_left_is_overwritten_and_not_taken_for_a_page(tmp_path: Path) -> None:
    pages = tmp_path / "pull_requests"
    pages.mkdir()
    (pages / ".abc12345-build-agency.md.unfinished").write_text("# Hal")
    address = LocalForge(tmp_path).publish(make_ticket(), REPORT, "Title", "Whole.").address
    assert Path(address).read_text().endswith("Whole.\n")
    assert [file.name for file in pages.iterdir()] == ["abc12345-build-agency.md"]


def test_many_writers_at_once_make_one_whole_page(tmp_path: Path) -> None:
    forge = LocalForge(tmp_path)
    pages = [f"{number} " * 20_000 for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        addresses = set(
            pool.map(lambda page: forge.publish(make_ticket(), REPORT, "Title", page).address, pages)
        )
    (address,) = addresses
    assert Path(address).read_text().partition("\n\n")[2].partition("\n\n")[2].strip() in {
        page.strip() for page in pages
    }


@pytest.mark.parametrize("name", ["../../escape", "a/b", "Ünïcode", "x" * 300])
def test_a_hostile_name_stays_within_the_directory(tmp_path: Path, name: str) -> None:
    address = Path(LocalForge(tmp_path).publish(make_ticket(name=name), REPORT, "Title", "Page.").address)
    assert address.parent == tmp_path / "pull_requests"
    assert address.exists()


def test_a_title_is_one_line(tmp_path: Path) -> None:
    address = LocalForge(tmp_path).publish(make_ticket(), REPORT, "One\n\n# Two", "Page.").address
    assert Path(address).read_text().splitlines()[0] == "# One # Two"


def test_a_state_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "pull_requests").write_text("a file in the way")
    with pytest.raises(StorageFailed, match="pull_requests"):
        LocalForge(tmp_path).publish(make_ticket(), REPORT, "Title", "Page.")
