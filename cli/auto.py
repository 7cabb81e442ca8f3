"""`fresh auto`: agents."""

from __future__ import annotations

from cli.lazy import LazyGroup

auto = LazyGroup(
    "auto",
    "Start, watch, answer and stop agents.",
    {
        "start": ("cli.start:start", "Run agents on a repository, with live progress."),
        "status": ("cli.status:status", "Show what the agents do and what waits for you."),
        "dashboard": (
            "cli.dashboard.command:dashboard",
            "Watch a run on the full screen, and decide by key.",
        ),
        "approve": ("cli.deciding:approve", "Approve what an agent made."),
        "reject": ("cli.deciding:reject", "Reject what an agent made."),
        "changes": ("cli.deciding:changes", "Ask an agent for changes."),
        "diff": ("cli.looking:diff", "Show what an agent made."),
        "logs": ("cli.looking:logs", "Show what an agent did."),
        "replay": ("cli.replaying:replay", "Play a conversation with a model again, without one."),
        "stop": ("cli.stopping:stop", "End the run; its work is kept."),
        "resume": ("cli.start:resume", "Go on with a run whose process died."),
        "metrics": ("cli.metrics:metrics", "Show what the agents brought, over all runs."),
        "learn": ("cli.learning:learn", "Read what reviewers did and said."),
        "report": ("cli.looking:report", "Show the report of a run."),
    },
)
