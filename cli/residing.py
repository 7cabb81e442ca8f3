"""`fresh up` and `fresh down`: what stays on this machine, so that nights run themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from cli.aside import aside
from cli.place import Place, find_place, with_repo
from fresh.domain.counting import count
from fresh.errors import Refusal
from fresh.whereabouts import make_home

HEALTHY_WITHIN = 180.0
DOWN_WITHIN = 25.0
PAUSE = 0.1


@click.command(short_help="Keep Prefect, the deployments' runner, the Slack bot and the reaper running.")
@click.option("--detach", is_flag=True, help="Come back when everything is healthy, and leave it running.")
@click.option("--status", "only_status", is_flag=True, help="Say how each part is, and start nothing.")
@with_repo
def up(detach: bool, only_status: bool, repo: str) -> None:
    """Keep running on this machine what nights need: the Prefect server with its UI, a runner for the deployments, the
    Slack bot when it has tokens, and a reaper that goes on with runs whose process died.

    Each part is started again when it dies. Ctrl-C or `fresh down` end all of it; runs that are under way are left
    resumable, and the next `fresh up` goes on with them.
    """
    place = find_place(repo)
    if only_status:
        _show(place)
        return
    make_home(place.home)
    if detach:
        _detach(place)
        return
    from deployments.resident.supervisor import Supervisor

    with aside(place.home / "prefect"):
        Supervisor(place.repository, place.home, lambda text: click.echo(text)).stay()


@click.command(short_help="End what `fresh up` keeps running.")
@with_repo
def down(repo: str) -> None:
    """End everything that `fresh up` keeps running, whoever started it; runs are left resumable."""
    from deployments.resident.belonging import await_end, end_all, signal_all
    from deployments.resident.record import FOLDER, read_standing
    from fresh.adapters.prefect_server import end_server

    place = find_place(repo)
    folder = place.home / FOLDER
    standing = read_standing(folder)
    if standing is not None and standing.lives:
        signal_all([standing.host], signal.SIGTERM)
        if await_end([standing.host], DOWN_WITHIN):
            signal_all([standing.host], signal.SIGKILL)
    left = end_all(folder)
    if standing is None:
        click.echo("Nothing was running." if not left else f"Ended {count(left, 'process')}.")
        return
    if end_server(place.home / "prefect"):
        left += 1
    (folder / "up.json").unlink(missing_ok=True)
    click.echo("Everything has ended." + (f" {count(left, 'process')} had to be killed." if left else ""))


def _show(place: Place) -> None:
    """Say how each part is; exit with 1 when something is not well."""
    from deployments.resident.parts import part_line
    from deployments.resident.record import FOLDER, read_standing

    standing = read_standing(place.home / FOLDER)
    if standing is None or not standing.lives:
        raise Refusal("`fresh up` does not run here.", hint="Start it: fresh up --detach")
    for part in standing.parts:
        click.echo(part_line(part))
    click.echo(f"Prefect UI: {standing.ui}")
    if not standing.healthy:
        click.get_current_context().exit(1)


def _detach(place: Place) -> None:
    """Start the set in a session of its own, and wait until it is healthy. Raises Refusal with its last words."""
    from deployments.resident.record import FOLDER, living
    from fresh.keys import kept

    if (standing := living(place.home)) is not None:
        raise Refusal(
            f"`fresh up` runs here already (process {standing.host.pid}, {standing.ui}).",
            hint="See how it is: fresh up --status; end it: fresh down",
        )
    folder = place.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "up.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "up", "--repo", str(place.repository)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **kept(), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    while time.monotonic() - began < HEALTHY_WITHIN:
        if process.poll() is not None:
            raise Refusal(f"`fresh up` ended at once: {_last_line(log)}", hint=f"Its words are in {log}")
        standing = living(place.home)
        if standing is not None and standing.host.pid == process.pid and standing.healthy:
            _show(place)
            click.echo(f"Healthy after {time.monotonic() - began:.1f} s. End it: fresh down")
            return
        time.sleep(PAUSE)
    raise Refusal(
        f"`fresh up` is not healthy after {HEALTHY_WITHIN:.0f} s, and goes on trying.",
        hint="See: fresh up --status",
    )


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a word."
