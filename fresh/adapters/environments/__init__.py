"""The parts of building an environment for a target, one noun each."""
