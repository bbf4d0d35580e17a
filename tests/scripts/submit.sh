# What jobs/submit hands to sbatch, with a made-up sbatch: nothing is ever read as shell code, and
# nothing is asked of a site that its user did not write.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
qhn=$(realpath "$1")/bin/qhn
[ -x "$qhn" ] || skip "no $qhn"

# Each call leaves its words in a file of its own, a zero byte after each.
fake sbatch "n=\$(ls $scratch/calls | wc -l)
printf '%s\\0' \"\$@\" >$scratch/calls/\$n
echo \$((100 + n))"
fake squeue "exit 0"
# Nodes of the default partition, and a smaller one that nobody asked for.
fake sinfo "case \" \$* \" in *' --partition=p1 '*) echo '24 96000 3 8 p1'; exit ;; esac
echo '64 256000+ 2 32 batch*'
echo '8 4000 1 8 debug'"
mkdir "$scratch/calls" "$scratch/work"
words() { tr '\0' '\n' <"$scratch/calls/$1"; }
asked() { grep -qxF -e "$2" <<<"$(words "$1")" || fail "no '$2' in: $(words "$1" | tr '\n' ' ')"; }
asked_not() { if grep -q -e "$2" <<<"$(words "$1")"; then fail "found '$2' in: $(words "$1")"; fi; }
times=()
forget() { rm -f "$scratch"/calls/*; }
printf 'QHN_PROGRAM=%q\n' "$qhn" >"$scratch/site"
submit() { (cd "$scratch/work" && PATH="$scratch/bin:$PATH" "$ROOT/jobs/submit" --site "$scratch/site" "$@"); }

# Names that would do harm in a shell arrive whole; the printed line is the submitted one.
export PWNED=$scratch/pwned
experiment="$scratch/a b'c \$(touch \$PWNED) \`touch \$PWNED\` \"x\" ; touch \$PWNED & .toml"
cp jobs/experiments/gaussian.toml "$experiment"
folder="$scratch/out 100% \$(touch \$PWNED)"
# shellcheck disable=SC2016  # that is the point
expect 0 submit "$experiment" --out "$folder" --array 4 --ntasks 2 --cpus-per-task 3 -- --set 'name="$(touch $PWNED)"'
asked 0 "$experiment"
asked 0 "--out=$folder"
asked 0 "--output=$scratch/out 100%% \$(touch \$PWNED).logs/%x-%A_%a.log"
# shellcheck disable=SC2016
asked 0 'name="$(touch $PWNED)"'
asked 0 --array=0-3
asked 0 --ntasks=2
asked 0 --cpus-per-task=3
asked 0 --requeue
asked_not 0 '^--exclusive'
asked 1 --dependency=afterany:100
asked 1 "$ROOT/jobs/report.sbatch"
line=$(grep -m 1 '^sbatch' <<<"$output")
(cd "$scratch/work" && PATH="$scratch/bin:$PATH" bash -c "$line" >/dev/null)
cmp -s "$scratch/calls/0" "$scratch/calls/2" || fail "the printed line differs: $line"
[ ! -e "$PWNED" ] || fail "a shell ran part of a name"
[ "$(words 0 | grep -c '^--job-name=qhn-[A-Za-z0-9._-]*$')" = 1 ] || fail "job name: $(words 0)"

# Whole nodes by default; accounts only by the user's word; sites that do not requeue.
for call in 0 1; do for option in account partition qos; do asked_not $call "^--$option"; done; done
forget
expect 2 submit "$scratch/none.toml"
says "cannot read"
cat >>"$scratch/site" <<'TEXT'
QHN_SBATCH=(--account=a1 "--comment=two words")
QHN_REQUEUE=no
TEXT
expect 0 submit "$ROOT/jobs/experiments/gaussian.toml" --nodes 3 --partition p1 --mpirun
says "01:00:00"
asked 0 --exclusive
asked 0 --nodes=3
asked 0 --ntasks-per-node=3
asked 0 --cpus-per-task=8
asked 0 --time=01:00:00
asked 0 --no-requeue
asked 0 "--output=$scratch/work/results/gaussian.logs/%x-%j.log"
for call in 0 1; do
  asked $call --account=a1
  asked $call "--comment=two words"
  asked $call --partition=p1
done
asked 0 --mpirun

# The numbers are those of qhn plan, and the line that it prints gives them again.
forget
epyc=$ROOT/jobs/machines/epyc-slingshot.toml
# What the printed line of the runs asks for, a line each, sorted; the rest is names and files.
numbers() {
  local line=${1%%/campaign.sbatch*}
  line=${line##*$'\n'sbatch}
  tr ' ' '\n' <<<"$line" | grep -E '^--(nodes|ntasks.*|cpus-per-task|mem.*|time)=' | sort
}
same() { [ "$1" = "$2" ] || fail "planned: $1; asked for: $2"; }
asked_as_planned() { # OPTIONS OF qhn plan…; those of submit are the words of `given`
  local text planned
  text=$("$qhn" plan "$gaussian" --machine "$epyc" --cores 64 --memory 256000M --domains 2 "$@")
  planned=$(sed -n 's/^sbatch  *//p' <<<"$text" | tr ' ' '\n' | sort)
  expect 0 submit --dry-run "$gaussian" --machine "$epyc" "${given[@]}"
  same "$planned" "$(numbers "$output")"
  # shellcheck disable=SC2046  # words, as a user would paste them
  expect 0 submit --dry-run $(sed -n 's/^job  *jobs.submit //p' <<<"$text")
  same "$planned" "$(numbers "$output")"
}
gaussian=$ROOT/jobs/experiments/gaussian.toml
given=()
asked_as_planned
says_not "01:00:00"
given=(--nodes 2 --ntasks-per-node 4 --cpus-per-task 8)
asked_as_planned --nodes 2 --ranks 8 --threads 8
given+=(-- --ranks-per-state 4)
asked_as_planned --nodes 2 --ranks 8 --threads 8 --ranks-per-state 4
# A user's words stand; an array's tasks are planned for their share.
expect 0 submit "$gaussian" --machine "$epyc" --ntasks 3 --mem-per-cpu 1G --time 7 --array 4
asked 0 --time=7
asked 0 --ntasks=3
asked_not 0 '^--mem='
asked_not 0 '^--ntasks-per-node'
forget
long=(--machine "$epyc" -- --restarts 100000000)
expect 0 submit "$gaussian" --array 1000 "${long[@]}"
says "--time=$("$qhn" plan "$gaussian" --machine "$epyc" --cores 64 --domains 2 --set restarts.count=100000 --format sbatch | sed -n 's/--time=//p') "
expect 2 submit "$gaussian" --dry-run -- --set circuit.sublayers=100000000
printf 'QHN_NODE=(--cores=6 --memory=3G --domains=2)\n' >>"$scratch/site"
expect 0 submit "$gaussian" --dry-run
says " --ntasks-per-node=2 --cpus-per-task=3 "
sed -i '/QHN_NODE/d' "$scratch/site"
fake sinfo "echo '16 1 16 1 batch*'" # neither memory nor sockets were configured
expect 0 submit "$gaussian" --dry-run
says " --ntasks-per-node=1 --cpus-per-task=16 "
says_not "--mem"

# Where Slurm's processors are hardware threads, cores count, and a rank's threads get one each.
fake sinfo "echo '128 256000 2 32 batch*'"
expect 0 submit "$gaussian" --dry-run
says " --ntasks-per-node=2 --cpus-per-task=32 "
says " --hint=nomultithread "
expect 0 submit "$gaussian" --dry-run --sbatch=--hint=multithread
says_not "nomultithread"
expect 0 submit "$gaussian" --dry-run --ntasks 4 --cpus-per-task 3
says_not "nomultithread"

# Less memory than the plan counts is refused; all of a node's, or as much, is not.
for less in "--mem 1" "--mem 20K" "--mem-per-cpu 1" "--sbatch=--mem=5M"; do
  # shellcheck disable=SC2086  # an option and its value
  expect 2 submit "$gaussian" --dry-run $less
  says "qhn plan counts"
done
for enough in "--mem 0" "--mem 200G" "--mem-per-cpu 2G"; do
  # shellcheck disable=SC2086  # an option and its value
  expect 0 submit "$gaussian" --dry-run $enough
done

# The data is there before anything is submitted.
forget
for kind in 'kind = "csv"\ndata = "none.csv"' 'kind = "table"\ntable = "none.txt"' 'kind = "images"\ndata = "none"' \
  'kind = "csv"\ndata = "some.csv"\ntest_data = "none.csv"'; do
  printf '[problem]\n%b\n' "$kind" >"$scratch/nodata.toml"
  printf '1,2,0\n2,1,1\n3,1,0\n' >"$scratch/work/some.csv"
  expect 2 submit "$scratch/nodata.toml"
  says "none"
done
printf '[problem]\nkind = "csv"\ndata = "some.csv"\ntest_data = "some.csv"\n' >"$scratch/data.toml"
expect 0 submit "$scratch/data.toml" --dry-run
[ -z "$(ls "$scratch/calls")" ] || fail "submitted without data"

# A program that is named and is not there is named again; none at all is another matter.
printf 'QHN_PROGRAM=%q\n' "$scratch/nowhere/qhn" >"$scratch/wrong"
expect 1 submit "$gaussian" --site "$scratch/wrong"
says "QHN_PROGRAM=$scratch/nowhere/qhn (site file or environment): no such program"
expect 1 env QHN_PROGRAM="$scratch/work" jobs/submit "$gaussian" --dry-run
says "QHN_PROGRAM=$scratch/work (site file or environment): no such program"
expect 1 env QHN_PROGRAM=qhn-nosuch jobs/compare.sh gaussian
says "QHN_PROGRAM=qhn-nosuch (environment): no such program"
expect 0 env QHN_PROGRAM="$qhn" jobs/submit "$gaussian" --dry-run

# Arrays: at most 1000 tasks and at most one for each restart; not with a rule that ends the campaign.
forget
expect 0 submit "$gaussian" --array 5000%20 -- --restarts 1000000
asked 0 --array=0-999%20
asked 0 --array=1000
says "packed into 1000"
forget
expect 0 submit "$gaussian" --array 500
asked 0 --array=0-199
forget
sed 's/^count = .*/halfwidth = 0.02\nepsilon = 1e-3\nmax = 1000/' "$gaussian" >"$scratch/rule.toml"
expect 2 submit "$scratch/rule.toml" --array 4
says "until narrow enough"
for bad in "--array 0" "--array x" "--nodes -1" "--ntasks" "--colour red"; do
  # shellcheck disable=SC2086  # an option and its value
  expect 2 submit "$gaussian" $bad
done
expect 2 submit "$gaussian" -- --out elsewhere
expect 2 submit "$gaussian" -- --set restarts.count=-1
[ -z "$(ls "$scratch/calls")" ] || fail "something wrong was submitted"

# --dry-run submits nothing; without Slurm it says what PBS and LSF need, and submitting is refused.
expect 0 submit "$gaussian" --array 8 --dry-run
says "--dependency=afterany:JOB"
says_not "#PBS"
[ -z "$(ls "$scratch/calls")" ] || fail "--dry-run submitted"
mkdir "$scratch/noslurm"
for program in bash dirname basename realpath sed grep cksum cut cat tr head mkdir; do
  ln -s "$(command -v "$program")" "$scratch/noslurm/$program"
done
without() { (cd "$scratch/work" && PATH=$scratch/noslurm "$(command -v bash)" "$ROOT/jobs/submit" --site "$scratch/site" "$@"); }
expect 0 without "$gaussian" --array 8 --dry-run
says "planned for nodes like this one"
says "#PBS -J 0-7"
says "#BSUB"
says "--array-task"
# With this job's numbers and whole paths, each a script that a shell can read.
expect 0 without "$gaussian" --nodes 2 --ntasks-per-node 4 --cpus-per-task 8 --time 1-02:30:00 --array 8%3 --dry-run -- --restarts 40
says "#PBS -l select=2:ncpus=32:mpiprocs=4:ompthreads=8:mem="
says "#PBS -l walltime=26:30:00"
says "#PBS -J 0-7%3"
says "timeout --signal=USR1 95280 mpirun -n 8 $qhn train $gaussian --out $scratch/work/results/gaussian --restarts 40 --array-task \$PBS_ARRAY_INDEX/8"
says '#BSUB -n 8 -R "span[ptile=4] affinity[core(8)]"'
says "#BSUB -W 26:30 -wa USR1"
says "--array-task \$((LSB_JOBINDEX - 1))/8"
says "cd $scratch/work && flux submit --job-name=qhn-gaussian -N 2 -n 8 -c 8 -t 95400s --signal=SIGUSR1@120"
says "--cc=0-7 $qhn train $gaussian "
says "--array-task {cc}/8"
says "$qhn status --quiet $scratch/work/results/gaussian"
for word in select=NODES =RANKS =THREADS =CORES NUMBER; do says_not "$word"; done
expect 1 without "$gaussian"
says "no sbatch"

# A time is what sbatch takes it for, to the second where the system knows seconds, and never no limit.
while IFS='|' read -r time walltime timeout lsf flux; do
  expect 0 without "$gaussian" --ntasks 1 --time "$time" --dry-run
  says "#PBS -l walltime=$walltime"$'\n'
  says "timeout --signal=USR1 $timeout mpirun"
  says "#BSUB -W $lsf -r"
  says " -t $flux --env="
  expect 0 submit "$gaussian" --ntasks 1 --time "$time" --dry-run
  says " --time=$time "
done <<'TEXT'
1|00:01:00|30|0:02 -wa USR1 -wt 1|60s --signal=SIGUSR1@30
1:2|00:01:02|31|0:02 -wa USR1 -wt 1|62s --signal=SIGUSR1@31
08|00:08:00|360|0:08 -wa USR1 -wt 2|480s --signal=SIGUSR1@120
09:09|00:09:09|429|0:10 -wa USR1 -wt 2|549s --signal=SIGUSR1@120
08:09:08|08:09:08|29228|8:10 -wa USR1 -wt 2|29348s --signal=SIGUSR1@120
00:04:00|00:04:00|120|0:04 -wa USR1 -wt 1|240s --signal=SIGUSR1@120
00:04:01|00:04:01|121|0:05 -wa USR1 -wt 2|241s --signal=SIGUSR1@120
0:90|00:01:30|45|0:02 -wa USR1 -wt 1|90s --signal=SIGUSR1@45
1-0|24:00:00|86280|24:00 -wa USR1 -wt 2|86400s --signal=SIGUSR1@120
08-09:08|201:08:00|723960|201:08 -wa USR1 -wt 2|724080s --signal=SIGUSR1@120
1-2:30:05|26:30:05|95285|26:31 -wa USR1 -wt 2|95405s --signal=SIGUSR1@120
TEXT
refused() { # OPTION VALUE ALLOWED…: in one line, with Slurm and without, and nothing is submitted
  local call
  for call in submit without; do
    expect 2 "$call" "$gaussian" "$1" "$2"
    says "submit: $1: found '$2'"
    says "; allowed: $3"
    [ "$(wc -l <<<"$output")" = 1 ] || fail "more than a line: $output"
  done
}
for time in '' abc -5 '10 00' 1.5 +5 : 5: :5 1-2: 1-2:3:4:5 1:2:3:4 -1 1- UNLIMITED 9999999999; do
  refused --time "$time" "M, M:S, H:M:S, D-H, D-H:M or D-H:M:S"
done
for time in 0 00:00:30 0:59 0-0 00:00:00; do refused --time "$time" "a minute at least"; done
expect 2 submit "$gaussian" --sbatch=--time=abc
says "--time: found 'abc'"
# So is memory.
for memory in '' abc -1 1.5G +5 G 5X 5GB '1 G' 08G 99999999999; do
  refused --mem "$memory" "a whole number of MiB, or one with K, M, G or T"
  refused --mem-per-cpu "$memory" "a whole number of MiB, or one with K, M, G or T"
done
for memory in 4096 4096M 4194304K 4g 4G 4194303K; do
  expect 0 without "$gaussian" --ntasks 1 --mem "$memory" --dry-run
  says ":mem=4096mb"$'\n'
  says "#BSUB -M 4096MB"$'\n'
done
expect 0 without "$gaussian" --ntasks-per-node 2 --cpus-per-task 3 --mem-per-cpu 1T --dry-run
says ":mem=6291456mb"$'\n'
for memory in 0 0G; do
  expect 2 without "$gaussian" --mem "$memory" --dry-run
  says "submit: --mem: found '$memory', which only Slurm takes for all that a node has; allowed here: a number above 0"
done

# What qhn train would refuse is refused before.
wrong() { # SAYS WORD…
  local text=$1
  shift
  expect 2 submit "$gaussian" -- "$@"
  says "$text"
  [ "$(wc -l <<<"$output")" = 1 ] || fail "more than a line: $output"
}
wrong "after --: found '--bogus'; allowed: options of qhn train: --restarts --seed --set " --bogus 3
wrong "found '--bogus=3'" --bogus=3
wrong "found 'extra'" --restarts 3 extra
wrong "found '--'" --restarts 3 --
wrong "found ''" ''
wrong "found '--help'" --help
wrong "found '-h'" -h
wrong "found '--set --seed'" '--set --seed'
wrong "--threads: found 'abc'; allowed: an integer" --threads abc
wrong "--restarts: found 'x'; allowed: an integer" --restarts=x
wrong "--stale: found '0'; allowed: a number" --stale 0
wrong "--seed: 1 required" --restarts 2 --seed
wrong "engine.kind" --engine none
wrong "--ranks-per-state" --ranks-per-state 3
wrong "problem.target, which is for qhn baseline" --set problem.target=0.3
wrong "circuit.none" --set circuit.none=1
[ -z "$(ls "$scratch/calls")" ] || fail "something wrong was submitted"
expect 0 submit "$gaussian" --dry-run -- --threads=2 --seed 3 --set circuit.sublayers=4 --set=optimizer.memory=5 --engine sweep \
  --precision=float32 --ranks-per-state 2 --ranks-per-writer 4 --stale 9 --simd baseline --announce --seed --sstat /bin

# One rank for every NUMA domain that the job has a processor of.
domains() { bash -c 'set -euo pipefail; . jobs/lib.sh; . jobs/slurm.sh; numa_domains "$@"' domains "$@"; }
mkdir -p "$scratch/numa"/node{0,1,2,3}
i=0
for list in 0-3,16-19 4-7,20-23 8-11 ''; do
  echo "$list" >"$scratch/numa/node$i/cpulist"
  i=$((i + 1))
done
for case in 0-23=3 0-3=1 3-4=2 17,22=2 5=1 0,8-9=2; do
  [ "$(domains "$scratch/numa" "${case%=*}")" = "${case#*=}" ] || fail "NUMA domains of ${case%=*}"
done
[ "$(domains "$scratch/none" 0-3)" = 1 ] || fail "no NUMA domains known: one rank"

# baseline.sbatch starts qhn baseline with its words as they are, and asks for another turn at 75.
fake ranks "printf '%s\\0' \"\$@\" >$scratch/calls/baseline; exit 75"
fake scontrol "[ \$1 = requeue ] || exec cat $scratch/job
printf '%s ' \"\$@\" >$scratch/calls/scontrol"
echo 'JobId=7 JobState=RUNNING Restarts=0 ' >"$scratch/job"
printf 'QHN_PROGRAM=%q\nQHN_LAUNCHER=mpirun\nQHN_MPIRUN=(ranks --some)\n' "$qhn" >"$scratch/site"
baseline() { (PATH="$scratch/bin:$PATH" QHN_SITE="$scratch/site" SLURM_JOB_ID=7 bash jobs/baseline.sbatch "$ROOT" "$@"); }
# shellcheck disable=SC2016
expect 75 baseline "$experiment" --method descent --set 'name="$(touch $PWNED)"'
[ "$(words baseline | tr '\n' '|')" = "--some|--bind-to|none|$qhn|baseline|$experiment|--method|descent|--set|name=\"\$(touch \$PWNED)\"|" ] ||
  fail "baseline.sbatch started: $(words baseline)"
[ "$(cat "$scratch/calls/scontrol")" = "requeue 7 " ] || fail "no turn asked for: $(cat "$scratch/calls/scontrol")"
echo 'QHN_REQUEUE=no' >>"$scratch/site"
rm "$scratch/calls/scontrol"
expect 75 baseline "$experiment"
[ ! -e "$scratch/calls/scontrol" ] || fail "a turn was asked for against the site's word"
sed -i '/QHN_REQUEUE/d' "$scratch/site"
echo 'JobId=7 JobState=COMPLETING Restarts=0 Reason=None ' >"$scratch/job"
expect 75 baseline "$experiment"
says "not finished: cancelled"
[ ! -e "$scratch/calls/scontrol" ] || fail "a cancelled job asked for another turn"
[ ! -e "$PWNED" ] || fail "a shell ran part of a name"

# A sweep is submitted whole, with the time of all its points.
forget
for count in 1000 20000; do
  expect 0 submit "$ROOT/jobs/experiments/gaussian-depth.toml" --machine "$epyc" --dry-run -- --restarts "$count"
  times+=("$(numbers "$output" | grep -e --time=)")
done
[ "${times[0]}" != "${times[1]}" ] || fail "the time does not depend on the restarts: ${times[*]}"
says "--job-name=qhn-gaussian-depth"
says "/results/gaussian-depth"
expect 2 submit "$ROOT/jobs/experiments/gaussian-depth.toml" --dry-run -- --set 'sweep.circuit.layers=[1, 0]'
says "layers=0"

# What a launcher returns decides nothing: the campaign is asked, of a task of an array for its slice.
echo 'JobId=7 JobState=RUNNING Restarts=0 ' >"$scratch/job"
sed 's/^train_samples.*//; /^seed = 1$/d' "$gaussian" >"$scratch/quick.toml"
fake ranks "while [ \$# -gt 0 ] && [ \$1 != '$qhn' ]; do shift; done
eval \"\$(cat $scratch/does)\"
exit \$(cat $scratch/code)"
campaign() { # CODE WHAT-IT-DOES WORD…
  echo "$1" >"$scratch/code" && echo "$2" >"$scratch/does" && shift 2
  rm -f "$scratch/calls/scontrol"
  (PATH="$scratch/bin:$PATH" SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=1 bash jobs/campaign.sbatch "$ROOT" "$scratch/quick.toml" \
    "--out=$scratch/c" "--site=$scratch/site" --runs=9 --ntasks=1 "$@" -- --restarts 6)
}
requeued() { grep -q requeue "$scratch/calls/scontrol" 2>/dev/null; }
some='"$@" --ids 0:4 >/dev/null 2>&1'
expect 75 campaign 0 :
requeued || fail "nothing was written, and the launcher's 0 was believed"
expect 2 campaign 2 :
expect 1 campaign 1 :
expect 9 campaign 9 :
if requeued; then fail "a launcher that fails at once was begun again"; fi
expect 75 campaign 9 "$some"
requeued || fail "9 after something was done: $output"
expect 9 campaign 9 :
for code in 0 75; do
  expect 75 campaign $code :
  requeued || fail "4 of 6 are done, and the launcher's $code was believed: $output"
done
# shellcheck disable=SC2016 # the launcher's own parent
expect 75 campaign 9 'kill -USR1 $PPID; sleep 1'
requeued || fail "9 after a signal: $output"
says "USR1: saving"
# Restarts 4 and 5 are the third of three tasks; the second is whole.
expect 0 campaign 75 : --array=3
if requeued; then fail "this task was complete: $output"; fi
for code in 0 75 9; do
  expect 0 campaign $code '"$@" >/dev/null 2>&1'
  if requeued; then fail "complete, and $code was believed: $output"; fi
done
