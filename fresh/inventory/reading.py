"""Read the files of one commit: from the cache where their content is known, else from git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from posixpath import basename

from pydantic import TypeAdapter, ValidationError

from fresh.domain.change import TreeEntry
from fresh.domain.feature import Finding, Linted, Unparsed
from fresh.inventory.cache import Shards, extractor_version, version_name
from fresh.inventory.crew import read_many
from fresh.inventory.declared import Declared, declared_in, is_declaring
from fresh.inventory.documents import LONGEST_DOCUMENT, NOTEBOOK, Mentions, is_document
from fresh.inventory.layout import Role, lay_out
from fresh.inventory.lint import Lint
from fresh.inventory.metadata import is_toml, read_toml
from fresh.inventory.packaging import declared_source_roots
from fresh.inventory.record import Record, decode
from fresh.ports import Workspace

REGULAR = ("100644", "100755")
LONGEST_SOURCE = 2 << 20
LONGEST_SCRIPT = 256 << 10
UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
"""Control characters, and what a byte that is no UTF-8 is shown with."""
FINDINGS = TypeAdapter(tuple[Finding, ...] | None)


class Known:
    """What the cache knows of some files; `missing` maps the key of each other content to one path that has it."""

    def __init__(self, shards: Shards, key_of: dict[str, str], known: Mapping[str, str]) -> None:
        self.missing = {key: path for path, key in reversed(key_of.items()) if key not in known}
        self._shards = shards
        self._key_of = key_of
        self._known = known

    def with_learned(self, learned: Mapping[str, str]) -> dict[str, str]:
        """Keep what was learned of the missing paths, and answer for all paths."""
        fresh = {key: learned[path] for key, path in self.missing.items()}
        self._shards.store(fresh, self._key_of.values())
        return {path: self._known.get(key) or fresh[key] for path, key in self._key_of.items()}


class Reading:
    """The files of one commit, and what each says on its own."""

    def __init__(self, workspace: Workspace, commit: str, cache: Path, workers: int | None) -> None:
        self.workspace = workspace
        self.workers = workers
        self._cache = cache
        self._version = extractor_version()
        entries = sorted(workspace.entries(commit), key=lambda entry: entry.path)
        self.files: dict[str, TreeEntry] = {e.path: e for e in entries if e.mode in REGULAR}
        declaring = self.contents(path for path in self.files if is_declaring(path))
        self.declared: list[Declared] = [
            each for path, content in declaring.items() for each in declared_in(path, content)
        ]
        metadata = {path: read_toml(each) for path, each in declaring.items() if is_toml(path)}
        self.undeclared = tuple(path for path, each in metadata.items() if each is None)
        self.sources = lay_out(self.files, declared_source_roots(metadata), self._scripts())
        self.records: dict[str, Record] = {}
        self.texts: dict[str, str] = {}
        self.unparsed: tuple[Unparsed, ...] = ()
        self.tolerated: tuple[Unparsed, ...] = ()
        self.mentions = Mentions()
        self.left_out: tuple[str, ...] = ()
        self._read()

    def contents(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Read files by path."""
        wanted = sorted(paths)
        blobs = self.workspace.read_blobs({self.files[path].blob for path in wanted}) if wanted else {}
        return {path: blobs[self.files[path].blob] for path in wanted}

    def _scripts(self) -> list[str]:
        """List executable files without a suffix that Python runs."""
        likely = [
            path
            for path, entry in self.files.items()
            if entry.mode == "100755" and "." not in basename(path) and entry.size <= LONGEST_SCRIPT
        ]
        starts = {path: content.split(b"\n", 1)[0] for path, content in self.contents(likely).items()}
        return [
            path
            for path, line in starts.items()
            if line.startswith(b"#!") and (b"python" in line or b"uv run" in line)
        ]

    def _read(self) -> None:
        """Read every source for its record, and every document for the names that it mentions."""
        refused = {path: why for path in self.sources if (why := self._refused(path))}
        records = self._known("records", [path for path in self.sources if path not in refused])
        documents = self._known("documents", self._documents(), (".json", NOTEBOOK))
        learned = read_many(
            self.contents(records.missing.values()), self.contents(documents.missing.values()), self.workers
        )
        texts, mentions = records.with_learned(learned[0]), documents.with_learned(learned[1])
        for path in mentions:
            self.mentions.add(path, json.loads(mentions[path]))
        self._take_in(texts, refused)

    def _refused(self, path: str) -> str | None:
        """Say why a source is not read; one by a name that no change could bear is of no use."""
        if self.files[path].size > LONGEST_SOURCE:
            return f"longer than {LONGEST_SOURCE >> 20} MB"
        return "its name is not plain text" if UNNAMEABLE.search(path) else None

    def _documents(self) -> list[str]:
        """List the documents to read, and keep the paths of those that are too long for it."""
        found = [path for path in self.files if is_document(path)]
        self.left_out = tuple(path for path in found if self.files[path].size > LONGEST_DOCUMENT)
        return [path for path in found if self.files[path].size <= LONGEST_DOCUMENT]

    def _take_in(self, texts: Mapping[str, str], left: Mapping[str, str]) -> None:
        refused = [Unparsed(path=path, why=why) for path, why in left.items()]
        by_text: dict[str, Record] = {}
        for path, text in texts.items():
            if text.startswith("!"):
                refused.append(Unparsed(path=path, why=text[1:]))
                continue
            blob = self.files[path].blob
            if blob not in by_text:
                by_text[blob] = decode(text)
            self.records[path] = by_text[blob]
            self.texts[path] = text
        self.unparsed = tuple(sorted(refused, key=lambda each: each.path))
        tolerated = [(path, why) for path, record in self.records.items() if (why := record.shape.tolerated)]
        self.tolerated = tuple(Unparsed(path=path, why=why) for path, why in sorted(tolerated))

    def former(self, blobs: Iterable[str]) -> dict[str, Record]:
        """Find the records of other contents, as far as they are still kept."""
        known = Shards(self._cache, "records", version_name(self._version, "")).load(blobs)
        return {blob: decode(text) for blob, text in known.items() if not text.startswith("!")}

    def findings(self, lint: Lint) -> Linted:
        """Lint product sources; None for one that the linter can't stand."""
        paths = [path for path in self.records if self.sources[path].role is Role.PRODUCT]

        def lint_all(files: Mapping[str, bytes]) -> dict[str, str]:
            found = lint(files)
            return {path: FINDINGS.dump_json(found.get(path, ())).decode() for path in files}

        lints = self._known("lint", paths, ("__init__.py",), lint.version)
        missing = lints.missing.values()
        texts = lints.with_learned(lint_all(self.contents(missing)) if missing else {})
        found = {}
        for path, text in texts.items():
            try:
                found[path] = FINDINGS.validate_json(text)
            except (
                ValidationError
            ):  # kept by another program under our name: the checksum held, the meaning did not
                found[path] = lint(self.contents([path])).get(path, ())
        return found

    def _known(
        self, name: str, paths: Iterable[str], endings: tuple[str, ...] = (), version: str = ""
    ) -> Known:
        """Ask the cache what it knows of files. A path with one of the endings means something else of its own."""
        key_of = {path: self._key(path, endings) for path in paths}
        shards = Shards(self._cache, name, version_name(self._version, version))
        return Known(shards, key_of, shards.load(key_of.values()))

    def _key(self, path: str, endings: tuple[str, ...]) -> str:
        """Name a content; each ending that makes it mean something else has a letter."""
        marks = (mark for mark, ending in zip("st", endings, strict=False) if path.endswith(ending))
        return self.files[path].blob + next(marks, "")
