#!/bin/sh
# Install Postgres for the tests, which start their own: Debian would else begin to run a server at once.
set -eu
root=
[ "$(id -u)" -eq 0 ] || root=sudo
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    $root mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | $root tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
exec sh "$(dirname "$0")/apt.sh" postgresql
