"""The command: on this terminal, or in a browser on this machine."""

from __future__ import annotations

import os
import shlex
import sys

import click

from cli.place import Place, find_place, with_repo
from fresh.errors import OperatorMistake

SERVED_BY = "TEXTUAL_DRIVER"
"""Set where textual-serve shows the dashboard in a browser."""


@click.command(short_help="Watch a run on the full screen, and decide by key.")
@click.option("--web", is_flag=True, help="Show it in a browser on this machine instead.")
@click.option("--port", type=click.IntRange(1, 65535), default=8123, show_default=True, help="Port of --web.")
@with_repo
def dashboard(web: bool, port: int, repo: str) -> None:
    """Watch the newest run: agents, costs, questions, patches and log lines.

    a approves, r rejects, c asks for changes, d shows the patch, l the log, n goes to the next question, s stops the
    run, [ and ] go to other runs, q leaves. It follows a run that another process hosts.
    """
    place = find_place(repo)
    if web:
        _serve(place, port)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and SERVED_BY not in os.environ:
        raise OperatorMistake(
            "The dashboard needs a terminal, and there is none.",
            hint="Use --web, or see `fresh auto status`.",
        )
    from cli.dashboard.app import Dashboard
    from cli.dashboard.source import JournalSource

    Dashboard(JournalSource(place)).run()


def _serve(place: Place, port: int) -> None:
    """Serve it to browsers of this machine alone. Raises OperatorMistake."""
    try:
        from cli.dashboard.served import LOOPBACK, LocalServer, demand_free
    except ImportError as missing:
        raise OperatorMistake(
            "The dashboard in a browser needs the package textual-serve.",
            hint="pip install 'fresh-agents[web]', or leave --web out.",
        ) from missing
    demand_free(port)
    words = (sys.executable, "-P", "-m", "cli.main", "auto", "dashboard", "--repo", str(place.repository))
    click.echo(f"Open http://{LOOPBACK}:{port} on this machine; Ctrl-C ends it.")
    # `exec`, so that the shell in between does not outlive what it started.
    LocalServer(f"exec {shlex.join(words)}", port).serve()
