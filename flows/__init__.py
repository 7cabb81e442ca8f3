"""Prefect flows: a run and its agents, written as the guide's own list of steps."""
