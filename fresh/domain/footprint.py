"""Which files an improvement is expected to touch, judged from the inventory alone."""

from __future__ import annotations

from collections import Counter

from fresh.domain.change import Change, PolicyVerdict, Ruling
from fresh.domain.entry_rules import is_cli, is_command
from fresh.domain.feature import EntryPoint, Feature, Inventory, Kind
from fresh.domain.test_code import is_test_path


class Ground:
    """Where new tests go and where commands hang in one codebase; looked up once for all features."""

    def __init__(self, inventory: Inventory) -> None:
        self._commands = [entry for entry in inventory.entry_points if is_cli(entry)]
        folders = Counter(
            test.partition("/")[0] for feature in inventory.features for test in feature.tested_by
        )
        folders = Counter({name: count for name, count in folders.items() if "::" not in name})
        self._tests = min(folders, key=lambda name: (-folders[name], name)) if folders else "tests"
        self._nearest: dict[str, str | None] = {}

    def footprint(self, feature: Feature, kind: Kind) -> tuple[str, ...]:
        """Predict the files that improving a feature touches."""
        test = f"{self._tests}/test_{feature.module.replace('.', '_')}_{feature.name.lower()}.py"
        if kind is Kind.TESTS:
            return (test,)
        if kind is Kind.HOOKUP:
            return (self.command_line(feature.module) or feature.path, test)
        return (feature.path,)

    def command_line(self, module: str) -> str | None:
        """Find the file of the command line that lies nearest to a module; None when there is none."""
        if module not in self._nearest:
            best = min(self._commands, key=lambda entry: self._distance(entry, module), default=None)
            self._nearest[module] = best.path if best else None
        return self._nearest[module]

    def _distance(self, entry: EntryPoint, module: str) -> tuple[int, bool, str, int]:
        """Order by the length of the shared package, then commands before scripts, then by place."""
        shared = 0
        for ours, theirs in zip(module.split("."), entry.key.partition(":")[0].split("."), strict=False):
            if ours != theirs:
                break
            shared += 1
        return -shared, not is_command(entry), entry.path, entry.line


def is_stray(path: str, footprint: tuple[str, ...]) -> bool:
    """Say whether an agent edits a file of the base that it does not have to itself; tests get in nobody's way."""
    return bool(footprint) and path not in footprint and not is_test_path(path)


def with_strays(verdict: PolicyVerdict, change: Change, footprint: tuple[str, ...]) -> PolicyVerdict:
    """Ask for a person where a change edits what other agents may be editing; new files are nobody's."""
    strays = [file.path for file in change.files if file.status != "A" and is_stray(file.path, footprint)]
    if not strays:
        return verdict
    ruling = Ruling.NEEDS_HUMAN if verdict.ruling is Ruling.ALLOW else verdict.ruling
    reasons = (f"{path}: it is not among the files that this agent has to itself" for path in strays)
    return PolicyVerdict(ruling=ruling, reasons=(*verdict.reasons, *reasons))
