# A private Slurm on this machine, without systemd or root: munged, slurmctld and one slurmd for each of
# two virtual nodes, on loopback and below one scratch folder. Source it; start_cluster and stop_cluster.
# shellcheck shell=bash

# start_cluster DIR CPUS: two nodes of CPUS each, idle when this returns. DIR is short: the path of a
# unix socket ends at 107 bytes. Leaves SLURM_CONF exported.
start_cluster() {
  cluster=$1
  local cpus=$2 host port node memory plugin=task/affinity daemon
  host=$(hostname -s)
  [ "$cpus" -le "$(env -u OMP_NUM_THREADS nproc)" ] || plugin=task/none # nobody can be bound to an invented processor
  memory=$(awk '/^MemTotal/ { print int($2 / 1024 * 0.45) }' /proc/meminfo)
  mkdir -p "$cluster"/{munge,state,log,spool,tmp/a,tmp/b}
  chmod 700 "$cluster/munge"
  for ((port = 21000 + $$ % 400 * 100; port < 65000; port += 3)); do
    if ! { taken "$port" || taken $((port + 1)) || taken $((port + 2)); }; then break; fi
  done

  cat >"$cluster/slurm.conf" <<CONF
ClusterName=qhn
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool/%n
TmpFS=$cluster/tmp/%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.%n.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=$plugin
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
MinJobAge=3600
MailProg=/bin/true
NodeName=a,b NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)),$((port + 2)) CPUs=$cpus RealMemory=$memory State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=test Nodes=a,b Default=YES MaxTime=60 State=UP PriorityTier=1
PartitionName=urgent Nodes=a,b MaxTime=60 State=UP PriorityTier=2
CONF
  export SLURM_CONF=$cluster/slurm.conf

  (umask 077 && head -c 128 /dev/urandom >"$cluster/munge/key")
  daemons=()
  launch munged munged --foreground --force --key-file="$cluster/munge/key" --socket="$cluster/munge/socket" \
    --pid-file="$cluster/munge/pid" --seed-file="$cluster/munge/seed" --log-file="$cluster/munge/log"
  until_true 10 test -S "$cluster/munge/socket"
  launch slurmctld slurmctld -D -f "$SLURM_CONF"
  for node in a b; do
    mkdir -p "$cluster/spool/$node"
    launch "slurmd.$node" slurmd -D -N "$node" -f "$SLURM_CONF"
  done
  until_true 30 both_idle || {
    for daemon in "$cluster"/log/*; do echo "== $daemon" && tail -n 10 "$daemon"; done >&2
    return 1
  }
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
both_idle() { [ "$(sinfo --noheader --Node --partition=test --states=idle 2>/dev/null | wc -l)" = 2 ]; }

# launch NAME COMMAND…: a daemon, in a session of its own so that Ctrl-C leaves it to stop_cluster.
launch() {
  local name=$1
  shift
  setsid "$@" </dev/null >"$cluster/log/$name.out" 2>&1 &
  daemons+=($!)
}

# until_true SECONDS COMMAND…: waits for it to succeed.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

no_jobs() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }

# Jobs first, then the daemons in the reverse order, each by its number; a daemon that will not end is
# killed, and so is what it leaves behind: step managers and jobs that know this slurm.conf.
stop_cluster() {
  local i process
  scancel --quiet --user="$(id -un)" 2>/dev/null || :
  until_true 10 no_jobs || :
  for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do
    kill "${daemons[i]}" 2>/dev/null || continue
    until_true 5 ended "${daemons[i]}" || kill -KILL "${daemons[i]}" 2>/dev/null || :
  done
  for process in /proc/[0-9]*; do
    [ "$process" != /proc/$$ ] || continue
    if grep -qxzF "SLURM_CONF=$SLURM_CONF" "$process/environ" 2>/dev/null; then
      kill -KILL "${process#/proc/}" 2>/dev/null || :
    fi
  done
}
ended() { ! kill -0 "$1" 2>/dev/null; }
