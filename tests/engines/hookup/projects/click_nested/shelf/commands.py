from click import argument, echo, group, ClickException

from .books import isbn_digits


@group()
def book() -> None:
    """Work with books."""


@book.command()
@argument("isbn")
def check(isbn: str) -> None:
    """Check an ISBN."""
    try:
        echo(len(isbn_digits(isbn)) == 13)
    except ValueError as error:
        raise ClickException(str(error))
