"""Runs the target's own tests in the sandbox and turns what happened into evidence."""
