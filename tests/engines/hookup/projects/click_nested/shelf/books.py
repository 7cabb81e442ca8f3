def isbn_digits(isbn: str) -> str:
    """Keep the digits of an ISBN."""
    return "".join(sign for sign in isbn if sign.isdigit())


def price(pages: int, rate: float = 0.1) -> float:
    """Estimate a price.

    Raises ValueError for no pages.
    """
    if pages < 1:
        raise ValueError("a book has pages")
    return round(pages * rate, 2)
