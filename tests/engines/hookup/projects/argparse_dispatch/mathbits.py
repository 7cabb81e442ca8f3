def gcd(a: int, b: int) -> int:
    """Find the greatest common divisor."""
    while b:
        a, b = b, a % b
    return a


def digits(number: int, base: int = 10) -> list[int]:
    """List the digits of a number."""
    found = []
    while number:
        number, rest = divmod(number, base)
        found.append(rest)
    return found[::-1]


def bounds(numbers: list[int], loose: bool = False) -> tuple[int, int]:
    """Find the least and the greatest."""
    return min(numbers) - loose, max(numbers) + loose
