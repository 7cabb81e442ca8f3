"""How Fresh is put on a machine: what starts, prepares and provisions it."""
