#!/usr/bin/env bash
# Installs missing packages, builds, and runs every test. The last line is that of ctest.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/lib.sh"
cd "$ROOT"

usage() {
  cat <<'TEXT'
usage: tests/run.sh [--no-install] [--quick]

  1. installs missing packages (apt-get, as root or with sudo) and downloads MNIST
  2. preset asan-ubsan: builds and tests with the address and undefined-behavior sanitizers
  3. preset release: runs jobs/quickstart.sh with few restarts, then every test, among them the
     command line under mpirun, a Slurm cluster of two virtual nodes, an installed package, and a
     build with MPICH
--no-install: ends with a list if required packages are missing; skips tests that lack an optional
program (MPICH, Slurm, shellcheck, pip).
--quick: for daily work: builds the preset release and runs its tests that take seconds.
TEXT
}
install=1 quick=0
for argument in "$@"; do
  case $argument in
    --no-install) install=0 ;;
    --quick) quick=1 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

groups=(build test bench plot)
[ "$quick" = 0 ] || groups=(build test plot)
say "Checking the packages that the tests need"
if [ "$quick" = 1 ]; then
  [ "$install" = 1 ] || export QHN_NO_INSTALL=1
elif [ "$install" = 1 ]; then
  groups+=(more)
  export QHN_NO_SKIP=1  # with everything installed, a skipped test is a failure
  jobs/fetch-data.sh --check mnist >/dev/null 2>&1 || groups+=(data)
else
  export QHN_NO_INSTALL=1
fi
need "${groups[@]}"
mpi_environment
half_cores=$(($(cores) * 2)) # what tests count in (cmake/QhnTests.cmake)

if [ "$quick" = 1 ]; then
  say "The quick tests"
  build release build/release -DQHN_TESTS=ON -DQHN_BENCH=OFF
  slow='^(scripts\.(install|mpich|pip)|structure\.headers_alone|test_(train|campaign|alike|sweep|output'
  slow+='|baseline_verb|mnist|baseline)|.*\.8|test_energy\..*|analysis|mutants)$'
  exec ctest --test-dir build/release --output-on-failure --no-tests=error -j "$half_cores" \
    -LE 'slurm|fault|bench|docs' -E "$slow"
fi
jobs/fetch-data.sh mnist

say "The tests under the sanitizers"
build asan-ubsan build/asan-ubsan -DQHN_TESTS=ON
# Open MPI keeps memory until the process ends, so tests that start it run without the check for
# leaks. All other tests run with it.
export UBSAN_OPTIONS=print_stacktrace=1
sanitized=(ctest --test-dir build/asan-ubsan --output-on-failure --no-tests=error -j "$half_cores")
ASAN_OPTIONS=detect_leaks=1 "${sanitized[@]}" -LE starts-mpi
# Launchers leave a third of the processors idle: enough for most of the next build.
say "The release is built meanwhile (build/release.log)"
set -m # a process group of its own, to be ended if a test fails
(
  renice -n 10 "$BASHPID" >/dev/null 2>&1 || :
  build release build/release -DQHN_TESTS=ON -DQHN_BENCH=ON
) >build/release.log 2>&1 &
building=$!
set +m
trap 'kill -- "-$building" 2>/dev/null || :' EXIT
ASAN_OPTIONS=detect_leaks=0 "${sanitized[@]}" -L starts-mpi
wait "$building" || die "the release build failed: $(tail -n 50 build/release.log)"

say "The quickstart, with few restarts"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
jobs/quickstart.sh --no-install --out "$scratch/quickstart" -- --restarts 4
for file in sweep.json success.png report.html; do
  [ -s "$scratch/quickstart/$file" ] || die "the quickstart wrote no $file"
done

say "All tests"
ctest --test-dir build/release --output-on-failure --no-tests=error -j "$half_cores"
