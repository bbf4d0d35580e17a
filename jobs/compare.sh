#!/usr/bin/env bash
# Circuits and classical methods on the same problems, side by side:
#   jobs/compare.sh [--full] [--out DIR] [PROBLEM…]
# PROBLEM: gaussian-h2, gaussian, gaussian-h4 or mnist-01 (default: all, mnist-01 where its data is). Every
# run is a campaign that goes on where it stopped: the same line continues. Quick: 1000 trainings of what is
# cheap, fewer of the rest, one data set. --full: 1000 of everything, ten times the budget for tuning, and 20
# data sets of each gaussian problem. DIR: results/compare, or results/compare-full.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out='' full=no problems=()
while [ $# -gt 0 ]; do
  case $1 in
    --full) full=yes ;;
    --out)
      out=$(realpath -m -- "${2:?--out needs a folder}")
      shift
      ;;
    gaussian-h2 | gaussian | gaussian-h4 | mnist-01) problems+=("$1") ;;
    *) die "found '$1'; allowed: --full, --out DIR, gaussian-h2, gaussian, gaussian-h4, mnist-01" ;;
  esac
  shift
done
qhn=${QHN_PROGRAM:-$ROOT/build/release/bin/qhn}
[ -x "$qhn" ] || die "$qhn is not there: cmake --preset release && cmake --build build/release"
if [ ${#problems[@]} = 0 ]; then
  problems=(gaussian-h2 gaussian gaussian-h4)
  if [ -d "$ROOT/data/mnist" ]; then problems+=(mnist-01); fi
fi

# How many trainings, losses for tuning, and data sets.
exact=300 shots=20 cheap=1000 trained=200 nested=20 tuning=10000 seeds=1
if [ "$full" = yes ]; then exact=1000 shots=1000 trained=1000 nested=1000 tuning=100000 seeds=20; fi
[ -n "$out" ] || { [ "$full" = yes ] && out=$ROOT/results/compare-full || out=$ROOT/results/compare; }

cd "$ROOT" # shipped experiments name their data from here
for problem in "${problems[@]}"; do
  file=jobs/experiments/$problem.toml results=$out/$problem
  sets=$seeds
  if [ "$problem" = mnist-01 ]; then sets=1; fi
  for ((seed = 1; seed <= sets; seed++)); do
    to=$results/$seed data=()
    if [ "$problem" != mnist-01 ]; then data=(--set "problem.seed=$seed"); fi
    say "$problem, data set $seed"
    "$qhn" train "$file" "${data[@]}" --restarts $exact --set restarts.keep_angles=true \
      --out "$to/circuits" >/dev/null
    "$qhn" train "$file" "${data[@]}" --restarts $shots --set optimizer.name=spsa --set optimizer.shots=100 \
      --out "$to/shots" >/dev/null
    "$qhn" baseline "$file" "${data[@]}" --restarts $cheap --set baseline.tuning=$tuning --out "$to" \
      --method random,descent,annealing,cross-entropy >/dev/null
    "$qhn" baseline "$file" "${data[@]}" --restarts $trained --set baseline.tuning=$tuning --out "$to" \
      --method ste,proxquant,signsgd >/dev/null
    "$qhn" baseline "$file" "${data[@]}" --restarts $nested --set baseline.tuning=$tuning --out "$to" \
      --method nested >/dev/null
  done
  for format in text markdown csv; do
    "$qhn" compare "$results"/[0-9]*/* --epsilon 1e-4 --format $format >"$results/compare.$format"
  done
  "$(pick_python)" analysis/compare.py "$results/compare.csv" --out "$results/compare.png"
  cat "$results/compare.text"
done
