#!/bin/sh
# Write requirements.lock: what a clean environment holds after installing everything pyproject.toml asks for.
# The build backend is pinned too, because the project itself is then installed without fetching anything.
set -eu
cd "$(dirname "$0")/.."
python=$(sh deployments/find_python.sh)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m venv "$place/venv"
"$python" - > "$place/wanted" <<'ASK'
import tomllib
with open("pyproject.toml", "rb") as file:
    asked = tomllib.load(file)
project = asked["project"]
extras = project["optional-dependencies"].values()
for line in sum(extras, asked["build-system"]["requires"] + project["dependencies"]):
    print(line)
ASK
"$place/venv/bin/pip" install -qq --upgrade -r "$place/wanted"
"$place/venv/bin/pip" check
"$place/venv/bin/pip" freeze --all --exclude pip | LC_ALL=C sort -f > "$place/lock"
if grep -nvE '^[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+$' "$place/lock"; then
    echo "requirements.lock was left alone: the lines above are no plain pins." >&2
    exit 1
fi
cp "$place/lock" requirements.lock.draft
mv requirements.lock.draft requirements.lock
echo "requirements.lock pins $(wc -l < requirements.lock) packages."
