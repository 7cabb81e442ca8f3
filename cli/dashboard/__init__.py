"""`fresh auto dashboard`: a full screen on one run, from the journal alone; it follows whoever hosts the run."""
