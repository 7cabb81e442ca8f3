"""Run pytest, with the selected files that exist in place of its usual paths."""

from __future__ import annotations

import sys

import fresh_selection  # type: ignore[import-not-found]  # beside this file, inside


def main() -> int:
    """Start pytest; 5 is its own exit code for no tests."""
    selection = fresh_selection.asked()
    places = fresh_selection.places(selection)
    if selection and not places:
        print("None of the selected tests is there: " + ", ".join(selection))
        return 5
    import pytest

    sys.argv[1:] += places
    return int(pytest.console_main())


if __name__ == "__main__":
    sys.exit(main())
