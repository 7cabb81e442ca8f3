'''Kit.'''
import argparse
import sys

from kit import strings


def cmd_upper(args: argparse.Namespace) -> int:
    '''Shout.'''
    try:
        print(args.text.upper())
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def cmd_reverse_words(args: argparse.Namespace) -> int:
    print(' '.join(strings.reverse(word) for word in args.text.split()))
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='kit')
    parser.add_argument('--verbose', action='store_true')
    commands = parser.add_subparsers(dest='command', required=True)

    p = commands.add_parser('upper', help='shout')
    p.add_argument('text')
    p.set_defaults(func=cmd_upper)

    p = commands.add_parser('reverse-words', help='turn words around')
    p.add_argument('text')
    p.set_defaults(func=cmd_reverse_words)
    return parser


def main(argv=None) -> int:
    args = build_parser().parse_args(argv)
    return args.func(args)


if __name__ == '__main__':
    sys.exit(main())
