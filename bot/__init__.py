"""The Slack door: a window that shows questions and runs, and takes decisions."""
