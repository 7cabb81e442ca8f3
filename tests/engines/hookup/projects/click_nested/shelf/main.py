import click

from .commands import book


@click.group()
@click.option("--loud", is_flag=True)
def main(loud: bool) -> None:
    """Keep a shelf."""


main.add_command(book, name="books")


@main.command()
def empty() -> None:
    """Say that it is empty."""
    click.echo("empty")
