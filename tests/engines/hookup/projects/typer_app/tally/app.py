from typing import Annotated

import typer

from tally.numbers import total

app = typer.Typer()


@app.command()
def hello(name: Annotated[str, typer.Argument(help="Whom to greet.")]) -> None:
    """Greet somebody."""
    print(f"Hello {name}")


@app.command()
def version() -> None:
    """Show the version."""
    print("1.0")


if __name__ == "__main__":
    app()
