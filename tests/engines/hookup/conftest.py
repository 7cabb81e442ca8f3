"""Fixture projects are material; pytest must not collect their tests as ours."""

collect_ignore = ["projects"]
