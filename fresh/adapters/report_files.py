"""The report and the log of a run, as files that people find in the morning."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fresh.domain.record import RunRecord
from fresh.domain.redaction import Redactor
from fresh.domain.report import RunReport
from fresh.errors import StorageFailed

LOGGER = "fresh"


def _stamp(at: datetime) -> str:
    return at.astimezone().strftime("%Y%m%d_%H%M%S")


class ReportsBelow:
    """Reports and logs in the state directory, named by when their run began."""

    def __init__(self, home: Path, redact: Redactor | None = None) -> None:
        self._home = home
        self._redact = redact or Redactor()

    def write(self, report: RunReport, markdown: str, chart: str = "") -> Path:
        """Write each form whole or not at all; writing again replaces them."""
        stem = self._own_stem(
            self._home, f"orchestration_report_{_stamp(report.started_at)}", report.run_id, ".json"
        )
        _write_whole(stem.with_suffix(".md"), self._redact(markdown))
        if chart:
            _write_whole(stem.with_suffix(".svg"), self._redact(chart))
        path = stem.with_suffix(".json")
        whole = self._redact.model(report).model_dump_json(indent=2)
        _write_whole(path, self._redact.json(whole) + "\n")
        return path

    def log_path(self, record: RunRecord) -> Path:
        """Say where the log of a run lies."""
        return self._home / "logs" / f"orchestrator_{_stamp(record.opened_at)}.log"

    @contextmanager
    def logging(self, record: RunRecord) -> Iterator[Path]:
        """Append the lines of the `fresh` loggers to the log of this run."""
        path = self.log_path(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = logging.FileHandler(path, encoding="utf-8")
        lines.setFormatter(_Redacting("%(asctime)s %(levelname)s %(message)s", self._redact))
        logger = logging.getLogger(LOGGER)
        logger.setLevel(logging.INFO)
        logger.addHandler(lines)
        try:
            yield path
        finally:
            logger.removeHandler(lines)
            lines.close()

    @staticmethod
    def _own_stem(folder: Path, name: str, run_id: str, suffix: str) -> Path:
        """Two runs may begin in the same second: the second one gets its id into the name."""
        taken = folder / f"{name}{suffix}"
        if taken.exists() and f'"run_id": "{run_id}"' not in taken.read_text(
            encoding="utf-8", errors="replace"
        ):
            return folder / f"{name}_{run_id}"
        return folder / name


class _Redacting(logging.Formatter):
    """Hide our own secrets in the whole line, with its traceback."""

    def __init__(self, form: str, redact: Redactor) -> None:
        super().__init__(form)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as trouble:
        draft.unlink(missing_ok=True)
        raise StorageFailed(
            f"The report {path} can't be written: {trouble.strerror}.",
            hint="Make room on the disk and resume the run.",
        ) from trouble
