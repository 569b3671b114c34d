"""A stand-in for Slurm: the five commands that submitit calls, which run jobs on this machine immediately."""

from pathlib import Path

COMMANDS = {
    'sbatch': """\
mkdir -p "$CLUSTER"
id=$(( $(ls "$CLUSTER" | wc -l) + 1 ))
mkdir "$CLUSTER/$id"; cp "$1" "$CLUSTER/$id/script"; echo RUNNING > "$CLUSTER/$id/state"
export SLURM_JOB_ID=$id SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1 SLURM_JOB_NODELIST=here
setsid bash -c '
    echo $$ > "$CLUSTER/$SLURM_JOB_ID/pid"
    while :; do
        if bash "$CLUSTER/$SLURM_JOB_ID/script"; then end=COMPLETED; else end=FAILED; fi
        [ -e "$CLUSTER/$SLURM_JOB_ID/again" ] || break
        rm "$CLUSTER/$SLURM_JOB_ID/again"
    done
    grep -q CANCELLED "$CLUSTER/$SLURM_JOB_ID/state" || echo $end > "$CLUSTER/$SLURM_JOB_ID/state"
' < /dev/null > "$CLUSTER/$id/out" 2>&1 &
echo "Submitted batch job $id"
""",
    'srun': """\
while [ $# -gt 0 ]; do
    case "$1" in --unbuffered) shift;; --output|--error) shift 2;; *) break;; esac
done
SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0 exec "$@"
""",
    'sacct': """\
echo 'JobID|State|NodeList'
while [ $# -gt 0 ]; do
    if [ "$1" = -j ]; then echo "$2|$(cat "$CLUSTER/$2/state")|here"; shift; fi
    shift
done
""",
    'scancel': """\
id=$1; [ "$1" = --signal ] && id=$3
echo CANCELLED > "$CLUSTER/$id/state"
kill -TERM -- -"$(cat "$CLUSTER/$id/pid")"
sleep 0.2; kill -KILL -- -"$(cat "$CLUSTER/$id/pid")" 2> /dev/null
""",
    'scontrol': """\
[ "$1" = requeue ] && touch "$CLUSTER/$2/again"
""",
}


def stand_in(folder: Path, monkeypatch) -> Path:
    """Put the commands into the PATH; returns the folder that contains one folder per job."""
    bin, cluster = folder / 'bin', folder / 'cluster'
    bin.mkdir()
    for name, text in COMMANDS.items():
        (bin / name).write_text(f'#!/bin/bash\n{text}')
        (bin / name).chmod(0o755)
    monkeypatch.setenv('CLUSTER', str(cluster))
    monkeypatch.setenv('PATH', str(bin), prepend=':')
    return cluster
