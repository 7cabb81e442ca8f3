"""The parts of the sandbox on Landlock, one noun each; what both forms need lies in `bwrap`."""
