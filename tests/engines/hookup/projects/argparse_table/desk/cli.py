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
    sub = subparsers.add_parser("echo")
    sub.add_argument("text")
    sub = subparsers.add_parser("len")
    sub.add_argument("text")
    args = parser.parse_args(argv)
    COMMANDS[args.command](args)
    sys.exit(0)
