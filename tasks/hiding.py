"""Our own secrets, kept out of the lines that Prefect and everybody else log while a run goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fresh.domain.redaction import Redactor

LOGGERS = (
    "",
    "prefect",
    "prefect.extra",
    "prefect.flow_runs",
    "prefect.task_runs",
    "prefect.workers",
    "fresh",
)


@contextmanager
def secrets_hidden(redact: Redactor) -> Iterator[None]:
    """Hide our own secrets in what the handlers of these loggers get, for as long as the context is open.

    A filter of a logger would see what is logged on that very logger alone.
    """
    handlers = {handler for name in LOGGERS for handler in logging.getLogger(name).handlers}
    hiding = _Hiding(redact)
    for handler in handlers:
        handler.addFilter(hiding)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(hiding)


class _Hiding(logging.Filter):
    """Write the message, and the traceback, without our secrets."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        whole = record.getMessage()
        hidden = self._redact(whole)
        if hidden != whole:
            record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0] is not None:
            told = logging.Formatter().formatException(record.exc_info)
            hidden = self._redact(told)
            if hidden != told:
                record.exc_info, record.exc_text = None, hidden
        return True
