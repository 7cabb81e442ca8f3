"""What `/fresh help` and a mention answer."""

from __future__ import annotations

USES = {
    "start": "/fresh start",
    "status": "/fresh status [RUN]",
    "approve": "/fresh approve ID",
    "reject": "/fresh reject ID [why]",
    "changes": "/fresh changes ID what should be different",
    "diff": "/fresh diff ID",
    "stop": "/fresh stop [RUN] [--force]",
    "report": "/fresh report [RUN]",
    "help": "/fresh help",
}
MEANINGS = {
    "start": "order a run in a form",
    "status": "what the agents do, and what waits for you",
    "approve": "approve what an agent made; the beginning of its id is enough",
    "reject": "reject it; its branch is kept",
    "changes": "send the agent back to work with your words",
    "diff": "the patch of what it made",
    "stop": "end a run; with --force everything is killed within ten seconds",
    "report": "what a run came to",
    "help": "this",
}
HELP = "\n".join(f"`{USES[verb]}`  {MEANINGS[verb]}" for verb in USES)


def usage(verb: str) -> str:
    """Say how a verb is used."""
    return USES.get(verb, USES["help"])
