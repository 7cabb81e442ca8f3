"""The engine that lets a language model write the change, within bounds of money, steps and time."""
