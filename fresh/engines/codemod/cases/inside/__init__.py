"""What runs inside the sandbox beside the target's code: standard library only, any Python from 3.10 on.

The sources of these modules are sent over standard input (see `shelf`); the host itself uses `wire` for what is
said, and `finding` to read definitions in the same way.
"""
