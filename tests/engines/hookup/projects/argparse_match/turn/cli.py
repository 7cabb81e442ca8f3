import argparse
from collections.abc import Sequence

NAME = "turn"


def run(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=NAME)
    subparsers = parser.add_subparsers(dest="action", required=True)
    left_parser = subparsers.add_parser("left")
    left_parser.add_argument("steps", type=int)
    right_parser = subparsers.add_parser("right")
    right_parser.add_argument("steps", type=int)
    arguments = parser.parse_args(argv)
    match arguments.action:
        case "left":
            print(-arguments.steps)
            return 0
        case "right":
            print(arguments.steps)
            return 0
        case _:
            return 2
