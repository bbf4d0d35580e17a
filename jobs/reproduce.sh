#!/usr/bin/env bash
# Runs all experiments of docs/findings.md and draws their figures:
#   jobs/reproduce.sh [--full] [--figures] [--out DIR] [-- OPTION of jobs/submit…]
# Quick (default): nine minutes on two cores, with fewer restarts, data sets and depths. --full:
# all of them, as batch jobs where Slurm is installed, else here (days on two cores). --figures: only
# the figures, of the results so far. DIR (default: results/reproduce, or results/reproduce-full)
# receives results, figures/, published.md and report.html. The same command resumes. Problems of
# MNIST need jobs/fetch-data.sh mnist first, and are left out without it.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out='' full=no run=yes submit=()
while [ $# -gt 0 ]; do
  case $1 in
    --full) full=yes ;;
    --figures) run=no ;;
    --out)
      out=$(realpath -m -- "${2:?--out needs a folder}")
      shift
      ;;
    --)
      shift
      submit=("$@")
      break
      ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
    *) die "found '$1'; allowed: --full, --figures, --out DIR, -- OPTION of jobs/submit" ;;
  esac
  shift
done
cd "$ROOT" # paths in the experiments are relative to this folder
qhn=$(find_qhn)
suffix='' slurm=no
if [ "$full" = yes ]; then
  suffix=-full
  if command -v sbatch >/dev/null; then slurm=yes; fi
fi
[ ${#submit[@]} = 0 ] || [ $slurm = yes ] || die "options of jobs/submit: allowed: with --full, where Slurm is installed"
[ -n "$out" ] || out=$ROOT/results/reproduce$suffix
mnist=no
if [ -d data/mnist ]; then mnist=yes; else echo "without the problems of MNIST: data/mnist is missing (jobs/fetch-data.sh mnist)"; fi

# train NAME EXPERIMENT OPTION…: runs or submits it into DIR/NAME. Options before -- are for both
# sizes, those after it for the quick one.
train() {
  local name=$1 file=jobs/experiments/$2.toml options=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# = 0 ] || shift
  [ "$full" = yes ] || options+=("$@")
  say "$name"
  if [ $slurm = yes ]; then
    jobs/submit "$file" --out "$out/$name" "${submit[@]}" -- "${options[@]}"
    return
  fi
  train_here "$qhn" "$out/$name" "$file" "${options[@]}" >/dev/null
}

# data_sets COUNT: the rows of a sweep.
data_sets() {
  local rows='' k
  for ((k = 1; k <= $1; k++)); do rows+="{\"problem.seed\"=$k,\"restarts.seed\"=$k},"; done
  echo "[${rows%,}]"
}

if [ $run = yes ]; then
  # Each data set has its own starts: from the same ones, restarts end alike in all data sets.
  train gaussian-depth gaussian-depth --set "sweep.rows=$(data_sets 20)" \
    -- --restarts 50 --set 'sweep.circuit.layers=[1, 2, 3, 4]'
  train generalization generalization
  train gaussian-width gaussian-width
  train shots shots -- --restarts 100
  train gaussian-history gaussian --set restarts.keep_history=true --set restarts.keep_angles=true \
    -- --restarts 60
  if [ $mnist = yes ]; then
    train mnist-depth mnist-depth -- --restarts 300 \
      --set 'sweep.rows=[{"circuit.layers"=1},{"circuit.layers"=2},{"circuit.layers"=3}]'
    train mnist-depth-converged mnist-depth-converged -- --set 'sweep.circuit.layers=[1, 2]' --restarts 100
    train mnist-history mnist-01 --set restarts.keep_history=true --set restarts.keep_angles=true
    train mnist-37-encoding mnist-37-encoding -- --restarts 30
    train digits-sign digits-sign -- --restarts 30
  fi
fi
[ $slurm = no ] || [ $run = no ] || {
  echo "When the jobs are finished: jobs/reproduce.sh --full --figures --out $(printf %q "$out")"
  exit
}

python=$(pick_python)
figures=$out/figures
mkdir -p "$figures"
# draw FILE FIGURE ARGUMENT…: as PDF for a paper, and as PNG.
draw() {
  local file=$1
  shift
  "$python" analysis/qhn-plot "$@" --out "$figures/$file.pdf" --out "$figures/$file.png" --data "$figures/$file.csv"
}
say "Figures"
gaussians=(jobs/experiments/gaussian-h2.toml jobs/experiments/gaussian.toml jobs/experiments/gaussian-h4.toml)
problems=("${gaussians[@]}")
if [ $mnist = yes ]; then
  problems+=(jobs/experiments/mnist-01.toml jobs/experiments/mnist-37-encoding.toml jobs/experiments/digits-sign.toml)
fi
for problem in "${problems[@]}"; do
  name=$(basename "$problem" .toml)
  draw "landscape-$name" landscape "$problem" --qhn "$qhn" --width 7
  case $name in
    digits-sign) ;; # two layers of weights are no image
    *) draw "networks-$name" networks "$problem" --qhn "$qhn" --width 7 ;;
  esac
done
draw locality locality "${problems[@]}" --qhn "$qhn" --width 7
draw gaussian-depth depth "$out/gaussian-depth" --width 7
draw generalization generalization "$out/generalization"
draw shots shots "$out/shots"
draw convergence convergence "$out"/*-history
if [ $mnist = yes ]; then
  draw mnist-depth depth "$out/mnist-depth" "$out/mnist-depth-converged" --width 7 \
    --labels 'at most 500 iterations,at most 5000'
fi
say "Published numbers and these"
"$python" analysis/published.py "$out" --qhn "$qhn" | tee "$out/published.md" ||
  echo "some numbers differ from the published ones" >&2
"$qhn" report "$out" --title "Experiments of docs/findings.md" --out "$out/report.html"
