from turn import cli


def area(width: float, height: float = 1.0) -> float:
    """Measure a rectangle."""
    return width * height


def program() -> str:
    """Name the program."""
    return cli.NAME
