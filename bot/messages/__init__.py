"""What people read in Slack: pure functions from values to blocks, clamped, escaped and without secrets."""
