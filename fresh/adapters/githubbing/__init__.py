"""GitHub's REST API behind PyGithub: one connection, its errors, and what is read from it."""
