# Shared by jobs/submit and the batch scripts, which all read the same arguments: source it after
# lib.sh, it does nothing by itself. Everything travels as words of an argument list; no text from an
# experiment is ever read as shell code.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154,SC2317

# site_defaults: what jobs/site (or $QHN_SITE) may change; jobs/site.example explains each.
site_defaults() {
  QHN_SBATCH=() QHN_LAUNCHER=srun QHN_SRUN=(--mpi=pmix) QHN_MPIRUN=(mpirun) QHN_REQUEUE=yes
  QHN_MACHINE='' QHN_NODE=() QHN_PROGRAM=${QHN_PROGRAM:-}
  site_environment() { :; }
}

# read_site FILE: with -u and -e off, because `module` and `spack` break under them.
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

# find_program: leaves an absolute path in QHN_PROGRAM, which the site file or the environment may have set.
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

# safe TEXT: fit for the name of a job or a folder.
safe() { tr -c 'A-Za-z0-9._\n-' _ <<<"$1" | sed 's/^[.-]/_/'; }

# read_arguments ARGUMENT…: sets experiment, out, site, launcher, tasks (0: no array), at_once, only,
# runs, dry_run, whole_nodes, resources (options of sbatch), plan (of `qhn plan`), train (of `qhn
# train`), and given: those of the options that a job which begins again repeats.
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
        [ -z "$experiment" ] || usage_error "one experiment, found also '$key'"
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
  [ -n "$experiment" ] || usage_error "no experiment"
  plan+=("--nodes=$nodes")
  if [ "$ranks" -lt 0 ]; then
    plan+=("--ranks=$((-ranks * nodes))")
  elif [ "$ranks" -gt 0 ]; then # planned as if all nodes were as full as the fullest
    plan+=("--ranks=$(((ranks + nodes - 1) / nodes * nodes))")
  fi
  # Without a word about tasks: whole nodes.
  [ "$whole_nodes" = 0 ] || resources+=(--exclusive)
}

# read_train WORD…: the options of `qhn train` as far as others must know them: sets (for qhn validate and
# plan), restarts (empty: the file's), and what goes to plan.
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
      --out | --out=* | --array-task* | --ids*) usage_error "$1 is submit's own business" ;;
    esac
    shift
  done
}

# count_of RESOLVED: how many restarts an experiment asks for, as qhn validate shows it; nothing where a
# rule ends it.
count_of() { sed -n '/^\[restarts\]/,/^\[[^r]/s/^count = //p' <<<"$1"; }

# mebibytes SIZE: of a size as sbatch takes it (a number of MiB, or one with K, M, G or T).
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

# require_memory LINES: refuses a --mem or --mem-per-cpu below what `qhn plan` counted (LINES as for
# add_planned). 0 means all that a node has.
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

# add_planned LINES: of the options of sbatch that `qhn plan` found, those that nobody chose.
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

# this_cluster [--partition=P]: what Slurm says of its smallest nodes there, for `qhn plan`; with one more
# line, --hint=nomultithread, where its processors are hardware threads: a rank's threads then get a core
# each. Sockets stand for NUMA domains, the nearest thing that Slurm knows; a site that names only
# processors has sockets of one core, and one that names no memory has 1 MiB.
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

# numa_domains ROOT ALLOWED: how many of the NUMA domains below ROOT (as /sys/devices/system/node) hold
# one of the processors ALLOWED (as 0-3,8).
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

# overlap 0-3,8 4-9: have two lists of processors one in common?
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

# run_ranks COMMAND…: runs it in a batch script and leaves its exit code in `code`, and in `warned` whether a
# signal came meanwhile. A trap runs between foreground commands only, so the program is in the
# background. It always gets USR1: on TERM both srun and mpirun kill their ranks at once.
run_ranks() {
  local again
  signalled=0 warned=0 program='' code=0
  trap 'forward USR1' USR1
  trap 'forward TERM' TERM
  "$@" &
  program=$!
  wait "$program" || code=$?
  while [ "$signalled" = 1 ]; do # the trap ended the wait, not the program
    signalled=0 again=0 warned=1
    wait "$program" || again=$?
    [ "$again" = 127 ] || code=$again # 127: it had ended already
  done
  program=
}

# settle COMMAND…: after run_ranks. What a launcher returns is no word of the campaign's: after a signal
# Hydra ends with 0, 9 or 75 by chance. COMMAND asks the campaign (0: complete, 75: not, 2: nothing is
# there yet). Returns where the job should begin again, and ends the script where not: with 0 where the
# campaign is complete, else with the launcher's code, which tells of a failure.
settle() {
  local asked=0
  if [ "$warned" = 0 ]; then # qhn's own words for a failure and for a mistake
    case $code in 1 | 2) exit "$code" ;; esac
  fi
  "$@" || asked=$?
  if [ "$asked" = 0 ]; then
    [ "$code" = 0 ] || echo "complete, whatever the launcher's exit code $code means"
    exit 0
  fi
  [ "$warned" = 0 ] || return 0
  case $code in
    0 | 75) ;;
    # Some rank was killed, or the launcher makes it up: where nothing more was done, again will not help.
    *) if [ "$(finished)" -le "$finished_before" ]; then exit "$code"; fi ;;
  esac
}
# finished: how many restarts the folder `out` holds, 0 where it is no campaign's.
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

# may_begin_again: false, with the reason printed, where Slurm has requeued this job already or its user
# has cancelled it. A job that Slurm is ending says COMPLETING, whatever for: its other words tell which.
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
          echo "not finished: cancelled; the same command goes on where this stopped"
          return 1
          ;;
      esac
      ;;
  esac
}
