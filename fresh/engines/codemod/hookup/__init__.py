"""Make an unhooked function a command of the project's own command line, with a test that runs the command."""

from fresh.engines.codemod.hookup.screening import screen
from fresh.engines.codemod.hookup.working import plan, work

__all__ = ["plan", "screen", "work"]
