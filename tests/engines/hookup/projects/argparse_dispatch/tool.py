import argparse
import sys

import mathbits


def main():
    parser = argparse.ArgumentParser(description="Numbers")
    sub = parser.add_subparsers(dest="command")
    add = sub.add_parser("add", help="add two numbers")
    add.add_argument("a", type=int)
    add.add_argument("b", type=int)
    sub.add_parser("pi", help="show pi")

    args = parser.parse_args()
    if args.command == "add":
        print(args.a + args.b)
    elif args.command == "pi":
        print(3.14)
    else:
        parser.print_help()
        sys.exit(1)


if __name__ == "__main__":
    main()
