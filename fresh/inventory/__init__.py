"""Reads a codebase: what it offers, how each piece can be reached, and what could be better."""
