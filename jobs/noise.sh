#!/usr/bin/env bash
# How trained circuits and training itself stand noise, on mnist-01 (17 qubits, linear, two layers):
#   jobs/noise.sh [--restarts N] [--out DIR]
# Trains jobs/experiments/mnist-noise.toml, with N restarts (default: 100) at each of six strengths
# of depolarizing noise. Evaluates the circuits trained without noise at strengths 0, 0.2, … 2, and
# those trained with noise at their own. DIR (default: results/noise) receives evaluated-*.jsonl and
# noise.pdf, noise.png, noise.csv. The same command resumes. Needs jobs/fetch-data.sh mnist.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

restarts=100 out=''
while [ $# -gt 0 ]; do
  case $1 in
    --restarts) restarts=${2:?--restarts needs a number} && shift ;;
    --out) out=$(realpath -m -- "${2:?--out needs a folder}") && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
    *) die "found '$1'; allowed: --restarts N, --out DIR" ;;
  esac
  shift
done
cd "$ROOT" # paths in the experiment are relative to this folder
qhn=$(find_qhn)
[ -d data/mnist ] || die "data/mnist is missing; get it: jobs/fetch-data.sh mnist"
[ -n "$out" ] || out=$ROOT/results/noise
python=$(pick_python)
mkdir -p "$out"

say "Training with and without noise"
train_here "$qhn" "$out/trained" jobs/experiments/mnist-noise.toml --restarts "$restarts"

say "The trained circuits under noise"
evaluate() { "$qhn" evaluate --from "$out/trained/scale=$1" --all --best --json --set "noise.scale=$2"; }
for scale in 0 0.2 0.4 0.6 0.8 1 1.2 1.4 1.6 1.8 2; do evaluate 0 "$scale"; done >"$out/evaluated-without.jsonl"
for scale in 0 0.4 0.8 1.2 1.6 2; do evaluate "$scale" "$scale"; done >"$out/evaluated-with.jsonl"
"$python" analysis/qhn-plot noise "$out/evaluated-without.jsonl" "$out/evaluated-with.jsonl" \
  --labels 'trained without noise,trained with this noise' \
  --out "$out/noise.pdf" --out "$out/noise.png" --data "$out/noise.csv"
