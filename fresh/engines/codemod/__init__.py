"""Deterministic improvements that need no key and cost nothing."""
