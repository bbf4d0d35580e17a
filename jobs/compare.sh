#!/usr/bin/env bash
# Trains circuits and classical methods on the same problems and compares them:
#   jobs/compare.sh [--full] [--out DIR] [PROBLEM…]
# PROBLEM: gaussian-h2, gaussian, gaussian-h4 or mnist-01 (default: all; mnist-01 only if its data
# is present). Every run is a campaign: the same command resumes it, and --full continues the quick
# run. Quick: one data set; 1000 trainings of cheap methods, fewer of the others. --full: the same on
# 20 data sets of each gaussian problem; on mnist-01, which is one data set, 20 times as many slow
# trainings. DIR (default: results/compare): folder for results.
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
qhn=$(find_qhn)
if [ ${#problems[@]} = 0 ]; then
  problems=(gaussian-h2 gaussian gaussian-h4)
  if [ -d "$ROOT/data/mnist" ]; then problems+=(mnist-01); fi
fi

[ -n "$out" ] || out=$ROOT/results/compare

cd "$ROOT" # paths in the shipped experiments are relative to this folder
for problem in "${problems[@]}"; do
  file=jobs/experiments/$problem.toml results=$out/$problem
  # Data sets, trainings on each, and losses for tuning each method.
  sets=1 exact=1000 shots=20 cheap=1000 trained=200 nested=20 tuning=10000
  if [ "$problem" = gaussian-h4 ]; then exact=300; fi # 0.2 s per training
  if [ "$full" = yes ] && [ "$problem" = mnist-01 ]; then
    shots=400 nested=400
  elif [ "$full" = yes ]; then
    sets=20
  fi
  for ((seed = 1; seed <= sets; seed++)); do
    to=$results/$seed data=()
    if [ "$problem" != mnist-01 ]; then data=(--set "problem.seed=$seed"); fi
    say "$problem, data set $seed"
    "$qhn" train "$file" "${data[@]}" --restarts $exact --set restarts.keep_angles=true \
      --out "$to/circuits" >/dev/null
    "$qhn" train "$file" "${data[@]}" --restarts $shots --set optimizer.name=spsa \
      --set optimizer.shots=100 --out "$to/shots" >/dev/null
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
  "$(pick_python)" analysis/qhn-plot compare "$results/compare.csv" --out "$results/compare.png" \
    --machine "$(nproc) processors, $(lscpu | sed -n 's/^Model name: *//p'), $(date +%F)"
  cat "$results/compare.text"
done
