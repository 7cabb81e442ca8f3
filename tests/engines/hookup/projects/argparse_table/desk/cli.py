import argparse
import sys


def do_echo(args):
    print(args.text)


def do_len(args):
    print(len(args.text))


COMMANDS = {
    "echo": do_echo,
    "len": do_len,
}


def main(argv=None):
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        if name != "initials":
            sub = subparsers.add_parser(name)
            sub.add_argument("text")
    args = parser.parse_args(argv)
    COMMANDS[args.command](args)
    sys.exit(0)
