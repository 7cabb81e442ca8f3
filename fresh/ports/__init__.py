"""Every seam between Fresh and the outside, as Protocols: what an adapter must do and a fake must imitate."""

from fresh.ports.cards import Cards
from fresh.ports.clock import Clock
from fresh.ports.control_room import ControlRoom
from fresh.ports.engine import Bench, Engine, Tidier, TidyRules
from fresh.ports.environment import Environment, Environments
from fresh.ports.forge import Checks, Forge, Issues, Reviews
from fresh.ports.journal import Journal
from fresh.ports.learning import Feedback, Lessons, Transcripts
from fresh.ports.money import Ledger, Model, Prices
from fresh.ports.proving import Prover, ReportFiles
from fresh.ports.sandbox import Command, Finished, Limits, Mount, Sandbox
from fresh.ports.workspace import Tree, Workspace

__all__ = [
    "Bench",
    "Cards",
    "Checks",
    "Clock",
    "Command",
    "ControlRoom",
    "Engine",
    "Environment",
    "Environments",
    "Feedback",
    "Finished",
    "Forge",
    "Issues",
    "Journal",
    "Ledger",
    "Lessons",
    "Limits",
    "Model",
    "Mount",
    "Prices",
    "Prover",
    "ReportFiles",
    "Reviews",
    "Sandbox",
    "Tidier",
    "TidyRules",
    "Transcripts",
    "Tree",
    "Workspace",
]
