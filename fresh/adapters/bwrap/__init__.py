"""The parts of the bubblewrap sandbox, one noun each."""
