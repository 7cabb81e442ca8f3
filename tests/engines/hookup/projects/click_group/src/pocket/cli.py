"""The command line."""

import click

from pocket.text import count


@click.group()
def cli():
    """Small text tools."""


@cli.command("count")
@click.argument("text")
def count_words(text):
    """Count the words of TEXT."""
    click.echo(count(text))


if __name__ == "__main__":
    cli()
