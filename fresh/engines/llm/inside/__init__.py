"""What runs in the sandbox, beside the target: it knows nothing of the rest."""
