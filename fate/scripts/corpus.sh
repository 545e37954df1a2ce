#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# onedva-corpus: whatever is killed whenever, the next run goes on, and no finished file is made again.
# Other machines are this one: through ssh and through a Slurm of one node, both on the loopback device.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

command -v parallel > /dev/null || {
    echo "corpus: there is no GNU parallel; install parallel" >&2
    exit 1
}
stop_daemons() {
    for daemon in sshd slurmd slurmctld munged; do
        [ ! -s $daemon.pid ] || kill "$(cat $daemon.pid)"
    done
}
trap stop_daemons EXIT

# usage: corpus INPUT OUTPUT [OPTION...]
corpus() {
    "$root/tools/corpus/onedva-corpus" --ffmpeg "$ONEDVA_BIN/ffmpeg" "$@"
}

# usage: says TEXT COMMAND...; the command fails with that one line
says() {
    text=$1
    shift
    ! "$@" > said 2>&1 && cat said && [ "$(wc -l < said)" -eq 1 ] && grep -q -e "$text" said
}

# usage: finished OUTPUT; inode and name of each file under its own name
finished() {
    (cd "$1" && find . -name '[!.]*.odva' -not -path './.onedva-corpus/*' -printf '%i %p\n' | sort)
}

# usage: all_finished OUTPUT NUMBER; as many, all whole, nothing half done beside them
all_finished() {
    finished "$1" > list
    find "$1" -name '*.part' > parts
    cat list parts
    [ "$(wc -l < list)" -eq "$2" ] && [ ! -s parts ] &&
        cut -d ' ' -f 2- list | while read -r name; do
        [ "$(count "$1/$name")" -eq 30 ] || { echo "$name is not whole"; return 1; }
    done
}

mkdir -p videos/deep/er killed
for i in $(seq 6); do
    ffmpeg -f lavfi -i "testsrc2=size=176x144:rate=25,trim=start_frame=$i:end_frame=$((i + 30)),\
setpts=PTS-STARTPTS" -c:v mpeg4 "videos/deep/$i.mkv"
    cp "videos/deep/$i.mkv" "videos/deep/er/more of $i.mkv"
done
cp videos/deep/1.mkv "videos/- 'quoted' \"\$name\" é.mkv"
cp videos/deep/1.mkv videos/notes.txt
videos=13

# ---- killed and started again ----

# usage: session PID; its processes
session() {
    ps -o pid= -s "$1"
}

# usage: kill_some PID WHAT; the program alone, all it has started or one of these
kill_some() {
    case $2 in
    alone) kill -9 "$1" ;;
    all) session "$1" | xargs -r kill -9 ;;
    one) session "$1" | shuf -n 1 | xargs -r kill -9 ;;
    esac 2> /dev/null
}

# usage: random ROUND SECONDS; a time below that
random() {
    awk -v seed="$1" -v most="$2" 'BEGIN { srand(seed); rand(); print most * rand() }'
}

# However busy the machine is, a video takes longer than what follows takes to kill it.
cat > slow-ffmpeg << END
#!/bin/sh
sleep 0.5
exec "$ONEDVA_BIN/ffmpeg" "\$@"
END
chmod +x slow-ffmpeg

killed_everywhere() {
    : > seen
    interrupted=0
    for round in $(seq 40); do
        setsid "$root/tools/corpus/onedva-corpus" --ffmpeg "$PWD/slow-ffmpeg" --format odva --jobs 2 \
            videos killed -- -crf 30 -preset slow > run.log 2>&1 &
        leader=$!
        before=$(finished killed | wc -l)
        for _ in $(seq $((round % 2 * 200))); do
            [ "$(finished killed | wc -l)" -eq "$before" ] || break
            sleep 0.05
        done
        sleep "$(random "$round" 1)"
        case $((round % 4)) in
        0) kill_some $leader alone ;;
        1 | 3) kill_some $leader all ;;
        2) kill_some $leader one && sleep "$(random "$round" 0.5)" && kill_some $leader all ;;
        esac
        wait $leader
        finished killed >> seen
        [ "$(finished killed | wc -l)" -lt $videos ] || break
        interrupted=$((interrupted + 1))
    done
    echo "interrupted $interrupted times"
    while [ -n "$(session $leader)" ]; do sleep 0.1; done
    [ $interrupted -ge 3 ] && corpus videos killed --format odva -- -crf 30 -preset slow &&
        all_finished killed $videos && finished killed > found &&
        sort -u seen | comm -23 - found > made_again && cat made_again && [ ! -s made_again ]
}
check "killed at any point, nothing is lost or made twice" killed_everywhere

two_at_once() {
    corpus videos twice --format odva --jobs 1 > one.log 2>&1 &
    corpus videos twice --format odva --jobs 1 > two.log 2>&1
    wait
    cat one.log two.log
    all_finished twice $videos &&
        [ "$(sed -n 's/.*videos: \([0-9]*\) encoded.*/\1/p' one.log)" -le $videos ]
}
check "two runs at once" two_at_once

# ---- what it says ----

run_again() {
    corpus videos killed --format odva -- -crf 30 -preset slow > again
    cat again
    grep -x "$videos videos, $videos are there, 0 to do" again &&
        grep -x "$videos videos: 0 encoded, $videos were there, 0 failed" again
}
check "nothing to do" run_again

progress() {
    TERM=vt100 script -q -e -c "'$root/tools/corpus/onedva-corpus' --ffmpeg '$ONEDVA_BIN/ffmpeg' \
        --extensions mkv videos/deep/er shown" typescript > /dev/null && grep -a "\[####*\] 6/6 videos, [0-9.]* videos/" typescript
}
check "a bar on a terminal" progress

# usage: kept OUTPUT LOG; its one line of the end is true, and nothing goes on behind it
kept() {
    cat "$2"
    said=$(tr -d '\r' < "$2" | sed -n "s/^onedva-corpus: interrupted: \([0-9]*\) of $videos videos are kept in $1; the same command goes on$/\1/p")
    [ -n "$said" ] && [ "$said" -ge 1 ] && [ "$said" -lt $videos ] && [ "$(finished "$1" | wc -l)" -eq "$said" ] &&
        [ "$(grep -c -a 'interrupted\|Traceback' "$2")" -eq 1 ] && ! find "$1" -name '*.part' | grep . &&
        for _ in $(seq 50); do
            pgrep -af "$PWD/$1[/ ]" || return 0
            sleep 0.1
        done
    return 1
}
wait_for_one() {
    for _ in $(seq 200); do
        [ ! -d "$1" ] || [ "$(finished "$1" | wc -l)" -eq 0 ] || return 0
        sleep 0.1
    done
}
slowly="--ffmpeg $PWD/slow-ffmpeg --format odva --jobs 2 videos"
ctrl_c() {
    # what runs in the background ignores it
    (wait_for_one pressed && printf '\003' && sleep 2) |
        TERM=vt100 env --default-signal=INT script -q -e -c "'$root/tools/corpus/onedva-corpus' $slowly pressed" typescript > /dev/null
    kept pressed typescript
}
terminated() {
    # shellcheck disable=SC2086 # a list of options
    "$root/tools/corpus/onedva-corpus" $slowly terminated > run.log 2>&1 &
    wait_for_one terminated
    kill -TERM $! && ! wait $! && kept terminated run.log
}
# a job of GNU parallel's that is asked to end at any time, and more than once, as parallel does
impatiently() {
    video=$(tr '\0' '\n' < terminated/.onedva-corpus/pending | head -n 1)
    rm -f "terminated/$video.odva"
    for round in $(seq 12); do
        "$root/tools/corpus/onedva-corpus" --encode-video terminated "$video" &
        sleep "$(random "$round" 0.8)"
        while kill -TERM $! 2> /dev/null; do
            sleep 0.005
        done
        ! wait $! && ! pgrep -af "$PWD/terminated[/ ]" && ! find terminated -name '*.part' | grep . || return 1
    done
}
check "Ctrl-C: what is kept is told" ctrl_c
check "SIGTERM: what is kept is told" terminated
check "SIGTERM, again and again" impatiently

failures() {
    mkdir broken
    head -c 3000 /dev/urandom > broken/noise.mp4
    head -c 20000 videos/deep/1.mkv > broken/cut.mkv
    cp videos/deep/1.mkv broken/good.mkv
    ! corpus broken reported > said && cat said &&
        grep -x "failed: noise.mp4: .*" said && grep -x "damaged: cut.mkv: .*File ended prematurely.*" said &&
        grep -x "3 videos: 2 encoded, 0 were there, 1 failed" said &&
        sed 1d said | cmp - reported/.onedva-corpus/report &&
        cp videos/deep/2.mkv broken/noise.mp4 && corpus broken reported > said && cat said &&
        grep -x "3 videos: 1 encoded, 2 were there, 0 failed" said
}
check "failures are told, and tried again" failures

check "other settings" says "killed was begun with options \['-crf', '30', '-preset', 'slow'\], not \['-crf', '31'\]" \
    corpus videos killed --format odva -- -crf 31
check "no such input" says "nowhere is no folder" corpus nowhere out
check "input without videos" says "empty holds no videos" \
    sh -c "mkdir empty; '$root/tools/corpus/onedva-corpus' --ffmpeg '$ONEDVA_BIN/ffmpeg' empty out"
check "output that cannot be made" says "/proc/nowhere: No such file or directory" \
    corpus videos /proc/nowhere
check "no job" says "--jobs 0 is below 1" corpus videos out --jobs 0
check "no threads" says "--threads 0 is below 1" corpus videos out --threads 0
check "no ffmpeg" says "/nowhere is no program" corpus videos out --ffmpeg /nowhere
check "ffmpeg without One-DVA" says "/bin/true has no encoder onedva" corpus videos out --ffmpeg /bin/true
check "ssh and Slurm" says "--slurm and --sshlogin exclude each other" \
    corpus videos out --slurm --sshlogin :

# ---- other machines ----

daemons="needs root and daemons, which make check does not put onto a machine: tools/install-deps.sh cluster does"

# usage: port NUMBER; one that is likely to be free
port() {
    echo $((20000 + $$ % 20000 + $1))
}

start_sshd() {
    ssh-keygen -q -t ed25519 -N '' -f host_key && ssh-keygen -q -t ed25519 -N '' -f key &&
        mkdir -p /run/sshd && cat > sshd_config << END && cat > ssh_config << END
ListenAddress 127.0.0.1:$(port 0)
HostKey $work/host_key
AuthorizedKeysFile $work/key.pub
PidFile $work/sshd.pid
StrictModes no
UsePAM no
END
Host *
HostName 127.0.0.1
Port $(port 0)
IdentityFile $work/key
UserKnownHostsFile $work/known_hosts
StrictHostKeyChecking accept-new
LogLevel ERROR
END
    /usr/sbin/sshd -f sshd_config && PARALLEL_SSH="ssh -F $work/ssh_config"
    export PARALLEL_SSH
}

through_ssh() {
    start_sshd && corpus videos/deep far --format odva --sshlogin 1/first --sshlogin 1/second &&
        all_finished far 12 && cut -f 2 far/.onedva-corpus/joblog | sort | uniq -c &&
        [ "$(cut -f 2 far/.onedva-corpus/joblog | sort -u | grep -c -e first -e second)" -eq 2 ]
}
no_login() {
    ! corpus videos/deep/er nowhere --sshlogin 1/127.0.0.2:1 > said 2>&1
    cat said
    grep "6 videos: 0 encoded, 0 were there, 0 failed, 6 not reached" said
}
if [ "$(id -u)" -eq 0 ] && [ -x /usr/sbin/sshd ]; then
    check "two ssh logins" through_ssh
    check "a login that does not answer" no_login
else
    echo "skipped: ssh logins: $daemons"
fi

start_slurm() {
    node=$(hostname -s)
    mkdir state spool && head -c 1024 /dev/urandom > munge.key && chmod 600 munge.key &&
        /usr/sbin/munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
            --pid-file="$work/munged.pid" --log-file="$work/munged.log" \
            --seed-file="$work/munged.seed" && cat > slurm.conf << END
ClusterName=loopback
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(port 1)
SlurmdPort=$(port 2)
AuthInfo=socket=$work/munge.socket
SlurmUser=root
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=main Nodes=ALL Default=YES
END
    SLURM_CONF=$work/slurm.conf
    export SLURM_CONF
    slurmctld -c && slurmd && for _ in $(seq 50); do
        sinfo --noheader --states=idle | grep main && return
        sleep 0.2
    done
}

through_slurm() {
    start_slurm && corpus videos/deep array --format odva --slurm --jobs 2 && all_finished array 12
}
slurm_killed() {
    setsid "$root/tools/corpus/onedva-corpus" --ffmpeg "$ONEDVA_BIN/ffmpeg" --format odva --slurm \
        videos/deep queue > run.log 2>&1 &
    leader=$!
    for _ in $(seq 100); do
        [ "$(finished queue | wc -l)" -lt 2 ] || break
        sleep 0.1
    done
    kill_some $leader all
    wait $leader
    finished queue > seen
    [ "$(wc -l < seen)" -lt 12 ] && corpus videos/deep queue --format odva --slurm &&
        all_finished queue 12 && finished queue > found && [ -z "$(comm -23 seen found)" ]
}
if [ "$(id -u)" -eq 0 ] && command -v slurmctld > /dev/null; then
    check "Slurm array" through_slurm
    check "Slurm, killed and started again" slurm_killed
else
    echo "skipped: Slurm: $daemons"
fi

finish
