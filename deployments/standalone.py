"""Be one part of a set whose parts are kept alive by something else: containers, systemd.

python -P -m deployments.standalone runner
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence

from fresh.keys import withheld


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the part that was named until interrupted."""
    options = argparse.ArgumentParser(
        prog="python -m deployments.standalone", description=__doc__.partition("\n")[0]
    )
    options.add_argument("part", choices=("runner", "reaper"))
    try:
        if options.parse_args(arguments).part == "runner":
            from deployments.reaper import sweep_for_ever
            from deployments.runner import take_runs

            # A machine's own leftovers are seen from nowhere else.
            threading.Thread(target=sweep_for_ever, name="sweep", daemon=True).start()
            take_runs(lambda: None)
        else:
            from deployments.reaper import reap_for_ever

            with withheld():
                reap_for_ever(lambda: None)
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
