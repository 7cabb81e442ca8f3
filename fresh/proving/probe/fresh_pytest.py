"""Run pytest, with the selected files that exist in place of its usual paths."""

from __future__ import annotations

import runpy
import sys

import fresh_selection  # type: ignore[import-not-found]  # beside this file, inside


def main() -> int:
    """Start pytest; 5 is its own exit code for no tests."""
    selection = fresh_selection.asked()
    places = fresh_selection.places(selection)
    if selection and not places:
        print("None of the selected tests is there: " + ", ".join(selection))
        return 5
    sys.argv[1:] += places
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
