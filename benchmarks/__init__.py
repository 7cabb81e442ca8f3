"""A script for every number that Fresh claims; each prints ratios to a limit measured in the same run."""
