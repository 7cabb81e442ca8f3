"""The two wires that OpenAI-compatible servers speak, as pure translations from and to our own words."""
