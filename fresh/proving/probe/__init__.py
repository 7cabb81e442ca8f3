"""What is shown to the target's Python inside the sandbox, and imported only there.

The other files of this folder run on any Python from 3.8 on, with nothing but its standard library: they are mounted
read-only, put on PYTHONPATH, and write what they see to one report file. This package itself holds the names that
host and probe share.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = "/.fresh/probe"
REPORT_TARGET = "/.fresh/report"
# Counts up when the probe reports something differently, so that remembered runs are run again.
VERSION = 2

REPORT = "FRESH_REPORT"
SELECTION = "FRESH_SELECTION"
LINES = "FRESH_LINES"
