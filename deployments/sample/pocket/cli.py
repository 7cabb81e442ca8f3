"""The command line."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pocket.importing import read_statement
from pocket.ledger import Entry, append_entry, normalize_category, read_entries
from pocket.money import format_amount, parse_amount
from pocket.reports import align, shorten, spark, totals_by


def add(args: argparse.Namespace) -> int:
    """Write one entry down."""
    entry = Entry(args.day, parse_amount(args.amount), normalize_category(args.category), args.note)
    append_entry(args.file, entry)
    print(f"{entry.day} {format_amount(entry.cents)} {entry.category}")
    return 0


def show(args: argparse.Namespace) -> int:
    """List entries."""
    for entry in read_entries(args.file):
        if args.category in (None, entry.category):
            print(f"{entry.day} {format_amount(entry.cents):>9} {entry.category:<12} {shorten(entry.note)}".rstrip())
    return 0


def balance(args: argparse.Namespace) -> int:
    """Add entries up."""
    totals = totals_by(read_entries(args.file), args.by)
    rows = [(name, format_amount(cents)) for name, cents in totals.items()]
    rows.append(("total", format_amount(sum(totals.values()))))
    print("\n".join(align(rows)))
    if args.graph:
        print(spark(list(totals.values())))
    return 0


def load(args: argparse.Namespace) -> int:
    """Add the entries of a bank's file."""
    entries = read_statement(args.statement.read_text(encoding="utf-8"), args.category)
    for entry in entries:
        append_entry(args.file, entry)
    print(f"{len(entries)} entries added")
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe every command and its options."""
    parser = argparse.ArgumentParser(prog="pocket", description="Keep track of pocket money.")
    parser.add_argument("--file", type=Path, default=Path(os.environ.get("POCKET_FILE", "pocket.csv")))
    commands = parser.add_subparsers(dest="command", required=True)

    add_parser = commands.add_parser("add", help="write one entry down")
    add_parser.add_argument("amount")
    add_parser.add_argument("category")
    add_parser.add_argument("note", nargs="?", default="")
    add_parser.add_argument("--day", type=dt.date.fromisoformat, default=dt.date.today())
    add_parser.set_defaults(func=add)

    list_parser = commands.add_parser("list", help="list entries")
    list_parser.add_argument("--category", type=normalize_category)
    list_parser.set_defaults(func=show)

    balance_parser = commands.add_parser("balance", help="add entries up")
    balance_parser.add_argument("--by", choices=("category", "month"), default="category")
    balance_parser.add_argument("--graph", action="store_true", help="draw the totals as small bars")
    balance_parser.set_defaults(func=balance)

    import_parser = commands.add_parser("import", help="add the entries of a bank's file")
    import_parser.add_argument("statement", type=Path)
    import_parser.add_argument("--category")
    import_parser.set_defaults(func=load)

    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    args = build_parser().parse_args(argv)
    try:
        return args.func(args)
    except (OSError, ValueError) as error:
        print(f"pocket: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
