"""The terminal door: what an operator types, and what they see."""
