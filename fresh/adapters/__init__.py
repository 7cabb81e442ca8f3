"""One module for each outside thing: pure doers that decide nothing."""
