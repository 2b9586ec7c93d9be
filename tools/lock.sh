#!/usr/bin/env bash
# Make the three lock files anew: pinned, hashed, for every platform, naming no machine's address.
#   tools/lock.sh             keep the versions already locked, add what is new, drop what is gone
#   tools/lock.sh --upgrade   take the newest versions
set -euo pipefail
cd "$(dirname "$0")/.."

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
"${PYTHON:-python3.11}" -m venv "$home/venv"
"$home/venv/bin/pip" install --quiet uv 2>"$home/pip.log" || { cat "$home/pip.log" >&2; exit 1; }

lock() {
    local into=$1
    shift
    "$home/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
        --no-header --no-emit-index-url --no-emit-find-links --output-file "$into" "$@"
    if grep -nE '(https?|file)://|--(extra-)?index-url|--find-links|--trusted-host' "$into"; then
        echo "$into names an address; a lock must be installable from any index." >&2
        exit 1
    fi
    echo "$into: $(grep -c '==' "$into") packages"
}

lock requirements.lock "$@" pyproject.toml requirements.in
lock requirements-test.lock "$@" requirements-test.in
lock requirements-town.lock "$@" requirements-town.in
