"""Write tests for an untested function or class from what it is seen to do, and keep them only with proof."""

from fresh.engines.codemod.cases.screening import screen
from fresh.engines.codemod.cases.working import plan, work

__all__ = ["plan", "screen", "work"]
