"""Begin to record lines as early as Python lets us, then let the sitecustomize have its turn that we stand before."""

from __future__ import annotations

import os
import sys

if os.environ.get("FRESH_LINES"):
    import fresh_lines  # type: ignore[import-not-found]  # beside this file, inside

    fresh_lines.start()


def _give_way() -> None:
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    others = [folder for folder in sys.path if os.path.abspath(folder) != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


_give_way()
