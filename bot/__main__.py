"""`python -m bot`: be the window of this installation in Slack until a signal says to go."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from bot.serving import serve_until_signal
from fresh.errors import FreshError
from fresh.keys import withheld
from fresh.settings import read_settings
from fresh.whereabouts import top_level


def main() -> int:
    """Serve; say what is wrong in one sentence and a hint. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    for noisy in ("slack_sdk", "slack_bolt", "aiohttp", "fresh.bot.bolt"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with withheld():
        try:
            here = top_level(Path.cwd()) or Path.cwd()
            asyncio.run(serve_until_signal(read_settings(), here))
        except FreshError as trouble:
            print(trouble.message, file=sys.stderr)
            if trouble.hint:
                print(f"-> {trouble.hint}", file=sys.stderr)
            return trouble.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
