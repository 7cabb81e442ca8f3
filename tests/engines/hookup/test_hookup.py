"""Every hookup that is written here is executed: its command, its help and its test."""
