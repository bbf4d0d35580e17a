#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is ctest's own.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/lib.sh"
cd "$ROOT"

usage() {
  cat <<'TEXT'
usage: tests/run.sh [--no-install]

  1. installs what is missing (apt-get, as root or with sudo) and brings MNIST
  2. the preset asan-ubsan: its tests under the address and undefined-behaviour sanitizers
  3. the preset release: jobs/quickstart.sh with few restarts, then every test; among them the
     command line under mpirun, a Slurm of two virtual nodes, an installed package, and a build
     with MPICH
--no-install: only names what is missing; tests that lack an optional program
(MPICH, Slurm, shellcheck, pip) show as skipped.
TEXT
}
install=1
for argument in "$@"; do
  case $argument in
    --no-install) install=0 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

groups=(build test bench plot)
say "What the tests need"
if [ "$install" = 1 ]; then
  groups+=(more)
  export QHN_NO_SKIP=1  # with everything installed, a skipped test is a failure
  jobs/fetch-data.sh --check mnist >/dev/null 2>&1 || groups+=(data)
else
  export QHN_NO_INSTALL=1
fi
need "${groups[@]}"
jobs/fetch-data.sh mnist

mpi_environment
jobs=$(cores)

say "The tests under the sanitizers"
build asan-ubsan build/asan-ubsan -DQHN_TESTS=ON
# Open MPI keeps memory until the process ends, so the tests that start it are checked for everything
# but leaks; the rooms that do the work are tested without it, for leaks too.
export UBSAN_OPTIONS=print_stacktrace=1
sanitized=(ctest --test-dir build/asan-ubsan --output-on-failure --no-tests=error -j "$jobs")
ASAN_OPTIONS=detect_leaks=1 "${sanitized[@]}" -LE starts-mpi
ASAN_OPTIONS=detect_leaks=0 "${sanitized[@]}" -L starts-mpi

say "The quickstart, with few restarts"
build release build/release -DQHN_TESTS=ON -DQHN_BENCH=ON
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
jobs/quickstart.sh --no-install --out "$scratch/quickstart" -- --restarts 4
for file in campaign.h5 success.png; do
  [ -s "$scratch/quickstart/$file" ] || die "the quickstart wrote no $file"
done

say "All tests"
ctest --test-dir build/release --output-on-failure --no-tests=error -j "$jobs"
