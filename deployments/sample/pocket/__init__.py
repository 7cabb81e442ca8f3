"""Keep track of pocket money on the command line."""
