#!/usr/bin/env bash
# From a fresh Debian 12 or Ubuntu to a table of success probabilities and a report with figures.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
usage: jobs/quickstart.sh [--no-install] [--out DIR] [-- OPTION…]

Installs missing packages (apt-get, as root or with sudo), builds qhn, trains three families of
circuits on a 14-qubit problem, 200 restarts each, on all cores, prints and plots their success
probabilities, and writes a report (HTML). Results go to DIR (default: the next free
results/quickstart-NUMBER). Options after -- go to `qhn train`.
--no-install: do not install, only list missing packages.
TEXT
}
cd "$ROOT"
out=
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) export QHN_NO_INSTALL=1 ;;
    --out)
      out=${2:?--out needs a folder}
      shift
      ;;
    --)
      shift
      break
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

if on_login_node; then
  echo "This looks like the login node of a cluster: using $(cores) of its $(env -u OMP_NUM_THREADS nproc) cores."
  echo "For a node of your own:"
  echo "  salloc --nodes=1 --exclusive --time=00:30:00 srun --ntasks=1 --cpu-bind=none --pty jobs/quickstart.sh"
fi

say "Checking the packages that qhn needs"
need build plot

say "Building build/release/bin/qhn"
# A fresh tree leaves out tests and benchmarks, which need more packages; tests/run.sh adds them.
parts=()
[ -f build/release/CMakeCache.txt ] || parts=(-DQHN_TESTS=OFF -DQHN_BENCH=OFF)
build release build/release "${parts[@]}" -- qhn
qhn=build/release/bin/qhn

# In the folder of an earlier quickstart `qhn train` would resume that campaign.
if [ -z "$out" ]; then
  number=1
  while [ -e "results/quickstart-$number" ]; do number=$((number + 1)); done
  out=results/quickstart-$number
fi

train=(mpirun -n "$(cores)" "$qhn" train jobs/experiments/gaussian-families.toml --out "$out" "$@")
say "Training on $(cores) core(s): ${train[*]}"
mpi_environment
# Ignore the exit code: after a signal launchers return codes of their own.
"${train[@]}" || echo "mpirun ended with $?" >&2
"$qhn" status --quiet "$out" || die "not finished; this command resumes it: ${train[*]}"

say "Drawing"
python=$(pick_python)
"$python" analysis/qhn-plot success "$out" --labels product,linear,all-to-all --out "$out/success.png"
QHN_PYTHON=$python "$qhn" report "$out"

cat <<TEXT

Done.
  report   $(realpath "$out/report.html")
  figure   $(realpath "$out/success.png")
  results  $(realpath "$out")

Next steps:
  $(printf %q "$qhn") landscape jobs/experiments/gaussian.toml
  $(printf %q "$qhn") new my-experiment
  jobs/reproduce.sh
TEXT
