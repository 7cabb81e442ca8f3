"""The parts of the git workspace: one wrapper around git, the mirror, the operator's repository, the agents' trees."""
