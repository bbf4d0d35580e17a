# Functions shared by jobs/submit and the batch scripts, which all read the same arguments. To be
# sourced after lib.sh. All values are passed as words of argument lists; no text of an experiment is
# evaluated as shell code.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154,SC2317

# site_defaults: defaults of the settings in jobs/site (or $QHN_SITE), see jobs/site.example.
site_defaults() {
  QHN_SBATCH=() QHN_LAUNCHER=srun QHN_SRUN=(--mpi=pmix) QHN_MPIRUN=(mpirun) QHN_REQUEUE=yes
  QHN_MACHINE='' QHN_NODE=() QHN_PROGRAM=${QHN_PROGRAM:-}
  site_environment() { :; }
}

# read_site FILE: reads the site file with -u and -e off, because `module` and `spack` fail with them.
read_site() {
  site_defaults
  [ -n "$1" ] || return 0
  [ -r "$1" ] || die "$1: cannot read the site file"
  set +eu
  # shellcheck source=/dev/null
  . "$1"
  set -eu
}

enter_site() {
  set +eu
  site_environment
  set -eu
  find_program
}

# find_program: makes QHN_PROGRAM an absolute path; the site file or the environment may have set it.
find_program() {
  local wanted=${QHN_PROGRAM:-}
  if [ -n "$wanted" ]; then
    if ! QHN_PROGRAM=$(command -v -- "$wanted") || [ ! -f "$QHN_PROGRAM" ]; then
      die "QHN_PROGRAM=$wanted (site file or environment): no such program; correct it, or leave it out for $ROOT/build/release/bin/qhn or the qhn on PATH"
    fi
  elif [ -x "$ROOT/build/release/bin/qhn" ]; then
    QHN_PROGRAM=$ROOT/build/release/bin/qhn
  else
    QHN_PROGRAM=$(command -v qhn) ||
      die "no qhn: build it (jobs/quickstart.sh), or set QHN_PROGRAM in the site file or the environment"
  fi
  QHN_PROGRAM=$(realpath -s -- "$QHN_PROGRAM")
}

# safe TEXT: prints it with characters replaced that are unsafe in names of jobs and folders.
safe() { tr -c 'A-Za-z0-9._\n-' _ <<<"$1" | sed 's/^[.-]/_/'; }

# read_arguments ARGUMENT…: sets experiment, out, site, launcher, tasks (0: no array), at_once, only,
# runs, dry_run, whole_nodes, resources (options of sbatch), plan (of `qhn plan`), train (of `qhn
# train`), and given: the options that a resubmitted job repeats.
read_arguments() {
  experiment='' out='' site='' launcher='' tasks=0 at_once='' only='' runs=100 dry_run=0 whole_nodes=1
  resources=() report_resources=() plan=() train=() given=()
  local key value nodes=1 ranks=0
  while [ $# -gt 0 ]; do
    key=$1
    value=
    case $key in
      --) shift && train=("$@") && break ;;
      --dry-run) dry_run=1 && shift && continue ;;
      --mpirun) launcher=mpirun && given+=(--mpirun) && shift && continue ;;
      --*=*) value=${key#*=} key=${key%%=*} && shift ;;
      --*)
        [ $# -ge 2 ] || usage_error "$key needs a value"
        value=$2 && shift 2
        ;;
      *)
        [ -z "$experiment" ] || usage_error "more than one experiment: found also '$key'"
        experiment=$key && shift && continue
        ;;
    esac
    case $key in
      --out) out=$value && continue ;;
      --site) site=$value && continue ;;
      --only) only=$value && continue ;;
      --runs)
        runs=$(number "$key" "$value")
        continue
        ;;
      --array)
        if [[ $value == *%* ]]; then at_once=$(number "$key" "${value#*%}"); fi
        tasks=$(number "$key" "${value%%%*}")
        continue
        ;;
      --nodes) nodes=$(number "$key" "$value") ;;
      --ntasks | --ntasks-per-node | --cpus-per-task)
        value=$(number "$key" "$value")
        whole_nodes=0
        resources+=("$key=$value")
        case $key in
          --ntasks) ranks=$value ;;
          --ntasks-per-node) ranks=-$value ;;
          --cpus-per-task) plan+=("--threads=$value") ;;
        esac
        ;;
      --machine)
        value=$(realpath -m -- "$value")
        plan+=("$key=$value")
        ;;
      --time | --mem | --mem-per-cpu) resources+=("$key=$value") ;;
      --account | --partition | --qos | --constraint)
        resources+=("$key=$value") report_resources+=("$key=$value")
        ;;
      --sbatch) resources+=("$value") ;;
      *) usage_error "unknown option $key (see jobs/submit --help)" ;;
    esac
    given+=("$key=$value")
  done
  [ -n "$experiment" ] || usage_error "no experiment given"
  plan+=("--nodes=$nodes")
  if [ "$ranks" -lt 0 ]; then
    plan+=("--ranks=$((-ranks * nodes))")
  elif [ "$ranks" -gt 0 ]; then # rounded up to the same number on every node
    plan+=("--ranks=$(((ranks + nodes - 1) / nodes * nodes))")
  fi
  # Without options for tasks: whole nodes.
  [ "$whole_nodes" = 0 ] || resources+=(--exclusive)
}

# read_train WORD…: sets, from the options of `qhn train`, sets (for qhn validate and plan), restarts
# (empty: as in the file), and adds to plan.
read_train() {
  sets=() restarts=''
  while [ $# -gt 0 ]; do
    case $1 in
      --set) sets+=(--set "${2:-}") ;;
      --set=*) sets+=("$1") ;;
      --restarts) restarts=${2:-} ;;
      --restarts=*) restarts=${1#*=} ;;
      --engine) sets+=(--set "engine.kind=${2:-}") ;;
      --engine=*) sets+=(--set "engine.kind=${1#*=}") ;;
      --precision) sets+=(--set "engine.precision=${2:-}") ;;
      --precision=*) sets+=(--set "engine.precision=${1#*=}") ;;
      --ranks-per-state) plan+=("--ranks-per-state=${2:-}") ;;
      --ranks-per-state=*) plan+=("$1") ;;
      --out | --out=* | --array-task* | --ids*) usage_error "after --: found '$1'; allowed: options that jobs/submit does not set itself" ;;
    esac
    shift
  done
}

# count_of RESOLVED: prints the number of restarts in the output of qhn validate; nothing if a stopping
# rule ends the campaign.
count_of() { sed -n '/^\[restarts\]/,/^\[[^r]/s/^count = //p' <<<"$1"; }

# mebibytes SIZE: prints a size of sbatch (a number of MiB, or one with K, M, G or T) in MiB.
mebibytes() {
  local number=${1%[KkMmGgTt]}
  case $number in '' | *[!0-9]*) return 1 ;; esac
  case $1 in
    *[Kk]) echo $(((number + 1023) / 1024)) ;;
    *[Gg]) echo $((number * 1024)) ;;
    *[Tt]) echo $((number * 1024 * 1024)) ;;
    *) echo "$number" ;;
  esac
}

# require_memory LINES: ends with an error if --mem or --mem-per-cpu is below the memory in the output
# LINES of `qhn plan`. 0 means all memory of a node.
require_memory() {
  local planned word asked cpus=1 ranks=1 option
  planned=$(sed -n 's/^--mem=\([0-9]*\)M$/\1/p' <<<"$1")
  [ -n "$planned" ] || return 0
  for word in $1 "${QHN_SBATCH[@]}" "${resources[@]}"; do
    case $word in
      --cpus-per-task=*) cpus=${word#*=} ;;
      --ntasks-per-node=*) ranks=${word#*=} ;;
    esac
  done
  for word in "${QHN_SBATCH[@]}" "${resources[@]}"; do
    case $word in --mem=* | --mem-per-cpu=*) ;; *) continue ;; esac
    option=${word%%=*}
    asked=$(mebibytes "${word#*=}") || continue
    [ "$asked" -gt 0 ] || continue
    if [ "$option" = --mem-per-cpu ]; then asked=$((asked * cpus * ranks)); fi
    [ "$asked" -ge "$planned" ] || usage_error "$word is $asked MiB on a node, and qhn plan counts $planned MiB; allowed: at least that, or no $option"
  done
}

# add_planned LINES: adds those options of sbatch in the output of `qhn plan` that the user did not set.
add_planned() {
  local line chosen=" ${resources[*]} ${QHN_SBATCH[*]}" unchosen=()
  while read -r line; do
    case $line in
      '') continue ;;
      --ntasks-per-node=*) case $chosen in *" --ntasks="* | *" --ntasks-per-node="*) continue ;; esac ;;
      --mem=*) case $chosen in *" --mem="* | *" --mem-per-cpu="*) continue ;; esac ;;
      *) case $chosen in *" ${line%%=*}="*) continue ;; esac ;;
    esac
    unchosen+=("$line")
  done <<<"$1"
  resources=("${unchosen[@]}" "${resources[@]}")
}

# this_cluster [--partition=P]: prints options of `qhn plan` for the smallest nodes of a partition, from
# sinfo. If Slurm's processors are hardware threads, a last line --hint=nomultithread gives each thread
# of a rank a core of its own. Sockets stand for NUMA domains, which sinfo does not report. If a site
# configures only processors, sockets have one core; if it configures no memory, sinfo reports 1 MiB.
this_cluster() {
  command -v sinfo >/dev/null || return 0
  timeout 10 sinfo --noheader --exact "$@" --format='%c %m %X %Y %P' 2>/dev/null | tr -d + |
    awk -v chosen=$# 'chosen || $5 ~ /\*$/' | sort -n | awk 'NR == 1 {
      cores = $3 * $4 > 0 && $3 * $4 < $1 ? $3 * $4 : $1
      print "--cores=" cores
      if ($2 > 1) print "--memory=" $2 "M"
      print "--domains=" ($4 > 1 ? $3 : 1)
      if (cores < $1) print "--hint=nomultithread"
    }' || :
}

number() {
  case $2 in '' | *[!0-9]* | 0*) usage_error "$1: found '$2'; allowed: a whole number above 0" ;; esac
  echo "$2"
}

usage_error() {
  printf 'submit: %s\n' "$*" >&2
  exit 2
}

# numa_domains ROOT ALLOWED: prints how many NUMA domains in ROOT (such as /sys/devices/system/node)
# have one of the processors ALLOWED (such as 0-3,8).
numa_domains() {
  local root=$1 allowed=$2 list domains=0 domain
  for domain in "$root"/node[0-9]*/cpulist; do
    [ -r "$domain" ] || continue
    list=$(cat "$domain")
    if overlap "$allowed" "$list"; then domains=$((domains + 1)); fi
  done
  [ "$domains" -gt 0 ] || domains=1
  echo "$domains"
}

# overlap 0-3,8 4-9: true if two lists of processors have one in common.
overlap() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    n = split(a, p, ","); m = split(b, q, ",")
    for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) {
      if (split(p[i], x, "-") < 2) x[2] = x[1]
      if (split(q[j], y, "-") < 2) y[2] = y[1]
      if (x[1] + 0 <= y[2] + 0 && y[1] + 0 <= x[2] + 0) exit 0
    }
    exit 1
  }'
}

my_numa_domains() {
  numa_domains /sys/devices/system/node "$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)"
}

# run_ranks COMMAND…: runs it in a batch script. Sets `code` to its exit code, and `warned` to 1 if a
# signal arrived. The program runs in the background, because traps run only between foreground
# commands. Every signal is forwarded as USR1: on TERM both srun and mpirun kill their ranks at once.
run_ranks() {
  local again
  signalled=0 warned=0 program='' code=0
  trap 'forward USR1' USR1
  trap 'forward TERM' TERM
  "$@" &
  program=$!
  wait "$program" || code=$?
  while [ "$signalled" = 1 ]; do # the trap ended the wait; the program runs
    signalled=0 again=0 warned=1
    wait "$program" || again=$?
    [ "$again" = 127 ] || code=$again # 127: it had ended already
  done
  program=
}

# settle COMMAND…: decides what follows run_ranks. The launcher's exit code does not show the state of
# the campaign: after a signal Hydra ends with 0, 9 or 75 by chance. The exit code of COMMAND does (0:
# complete, 75: incomplete, 2: nothing written yet). Returns if the job should be started again. Else
# ends the script: with 0 if the campaign is complete, with the launcher's code after a failure.
settle() {
  local asked=0
  if [ "$warned" = 0 ]; then # exit codes of qhn: a failure, a user error
    case $code in 1 | 2) exit "$code" ;; esac
  fi
  "$@" || asked=$?
  if [ "$asked" = 0 ]; then
    [ "$code" = 0 ] || echo "complete; the launcher's exit code $code is ignored"
    exit 0
  fi
  [ "$warned" = 0 ] || return 0
  case $code in
    0 | 75) ;;
    # A rank was killed, or the code is the launcher's own. Without progress another run will not help.
    *) if [ "$(finished)" -le "$finished_before" ]; then exit "$code"; fi ;;
  esac
}
# finished: prints the number of finished restarts in the folder `out`, 0 if it holds no campaign.
finished() {
  local n=0
  if [ -d "${out:-}" ]; then
    n=$("$QHN_PROGRAM" status "$out" 2>/dev/null | sed -n 's/.*: \([0-9]*\) of .* restarts done.*/\1/p' | head -n 1)
  fi
  echo "${n:-0}"
}
forward() {
  signalled=1
  echo "== $(date -u +%FT%TZ) $1: saving =="
  [ -z "$program" ] || kill -USR1 "$program" 2>/dev/null || :
}

# may_begin_again: false, with the reason printed, if Slurm has requeued this job already or its user
# has cancelled it. Every job that Slurm ends is COMPLETING; other fields show the reason.
may_begin_again() {
  local words
  words=" $(scontrol show job -o "$SLURM_JOB_ID") " || words=' JobState=unknown '
  case $words in
    *" Restarts=$((${SLURM_RESTART_COUNT:-0} + 1)) "*)
      echo "not finished: preempted and requeued by Slurm"
      return 1
      ;;
    *" JobState=COMPLETING "* | *" JobState=CANCELLED "*)
      case $words in
        *" Reason=TimeLimit "* | *" PreemptTime="[0-9]*) ;;
        *)
          echo "not finished: cancelled; the same command resumes it"
          return 1
          ;;
      esac
      ;;
  esac
}
