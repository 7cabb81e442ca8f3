"""Source distributions of other people's projects, fetched by pip without running anything of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

# pip asks a source distribution's build backend for its metadata, which runs the project's own code. These names are
# looked up here first, and answer with the name and version that were asked for.
BACKENDS = (
    "setuptools/build_meta.py",
    "flit_core/buildapi.py",
    "hatchling/build.py",
    "poetry/core/masonry/api.py",
)
ANSWER = """
import os
import pathlib
import sys

__legacy__ = sys.modules[__name__]


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name, version = os.environ["RELEASE"].split("==")
    place = pathlib.Path(folder, f"{name.replace('-', '_')}-{version}.dist-info")
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return place.name
"""
PIP = (
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-build-isolation",
    "--use-pep517",
)  # fmt: skip


def fetch(release: str, place: Path) -> Path:
    """Download `name==version` as it was published; return the archive."""
    backends = place / "backends"
    for name in BACKENDS:
        file = backends / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ANSWER)
    name = release.partition("==")[0]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *PIP, "--no-binary", name, "--dest", str(place), release],
        env={**os.environ, "PYTHONPATH": str(backends), "RELEASE": release},
        capture_output=True,
        text=True,
        timeout=180.0,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (archive,) = place.glob("*.tar.gz")
    return archive


def unpack(archive: Path, place: Path) -> Path:
    """Lay out what the archive's one directory holds."""
    unpacked = archive.with_suffix(".d")
    with tarfile.open(archive) as packed:
        packed.extractall(unpacked, filter="data")
    (top,) = unpacked.iterdir()
    # Archives remember the ids of whoever made them, and git trusts no repository of a stranger.
    for path in (top, *top.rglob("*")):
        os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)
    return top.rename(place)
