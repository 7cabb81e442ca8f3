"""The composition root: which adapter stands behind which port, for one repository in one process."""

from fresh.wiring.box import Toolbox
from fresh.wiring.building import bare_sandbox, bare_workspace, build_toolbox
from fresh.wiring.forging import bring, github_install, is_asked_to_stop
from fresh.wiring.modelling import cost_of_first_request
from fresh.wiring.standing import standing_toolboxes, toolbox, using

__all__ = [
    "Toolbox",
    "bare_sandbox",
    "bare_workspace",
    "bring",
    "build_toolbox",
    "cost_of_first_request",
    "github_install",
    "is_asked_to_stop",
    "standing_toolboxes",
    "toolbox",
    "using",
]
