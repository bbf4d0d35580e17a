# For the tests in this folder: source it. A scratch folder and a few checks.
# shellcheck shell=bash
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$ROOT"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# skip WHY: cannot run here. tests/run.sh has installed all there is, so it allows none.
skip() {
  [ -z "${QHN_NO_SKIP:-}" ] || fail "would be skipped: $*"
  echo "skipped: $*"
  exit 77
}

# expect STATUS COMMAND…: runs it, checks its exit code, leaves what it printed in $output.
expect() {
  local wanted=$1 got=0
  shift
  output=$("$@" 2>&1) || got=$?
  [ "$got" = "$wanted" ] || fail "'$*' ended with $got instead of $wanted: $output"
}

says() { case $output in *"$1"*) ;; *) fail "expected '$1' in: $output" ;; esac }
says_not() { case $output in *"$1"*) fail "did not expect '$1' in: $output" ;; esac }

# fake NAME BODY: a program of that name in $scratch/bin, to be put in front of PATH.
fake() {
  mkdir -p "$scratch/bin"
  printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
  chmod +x "$scratch/bin/$1"
}
