"""Scripts that run inside the sandbox with the target's own Python; they import nothing of ours."""
