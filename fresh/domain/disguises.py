"""The ways in which a secret is written when somebody, or a library, wraps it lightly."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters. What is shorter can't be told apart from ordinary text."""
SHORTEST_IN_PIECES = 12
"""Letters and digits. Of what is shorter, the pieces could stand in any sentence."""
JOINT = r"[\W_]*"
"""What can stand between the pieces of one string: quotes, line ends, marks of comments and of diffs, NUL bytes of
UTF-16, and characters that nobody sees."""
_JOINTS = re.compile(r"[\W_]+")
_URL_SAFE = str.maketrans("+/", "-_")


def bare(text: str) -> str:
    """Leave the letters and digits alone: everything else can stand between the pieces of a string."""
    return _JOINTS.sub("", text)


def disguises(secret: str) -> frozenset[str]:
    """List the forms of a secret: as it is, reversed, in other letter case, in bytes, in base64 and base32 at every
    offset, as part of a URL, of JSON or of HTML."""
    encoded = secret.encode("utf-8", "surrogateescape")
    forms = {
        secret,
        secret[::-1],
        secret.lower(),
        secret.upper(),
        secret.swapcase(),
        codecs.encode(secret, "rot13"),
    }
    forms.update((json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]))
    forms.update(_escaped(secret))
    forms.update(_bytes(encoded))
    for raw in (encoded, encoded[::-1], secret.encode("utf-16-le", "surrogatepass")):
        forms.update(_base64(raw))
    forms.update(_base32(encoded))
    return frozenset(form for form in forms if len(form) >= SHORTEST)


def _escaped(secret: str) -> Iterator[str]:
    for form in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield form
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    yield "".join(f"%{byte:02x}" for byte in secret.encode("utf-8", "surrogateescape"))
    yield "".join(f"%{byte:02X}" for byte in secret.encode("utf-8", "surrogateescape"))
    yield "".join(f"\\u{ord(letter):04x}" for letter in secret)
    yield "".join(f"&#{ord(letter)};" for letter in secret)
    yield "".join(f"&#x{ord(letter):x};" for letter in secret)
    yield secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _bytes(encoded: bytes) -> Iterator[str]:
    digits = encoded.hex()
    yield from (
        digits,
        digits.upper(),
        encoded[::-1].hex(),
        encoded.hex(":"),
        encoded.hex("-"),
        encoded.hex(" "),
    )
    for prefix in ("\\x", "0x"):
        yield "".join(f"{prefix}{byte:02x}" for byte in encoded)
    yield ",".join(f"0x{byte:02x}" for byte in encoded)
    yield ",".join(map(str, encoded))
    yield "".join(f"\\{byte:03o}" for byte in encoded)
    yield "".join(f"{byte:08b}" for byte in encoded)


def _base64(raw: bytes) -> Iterator[str]:
    # What stands before the secret shifts its base64 by 0 to 2 bytes; the first and last letters depend on it.
    for shift in range(3):
        letters = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[4 if shift else 0 : -1]
        yield letters
        yield letters.translate(_URL_SAFE)


def _base32(raw: bytes) -> Iterator[str]:
    for shift in range(5):
        letters = base64.b32encode(b"\0" * shift + raw).decode().rstrip("=")[8 if shift else 0 : -1]
        yield letters
        yield letters.lower()
