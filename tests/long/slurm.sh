#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/slurm/sweep.sh under a Slurm of one machine (slurmctld, slurmd and munged of this script's own, on loopback, no
# systemd): ranks by srun and by mpirun write the bytes of one process; a job that was cancelled or lost a rank keeps
# what it did, and the same command goes on. Where Slurm cannot start, everything is skipped.
set -u
: "${HOPSIM:?names the program}" "${B:?names the build folder}"
skip() {
    echo "skipped: $1"
    exit 77
}
[ "$(id -u)" -eq 0 ] || skip "Slurm's daemons need root"
for program in munged slurmctld slurmd sbatch srun mpicc mpirun; do
    command -v $program >/dev/null || skip "$program is not installed"
done

folder=$(mktemp -d) || exit 3
chmod 755 "$folder"
failed=0
daemons=
stop() { # PID: asked, and if it does not hear, made to
    kill "$1" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.25
    done
    kill -9 "$1" 2>/dev/null
}
finish() {
    [ -z "$(squeue -h 2>/dev/null)" ] || scancel --user=root 2>/dev/null
    for pid in $daemons; do
        stop "$pid"
    done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 3' HUP INT TERM
expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then echo "passed: $what"; else
        echo "failed: $what"
        failed=1
    fi
}

. tests/cli/with_ranks
build_with_ranks "$folder/hopsim" || {
    echo "failed: the program with ranks does not build"
    exit 1
}
script=$(pwd)/bench/slurm/sweep.sh
cd "$folder" || exit 3

# Ports that nobody listens on.
free_port() {
    port=$((20000 + $$ % 10000 + $1))
    while ss -Hltn "sport = :$port" | grep -q .; do
        port=$((port + 10))
    done
    echo $port
}
mkdir state spool munge
host=$(hostname -s)
cat >slurm.conf <<CONF
ClusterName=hopsim
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000
MpiDefault=none
SlurmctldPort=$(free_port 0)
SlurmdPort=$(free_port 1)
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=3
InactiveLimit=0
TmpFS=$folder
NodeName=node NodeHostname=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=65536 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$folder/slurm.conf" TMPDIR="$folder"
head -c 64 /dev/urandom >munge/key
chmod 700 munge/key
chmod 400 munge/key

ready() { # WHAT COMMAND...: within 30 s
    what=$1
    shift
    for _ in $(seq 120); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.25
    done
    tail -n 3 ./*.log munge/log 2>/dev/null | sed 's/^/  /'
    skip "$what does not start here"
}
munged -F --socket="$folder/munge/socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" >munged.log 2>&1 &
daemons="$!"
ready munged sh -c 'munge -n -S munge/socket | unmunge -S munge/socket'
slurmctld -D -f slurm.conf >slurmctld.out 2>&1 &
daemons="$! $daemons"
slurmd -D -N node -f slurm.conf >slurmd.out 2>&1 &
daemons="$! $daemons"
ready Slurm sh -c '[ "$(sinfo -h -o %T)" = idle ]'

export HOPSIM="$folder/hopsim" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_hwloc_base_binding_policy=none
write_rows_sweep rows.ini
sed 's/repetitions = 12/repetitions = 400/; s/, 20KiB, 100KiB/, 200KiB/' rows.ini >long.ini
for sweep in rows long; do
    "$folder/hopsim" sweep $sweep.ini -o $sweep-1 >/dev/null 2>err || { cat err; exit 1; }
done

submit() { # LAUNCH SWEEP FOLDER: its number
    LAUNCH=$1 sbatch --parsable -n 3 --output=job-%j.log "$script" "$2" "$3" || echo none
}
ended() { # JOB: has left the queue, completing too
    [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]
}
await() { # JOB: its last state and exit status
    for _ in $(seq 480); do
        ended "$1" && break
        sleep 0.25
    done
    scontrol show job "$1" | tr ' ' '\n' | sed -n 's/^JobState=//p; s/^ExitCode=//p' | tr '\n' ' '
}
same() { # ONE OTHER
    cmp -s "$1/trials.csv" "$2/trials.csv" && cmp -s "$1/summary.csv" "$2/summary.csv"
}

for launch in srun mpirun; do
    job=$(submit $launch rows.ini rows-$launch)
    state=$(await "$job")
    expect "three ranks by $launch: the job ends well ($state)" [ "$state" = "COMPLETED 0:0 " ]
    [ "$state" = "COMPLETED 0:0 " ] || sed 's/^/  /' "job-$job.log"
    expect "three ranks by $launch: it says how many there are" grep -q "3 ranks by $launch" "job-$job.log"
    expect "three ranks by $launch write the bytes of one process" same rows-1 rows-$launch
done

# disturb NAME COMMAND...: what is done to the job number that comes behind, once some rows are written
disturb() {
    name=$1
    shift
    job=$(submit srun long.ini long-$name)
    for _ in $(seq 400); do
        [ "$(cat long-$name/trials.csv 2>/dev/null | wc -l)" -gt 60 ] && break
        sleep 0.05
    done
    "$@" "$job"
    state=$(await "$job")
    rows=$(cat long-$name/trials.csv | wc -l)
    expect "$name: the job did not end well ($state)" [ "${state%% *}" != COMPLETED ]
    head -c "$(wc -c <long-$name/trials.csv)" long-1/trials.csv >front
    expect "$name: what was done is kept ($rows of $(wc -l <long-1/trials.csv) lines)" cmp -s front long-$name/trials.csv
    expect "$name: there is no summary" [ ! -e long-$name/summary.csv ]
    job=$(submit srun long.ini long-$name)
    state=$(await "$job")
    expect "$name: the same command goes on ($state)" [ "$state" = "COMPLETED 0:0 " ]
    [ "$state" = "COMPLETED 0:0 " ] || sed 's/^/  /' "job-$job.log"
    expect "$name: and writes the bytes of one process" same long-1 long-$name
}
kill_a_rank() { # the last process that runs this folder's program
    kill -9 "$(pgrep -f "^$folder/hopsim sweep" | tail -n 1)"
}
disturb cancelled scancel
disturb "rank-dead" kill_a_rank

expect "no job is left" ended "$job"
pids=$daemons
for pid in $pids; do
    stop "$pid"
done
daemons=
left=$(pgrep -f "$folder" | grep -v "^$$\$" | tr '\n' ' ')
expect "no process is left" [ -z "$left" ]
exit $failed
