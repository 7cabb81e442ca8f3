"""Ask an interpreter, inside the sandbox, what it is and what is installed for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import ValidationError

from fresh.domain.value import Value
from fresh.errors import Refusal
from fresh.ports import Command, Limits, Mount, Sandbox

_QUESTION = """
import importlib.metadata as metadata, importlib.util as util, json, sys
names = sorted({"%s==%s" % (d.metadata["Name"], d.version) for d in metadata.distributions() if d.metadata["Name"]})
print()
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "packages": names,
    "has_pytest": util.find_spec("pytest") is not None, "has_coverage": util.find_spec("coverage") is not None}))
"""


class Survey(Value):
    """What an interpreter says of itself; `packages` are `name==version`."""

    version: str
    packages: tuple[str, ...]
    has_pytest: bool
    has_coverage: bool

    @property
    def digest(self) -> str:
        """Change when anything that is installed changes."""
        return hashlib.sha256("\n".join((self.version, *self.packages)).encode()).hexdigest()[:16]


def survey(sandbox: Sandbox, python: str, mounts: Sequence[Mount]) -> Survey:
    """Ask. Raises Refusal when the interpreter does not start."""
    finished = sandbox.run(
        Command((python, "-c", _QUESTION), "/", tuple(mounts), limits=Limits(wall=60.0, output=4 << 20))
    )
    lines = finished.text.strip().splitlines() or [""]
    try:
        return Survey.model_validate_json(lines[-1])
    except ValidationError as bad:
        raise Refusal(
            f"{python} does not start in the sandbox: {lines[-1][:300] or 'it ended without a word'}.",
            hint="Give --python the interpreter of an environment that has the repository's dependencies.",
        ) from bad
