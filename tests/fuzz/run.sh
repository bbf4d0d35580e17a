#!/usr/bin/env bash
# Fuzzes the readers with libFuzzer and the address and undefined-behaviour sanitizers.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../jobs/lib.sh"
cd "$ROOT"

usage() {
  cat <<'TEXT'
usage: tests/fuzz/run.sh [TARGET…] [--runs N] [--max-len BYTES] [--no-install]

Builds the targets (default: all of tests/fuzz) with the preset "fuzz" and runs each N times
(default: 1000000), one after the other, beginning with tests/fuzz/corpus/TARGET. An input that
crashes, takes longer than a second a kB or more than 1 GiB ends the run and is kept in
build/fuzz/findings/TARGET-…; put it into the corpus, mend the reader, and the tests keep it so.
TEXT
}
runs=1000000 max_len=4096 targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs | --max-len)
      case ${2-} in '' | *[!0-9]*) usage >&2 && exit 2 ;; esac
      if [ "$1" = --runs ]; then runs=$2; else max_len=$2; fi
      shift
      ;;
    --no-install) export QHN_NO_INSTALL=1 ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
known=$(sed -n 's/^qhn_fuzz(\([a-z0-9_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)
# shellcheck disable=SC2086,SC2206  # words
[ ${#targets[@]} -gt 0 ] || targets=($known)
for target in "${targets[@]}"; do
  grep -qx "$target" <<<"$known" || die "no target '$target'; there are: ${known//$'\n'/ }"
done

need build fuzz
cmake --preset fuzz -G Ninja >/dev/null
cmake --build build/fuzz --target "${targets[@]/#/fuzz_}"
mkdir -p build/fuzz/findings
timeout=$(((max_len + 1023) / 1024))
# MPI and HDF5 keep memory until the process ends. A small quarantine: the default of 256 MB for freed
# memory costs half of the speed. Names of functions would take a second for each child that dies
# (lasting_child.cpp): give a finding to the program again, without symbolize=0, to see them.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0:quarantine_size_mb=16
export ASAN_OPTIONS=$ASAN_OPTIONS:malloc_context_size=3:symbolize=0
export UBSAN_OPTIONS=print_stacktrace=1
failed=()
for target in "${targets[@]}"; do
  found=build/fuzz/grown/$target
  log=build/fuzz/$target.log
  mkdir -p "$found"
  dictionary=()
  [ ! -f "tests/fuzz/$target.dict" ] || dictionary=("-dict=tests/fuzz/$target.dict")
  say "$target"
  if ! "build/fuzz/bin/fuzz_$target" "-runs=$runs" "-max_len=$max_len" "-timeout=$timeout" \
    -rss_limit_mb=1024 -print_final_stats=1 "-artifact_prefix=build/fuzz/findings/$target-" \
    "${dictionary[@]}" "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    failed+=("$target")
    grep -m 3 -E 'ERROR|SUMMARY|runtime error|terminate|what\(\)|Test unit written' "$log" || true
  fi
  sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|peak_rss_mb\): */  \1 /p' "$log"
done
[ ${#failed[@]} -eq 0 ] || die "findings (see build/fuzz/findings and the logs): ${failed[*]}"
