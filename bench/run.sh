#!/usr/bin/env bash
# Builds a release and measures it against the limits of this machine.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/lib.sh"

usage() {
  cat <<'TEXT'
usage: bench/run.sh [--out DIR] [--quick] [--threads T] [-- OPTION…]

Builds build/release/bin/qhn_bench and runs it: the limits of the machine, then everything else
against them. Prints a table and writes DIR/bench.csv, DIR/bench.json (for Google Benchmark's
compare.py) and DIR/roofline.png; DIR: the next free results/bench-NUMBER. --quick: fewer sizes and
repetitions, under two minutes. --threads T: the larger of the two thread counts measured (default:
all cores). Options after -- go to qhn_bench. Ends with an error if a result is wrong.
TEXT
}
here=$PWD
cd "$ROOT"
out=
arguments=()
threads=$(cores)
while [ $# -gt 0 ]; do
  case $1 in
    --out)
      out=$(cd "$here" && realpath -m "${2:?--out needs a folder}")
      shift
      ;;
    --quick) arguments+=(--quick) ;;
    --threads)
      threads=${2:?--threads needs a number}
      shift
      ;;
    --)
      shift
      arguments+=("$@")
      break
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

if on_login_node; then
  echo "This looks like the login node of a cluster: times measured here are not reliable."
fi

say "Building build/release/bin/qhn_bench"
parts=(-DQHN_BENCH=ON)
[ -f build/release/CMakeCache.txt ] || parts+=(-DQHN_TESTS=OFF)
build release build/release "${parts[@]}" -- qhn_bench

if [ -z "$out" ]; then
  number=1
  while [ -e "results/bench-$number" ]; do number=$((number + 1)); done
  out=results/bench-$number
fi

say "Measuring ($(uptime | sed 's/.*load/load/'))"
status=0
build/release/bin/qhn_bench --out "$out" --threads "$threads" "${arguments[@]}" || status=$?

if [ -s "$out/bench.csv" ]; then
  python=$(pick_python)
  if "$python" -c 'import matplotlib' >/dev/null 2>&1; then
    machine="$(nproc) processors, $(lscpu | sed -n 's/^Model name: *//p'), $(date +%F)"
    "$python" analysis/qhn-plot roofline "$out/bench.csv" --out "$out/roofline.png" --machine "$machine" || status=$?
  else
    echo "roofline.png is not written: matplotlib is missing."
  fi
fi
exit "$status"
