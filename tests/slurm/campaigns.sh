# Campaigns under a real Slurm of two virtual nodes: arrays, warnings, requeueing, submitting again,
# reports; every campaign ends with the results of a run on this machine alone.
# Usage: campaigns.sh BUILD_TREE
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/../scripts/check.sh"
# shellcheck source=tests/slurm/cluster.sh
. "$ROOT/tests/slurm/cluster.sh"
# shellcheck source=jobs/lib.sh
. "$ROOT/jobs/lib.sh"
qhn=$(realpath "$1")/bin/qhn

PATH=$PATH:/usr/sbin # where the daemons are

# On a cluster the tests start no daemons of their own.
if timeout 10 sinfo --noheader >/dev/null 2>&1; then
  echo "skipped: this machine belongs to a Slurm cluster already"
  exit 77
fi
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || skip "no $program"
done
python=$(pick_python)
"$python" -c 'import h5py, numpy' 2>/dev/null || skip "no h5py"

rm -rf "$scratch"
scratch=$(mktemp -d /tmp/qhn-slurm.XXXXXX) # short: unix sockets live in it
declare -a daemons=()
trap 'stop_cluster; rm -rf "$scratch"' EXIT
start_cluster "$scratch" 2 || fail "the cluster did not start"
step() { echo "[$SECONDS s] $*"; }

# What the site's user writes; two ranks on different virtual nodes share one host.
site() {
  printf 'QHN_PROGRAM=%q\nQHN_REQUEUE=%s\n' "$qhn" "$1"
  # shellcheck disable=SC2016  # an unset variable, as module scripts use them
  printf 'site_environment() { : "$UNSET_AS_MODULES_DO"; export OMPI_MCA_btl=self,tcp; }\n'
}
site yes >"$scratch/requeue"
site no >"$scratch/again"

# A name that no shell must ever see.
export PWNED=$scratch/pwned
experiment="$scratch/it's \$(touch \$PWNED) \"a\" \`touch \$PWNED\` ; name.toml"
cp jobs/experiments/gaussian.toml "$experiment"
restarts=240 # seconds of work: a step must find its campaign unfinished
cd "$scratch"
# shellcheck disable=SC2086  # the number, and perhaps further options
submit() { "$ROOT/jobs/submit" "$experiment" "$@" -- --restarts $restarts; }

step "the reference: the same campaign without Slurm"
"$qhn" train "$experiment" --out reference --restarts $restarts >reference.log 2>&1

# finished OUT: its jobs have ended; the campaign is whole, equal to the reference, and was reported.
finished() {
  local out=$1
  until_true 150 no_jobs_of "$out" || fail "$out: jobs are still there: $(squeue)"
  output=$(cat "$out".logs/*)
  [ "$(cat "$out".logs/*report*.log | grep -c 'P(gap <')" -gt 0 ] || fail "$out: no report: $output"
  grep -q "$restarts of $restarts restarts done" <<<"$("$qhn" status "$out")" ||
    fail "$out: $("$qhn" status "$out") $output"
  "$python" "$ROOT/tests/slurm/same_results.py" "$out" reference || fail "$out differs: $output"
}
# The job that waits for its time limit runs beside the others, and has a name of its own.
no_jobs_of() {
  local jobs
  jobs=$(squeue --noheader --format=%j)
  if [ "$1" != limited ]; then jobs=$(grep -v '^qhn-limited' <<<"$jobs") || :; fi
  [ -z "$jobs" ]
}
# No pipes into grep -q, which ends before all is written: with pipefail that counts as a failure.
some_done() { grep -Eq ': [1-9][0-9]* of [0-9]* restarts done' <<<"$("$qhn" status "$1" 2>/dev/null)"; }
running() { until_true 60 some_done "$1" || fail "$1: nothing is written: $(cat "$1".logs/*)"; }
rank_of() { # JOB: the process of its only rank
  local file
  while read -r file; do
    if [ "$(cat "${file%environ}comm" 2>/dev/null)" = qhn ]; then
      basename "${file%/environ}"
      return
    fi
  done < <(grep -lsxz "SLURM_JOB_ID=$1" /proc/[0-9]*/environ)
  return 1
}
first_job() { awk '/^[0-9]+$/ && !job { job = $1 } END { print job }'; } # reads to the end: submit must not be cut off

step "a time limit of a minute, of which Slurm warns within half a minute; meanwhile the rank stands still"
job=$(restarts="$restarts --set name=limited" submit --site requeue --out limited --ntasks 1 --cpus-per-task 1 --time 1 | first_job)
running limited
rank=$(rank_of "$job") ||
  fail "no rank of job $job; jobs: $(squeue --noheader); its log: $(cat limited.logs/*)"
kill -STOP "$rank"
limited=$job

step "an array of three tasks in one folder, more tasks than processors allow at once"
submit --site requeue --out array --ntasks 1 --cpus-per-task 1 --array 3 >array.out
finished array
[ "$(find array.logs -name '*_[0-2].log' | wc -l)" = 3 ] || fail "logs: $(ls array.logs)"

step "TERM to the ranks; no requeueing at this site, so submitted again"
submit --site again --out term --ntasks 2 --cpus-per-task 1 >term.out
job=$(first_job <term.out)
running term
scancel --signal=TERM "$job"
finished term
says "submitting it again"
says_not "restart 1"
[ "$(find term.logs -name '*.log' ! -name '*report*' | wc -l)" = 2 ] || fail "logs: $(ls term.logs)"
[ "$(find term.logs -name '*report*' | wc -l)" = 1 ] || fail "more than one report: $(ls term.logs)"

step "TERM to the batch script, ranks under mpirun, a task of an array, submitted again"
job=$(submit --site again --out mpirun --ntasks 2 --cpus-per-task 1 --mpirun --array 2%1 | first_job)
running mpirun
scancel --batch --signal=TERM "${job}_0"
finished mpirun
says "TERM: saving"
says "submitting it again"

step "the warning of the time limit comes: requeued"
warned() { grep -q "USR1: saving" limited.logs/*; }
until_true 60 warned || fail "no warning: $(cat limited.logs/*)"
kill -CONT "$rank"

step "preempted by an urgent job and requeued by Slurm, meanwhile"
job=$(restarts="$restarts --announce announced" submit --site requeue --out preempted --sbatch=--nodelist=b | first_job)
running preempted
srun --quiet --partition=urgent --nodelist=b --exclusive true
finished preempted
says "job $job restart 1 on b"
[ -s announced ] || fail "no restart was announced"
[ -z "$(sort announced | uniq -d)" ] || fail "restarts run twice: $(sort announced | uniq -d)"
finished limited
says "not finished: requeued"
says "job $limited restart 1"

step "two whole nodes, a rank on every NUMA domain; the warning before the end; requeued"
job=$(submit --site requeue --out warned --nodes 2 | first_job)
running warned
scancel --batch --signal=USR1 "$job"
finished warned
says "USR1: saving"
says "not finished: requeued"
says "job $job restart 1 on a,b"

step "cancelled by its user: stays so"
job=$(restarts=100000 submit --site requeue --out cancelled --ntasks 2 --cpus-per-task 1 | first_job)
running cancelled
scancel --quiet "$job"
until_true 60 no_jobs || fail "$(squeue)"
output=$(cat cancelled.logs/* && "$qhn" status cancelled)
says "not finished: cancelled"
some_done cancelled || fail "what was done is lost: $output"

step "an experiment that is wrong is refused before any job"
sed 's/^count = .*/count = -1/' "$experiment" >wrong.toml
expect 2 "$ROOT/jobs/submit" wrong.toml --site requeue
says "restarts.count"
no_jobs || fail "it was submitted"

[ ! -e "$PWNED" ] || fail "a shell ran part of the experiment's name"

step "the login node: at most two processors, and how to get a node"
printf 'build cmd:qhn-nosuch nosuch nosuch nosuch\n' >nothing.txt
expect 1 env QHN_DEPENDENCIES="$scratch/nothing.txt" "$ROOT/jobs/quickstart.sh" --no-install
says "salloc --nodes=1"
[ "$(cores)" -le 2 ] || fail "$(cores) processors on a login node"
expect 0 "$qhn" doctor
says "salloc --nodes=1"

step "qhn doctor under srun: both ranks and where they are bound"
expect 0 srun --mpi=pmix --ntasks=2 --cpus-per-task=1 "$qhn" doctor
says "rank 0"
says "rank 1"
says_not "salloc"
step "done"
