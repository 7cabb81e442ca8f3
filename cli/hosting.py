"""Host a run in this process: its Prefect server, its signals, its flow, and the way out of all of them."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

from cli.aside import aside, settle_paths
from cli.person import typist
from fresh.adapters.prefect_server import GivenServer, PrefectServer, client_environment
from fresh.deciding import ask_to_stop, note_starter
from fresh.domain.identity import OURS
from fresh.domain.order import RunOrder
from fresh.domain.parking import unblocked
from fresh.domain.record import RunRecord
from fresh.domain.report import RunReport
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.errors import OperatorMistake, Refusal, ServerUnreachable
from fresh.whereabouts import make_home
from fresh.wiring import Toolbox, toolbox

LEFT_RESUMABLE = 143
"""Exit code after SIGTERM or SIGHUP: the run is unfinished on purpose, `fresh auto resume` goes on."""


def start(order: RunOrder, repository: Path, *, fresh_run: bool = False) -> RunReport:
    """Start a run on a repository and stay with it to its end.

    Raises OperatorMistake while another run works there, or when an unfinished one waits to be resumed; with
    `fresh_run` the unfinished one is closed first.
    """
    tools = _tools(repository)
    _refuse_second_host(tools)
    unfinished = next(
        (record for record in tools.journal.runs(str(repository)) if not record.closed_at), None
    )
    if unfinished is not None and not fresh_run:
        raise OperatorMistake(
            f"Run {unfinished.id} on {repository} is unfinished: its process died.",
            hint=f"`fresh auto resume {unfinished.id}` goes on with it; `--new` closes it and starts another one.",
        )
    tools.engine_for(order)
    tools.workspace.take_base()
    tools.workspace.demand_branches(OURS)
    tools.sandbox.probe()
    run_id = secrets.token_hex(4)
    order = order.model_copy(update={"repo": str(repository)})
    note_starter(tools.journal, run_id, typist(repository))
    return _host(tools, run_id, order, give_up_first=unfinished)


def resume(repository: Path, run_id: str | None = None) -> RunReport:
    """Go on with a run whose process died, or with the parked agents of one that has ended.

    Raises OperatorMistake when there is nothing to go on with.
    """
    tools = _tools(repository)
    _refuse_second_host(tools)
    records = tools.journal.runs(str(repository))
    if run_id is None:
        chosen = next((record for record in records if is_resumable(tools, record)), None)
    else:
        chosen = next((record for record in records if record.id == run_id), None)
    if chosen is None or not is_resumable(tools, chosen):
        raise OperatorMistake(
            f"Run {run_id} has nothing left to do." if run_id else f"No run on {repository} is unfinished.",
            hint="See `fresh auto status`; start another one with `fresh auto start`.",
        )
    return _host(tools, chosen.id, chosen.order, give_up_first=None)


def is_resumable(tools: Toolbox, record: RunRecord) -> bool:
    """Say whether a run is unfinished, or holds a parked agent that can go on: its question has been decided since, or
    its pull request could not be opened."""
    if record.closed_at is None or tools.journal.questions(record.id, unapplied=True):
        return True
    asking = {question.agent_id for question in tools.journal.questions(record.id, undecided=True)}
    return bool(unblocked(tools.journal.reports(record.id), asking))


def _tools(repository: Path) -> Toolbox:
    settle_paths()
    tools = toolbox(repository)
    make_home(tools.home)
    return tools


def _refuse_second_host(tools: Toolbox) -> None:
    holder = tools.journal.standing_claim(str(tools.repository), tools.clock.now())
    if holder is not None:
        raise OperatorMistake(
            f"Run {holder.run_id} works on {tools.repository} already (process {holder.host.pid}).",
            hint="Watch it with `fresh auto status`, or end it with `fresh auto stop`.",
        )


def _host(tools: Toolbox, run_id: str, order: RunOrder, give_up_first: RunRecord | None) -> RunReport:
    with aside(tools.home / "prefect"), _server(tools):
        # Prefect reads its settings when it is imported, so no flow may be imported before this point.
        from flows.forcing import give_up
        from flows.run import run
        from fresh.adapters.prefecting.handing_over import hand_over_the_rest

        _quieten()
        if give_up_first is not None:
            give_up(tools, give_up_first, WhyStopped.DIED, "Its process died, and another run was started.")
        outcome: queue.SimpleQueue[RunReport | BaseException] = queue.SimpleQueue()
        worker = threading.Thread(
            target=_carry_out, args=(lambda: run(order, run_id), outcome), name="run", daemon=True
        )
        _obey_signals_until_done(tools, run_id, worker)
        hand_over_the_rest()
        ended = outcome.get()
        _conclude(tools, run_id)
        if isinstance(ended, BaseException):
            raise ended
        return ended


def _conclude(tools: Toolbox, run_id: str) -> None:
    """Let a run that was cancelled in Prefect be shown as cancelled there, now that it has stopped."""
    flow_run = tools.journal.run_flow(run_id)
    if flow_run is not None:
        with suppress(ServerUnreachable):
            tools.control.conclude(flow_run)


def _carry_out(act: Callable[[], RunReport], outcome: queue.SimpleQueue[RunReport | BaseException]) -> None:
    try:
        outcome.put(act())
    except BaseException as trouble:  # noqa: BLE001 - the main thread raises it again
        outcome.put(trouble)


def _obey_signals_until_done(tools: Toolbox, run_id: str, worker: threading.Thread) -> None:
    """Run the flow beside the main thread, which alone gets signals.

    The first Ctrl-C asks for a graceful stop and the second one forces it; SIGTERM and SIGHUP leave the run as it
    is, to be resumed: paused agents would keep the process alive for ever.
    """
    caught: queue.SimpleQueue[int] = queue.SimpleQueue()

    def note(number: int, _frame: FrameType | None) -> None:
        caught.put(number)

    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in watched}
    worker.start()
    interrupts = 0
    try:
        while worker.is_alive():
            worker.join(timeout=0.2)
            while not caught.empty():
                number = caught.get()
                if number != signal.SIGINT:
                    _leave_resumable(tools, run_id, signal.Signals(number).name)
                interrupts += 1
                _ask_to_stop(tools, run_id, force=interrupts > 1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask_to_stop(tools: Toolbox, run_id: str, *, force: bool) -> None:
    words = (
        "Stopping now; everything is killed."
        if force
        else "Stopping: running agents finish their step and keep their work. Ctrl-C again kills everything."
    )
    print(f"\n{words}", file=sys.stderr, flush=True)
    if not any(record.id == run_id for record in tools.journal.runs(str(tools.repository))):
        raise Refusal("Stopped before the run had begun; nothing was done.")
    now, actor = tools.clock.now(), typist(tools.repository)
    request = StopRequest(run_id=run_id, force=force, by=actor.name, through=actor.door.value, at=now)
    ask_to_stop(tools.journal, tools.people, actor, request, now)


def _leave_resumable(tools: Toolbox, run_id: str, why: str) -> None:
    print(
        f"{why}: run {run_id} is left as it is; `fresh auto resume {run_id}` goes on with it.",
        file=sys.stderr,
        flush=True,
    )
    tools.sandbox.kill_all()
    for ending in tools.endings:
        ending()
    os._exit(LEFT_RESUMABLE)


@contextmanager
def _server(tools: Toolbox) -> Iterator[None]:
    """Use the operator's Prefect server, or bring one along that is kept alive and ends with the run."""
    given = os.environ.get("PREFECT_API_URL")
    if given:
        os.environ.update(client_environment(given))
        GivenServer(given).start()
        yield
        return
    home = tools.home / "prefect"
    server = PrefectServer(home)
    _settle_on(_start_and_load(server, home), home)
    tools.endings.append(server.stop)
    ended = threading.Event()
    keeper = threading.Thread(target=_keep_alive, args=(server, ended), name="prefect-server", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        server.stop()
        tools.endings.remove(server.stop)


def _start_and_load(server: PrefectServer, home: Path) -> str:
    """Start the server, and load the flows while it does: either takes seconds. Return its address."""
    loading: list[threading.Thread] = []

    def load(url: str) -> None:
        _settle_on(url, home)
        if not loading:
            loading.append(threading.Thread(target=import_module, args=("flows.run",), daemon=True))
            loading[0].start()

    url = server.start(load)
    for each in loading:
        each.join()
    return url


def _settle_on(url: str, home: Path) -> None:
    """Let Prefect here speak to this server; it reads its settings once, and is told when they are others by then.

    Its home is ours: the operator's ~/.prefect speaks of other servers.
    """
    wanted = client_environment(url, home)
    moved = any(os.environ.get(name) != text for name, text in wanted.items())
    os.environ.update(wanted)
    if moved and "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def _keep_alive(server: PrefectServer, ended: threading.Event) -> None:
    while not ended.wait(2.0):
        try:
            server.ensure()
        except Exception:
            logging.getLogger("fresh.server").exception("The Prefect server could not be started again")


def _quieten() -> None:
    """Keep Prefect's own lines off the terminal; its UI and server log have them."""
    for name in ("prefect", "prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setLevel(logging.CRITICAL)
