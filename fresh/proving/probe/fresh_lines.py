"""Record which lines of the repository run in this process, and report them when it ends.

coverage.py does it when the environment has it, because its tracer is compiled; else sys.monitoring (Python 3.12 on)
or sys.settrace do.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import TYPE_CHECKING

import fresh_report  # type: ignore[import-not-found]  # beside this file, inside

if TYPE_CHECKING:
    Found = Mapping[str, "set[int] | list[int]"]
    Collect = Callable[[], Found]
    Trace = Callable[[FrameType, str, object], "Trace | None"]

_SKIPPED_FOLDERS = ("site-packages", "dist-packages", ".venv", "venv", ".git", ".tox", ".nox", ".fresh")
_TEST_FOLDERS = ("tests", "test", "testing")
_CHUNK = 20000
_report_now: list[Callable[[], None]] = []


def start() -> None:
    """Record from here on what runs below the folder that the environment names."""
    root = os.path.join(os.environ["FRESH_LINES"], "")
    try:
        collect = _with_coverage(root)
    except Exception:  # noqa: BLE001 - whatever is wrong with the target's own coverage, lines can be recorded without it
        collect = _with_monitoring(root) if hasattr(sys, "monitoring") else _with_trace(root)
    process = os.getpid()

    def report() -> None:
        if os.getpid() == process:
            _report(root, collect())

    _report_now.append(report)
    atexit.register(finish)


def finish() -> None:
    """Report what ran so far, and no more; for processes that end without Python's own ending too."""
    while _report_now:
        _report_now.pop()()


def is_product(path: str, root: str) -> bool:
    """Say whether a file is the repository's own and no test."""
    if not path.startswith(root) or not path.endswith(".py"):
        return False
    *folders, name = path[len(root) :].split(os.sep)
    if any(folder in _SKIPPED_FOLDERS or folder in _TEST_FOLDERS for folder in folders):
        return False
    return not (name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py")


def _report(root: str, found: Found) -> None:
    for path, lines in sorted(found.items()):
        if lines and is_product(path, root):
            ordered = sorted(lines)
            for at in range(0, len(ordered), _CHUNK):
                fresh_report.write(
                    kind="lines", path=path[len(root) :].replace(os.sep, "/"), lines=ordered[at : at + _CHUNK]
                )


def _with_coverage(root: str) -> Collect:
    import coverage

    # These patterns fit anywhere in a path, and the repository itself may lie below a folder of such a name.
    above = root.split(os.sep)
    omit = [f"*/{folder}/*" for folder in (*_SKIPPED_FOLDERS, *_TEST_FOLDERS) if folder not in above]
    recorder = coverage.Coverage(
        data_file=None, config_file=False, include=[root + "*"], omit=omit, messages=False
    )
    recorder.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "no-ctracer"])
    recorder.start()

    def collect() -> Found:
        recorder.stop()
        found = recorder.get_data()
        return {path: found.lines(path) or [] for path in found.measured_files()}

    return collect


def _with_monitoring(root: str) -> Collect:
    monitoring = vars(sys)["monitoring"]
    tool = next(number for number in (4, 3, 1) if monitoring.get_tool(number) is None)
    found: dict[str, set[int]] = {}

    def line(code: CodeType, number: int) -> object:
        if is_product(code.co_filename, root):
            found.setdefault(code.co_filename, set()).add(number)
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "fresh")
    monitoring.register_callback(tool, monitoring.events.LINE, line)
    monitoring.set_events(tool, monitoring.events.LINE)
    return lambda: found


def _with_trace(root: str) -> Collect:
    found: dict[str, set[int]] = {}
    product: dict[str, bool] = {}

    def local(frame: FrameType, event: str, argument: object) -> Trace:
        if event == "line":
            found[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    def enter(frame: FrameType, event: str, argument: object) -> Trace | None:
        path = frame.f_code.co_filename
        if path not in product:
            product[path] = is_product(path, root)
            if product[path]:
                found[path] = set()
        return local if product[path] else None

    threading.settrace(enter)
    sys.settrace(enter)
    return lambda: found
