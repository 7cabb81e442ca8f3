#!/bin/sh
# Install Debian packages, as root or through sudo, without ever asking a question.
set -eu
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: install what corresponds to $* by hand." >&2
    exit 1
fi
root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$* must be installed by root, and there is no sudo: run \`apt-get install $*\` as root." >&2
        exit 1
    fi
    root=sudo
fi
install() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
}
echo "Installing $* ..." >&2
# Without package lists, or with lists that have aged, the first try can't find the files.
install "$@" || { $root apt-get update -qq >/dev/null && install "$@"; }
