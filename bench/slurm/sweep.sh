#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#SBATCH --job-name=hopsim
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=hopsim-%j.log
# sweep.sh - a sweep by several ranks as a job of Slurm:
#
#     make MPI=1 && sbatch -n 64 bench/slurm/sweep.sh bench/sweeps/rtt.ini results/rtt
#
# The first word is the sweep's file, the second the folder of results, on a disk that all nodes share; what follows goes
# to `hopsim sweep`. A folder that is there is gone on with, so a job that ran into its time limit, lost a node or was
# requeued is the same command again. Whatever stands above as #SBATCH can be given to sbatch instead.
#
# HOPSIM names the program (build/hopsim); LAUNCH is srun or mpirun: unless given srun where Slurm has PMIx, which
# OpenMPI needs under it. Rank 0 alone writes: rows it has synced survive whatever happens to the job.
set -eu
[ $# -ge 2 ] || {
    echo "usage: sbatch [-n RANKS] bench/slurm/sweep.sh SWEEP FOLDER [OPTION...]" >&2
    exit 2
}
sweep=$1 folder=$2
shift 2
: "${HOPSIM:=build/hopsim}" "${LAUNCH:=}"

if [ -z "$LAUNCH" ]; then
    case $(srun --mpi=list 2>&1) in
    *pmix*) LAUNCH=srun ;;
    *) LAUNCH=mpirun ;;
    esac
fi
if [ -d "$folder" ]; then
    set -- --resume "$@"
fi
set -- "$HOPSIM" sweep "$sweep" -o "$folder" "$@"
echo "$(date '+%F %T') ${SLURM_NTASKS:-?} ranks by $LAUNCH: $*"
case $LAUNCH in
srun) exec srun --mpi=pmix --kill-on-bad-exit=1 "$@" ;;
mpirun) exec mpirun "$@" ;;
esac
echo "LAUNCH=$LAUNCH: expected srun or mpirun" >&2
exit 2
