# Runs one PostgreSQL server for a test process, and removes it when that process ends, even by a
# kill: stdin ends when the process ends.
#
#   sh -c "$(cat supervisor.sh)" supervisor BIN PLACE DATA_IN WAL_IN PRIMARY ACCESS SETTINGS
#
# BIN is the directory of initdb and postgres. PLACE is `memory`, `disk`, or the parent of the
# server's directory. DATA_IN and WAL_IN are parent directories for the data and the write-ahead
# log, or empty. PRIMARY is the port of the primary of a standby, or empty. ACCESS are lines for
# pg_hba.conf, SETTINGS for postgresql.conf.
#
# Every line of stdin is a command: `start PORT`, `stop SIGNAL` or `signal SIGNAL`. The answer on
# stdout is `ok` and the process ID of the postmaster, if it runs, or error messages and `failed`.
# The first answer, `ok DIRECTORY`, is sent without a command.

# shellcheck shell=sh
bin=$1 place=$2 data_in=$3 wal_in=$4 primary=$5 access=$6 settings=$7 dir='' pid=''

main() {
    exec 2>&1
    trap '' PIPE
    trap remove EXIT
    trap 'exit 1' HUP INT TERM
    if create; then echo "ok $dir"; else echo failed; fi
    while read -r command; do
        if $command; then echo "ok $pid"; else echo failed; fi
    done
}

create() {
    name=tasktrail-postgres.XXXXXX
    # The account that runs this may have no access to TMPDIR.
    dir=$(mktemp -d "$(parent)/$name" || mktemp -d "/tmp/$name") &&
        mkfifo "$dir/alive" &&
        link_to data "$data_in" && link_to wal "$wal_in" &&
        if [ -n "$primary" ]; then copy; else initialise; fi &&
        printf '%s\n' "unix_socket_directories = '$dir'" "$settings" >>"$dir/data/postgresql.conf"
}

link_to() {
    [ -z "$2" ] || { away=$(mktemp -d "$2/$name") && ln -s "$away" "$dir/$1"; }
}

# A separate disk holds the data only: when it is full, the write-ahead log must not be affected.
initialise() {
    if [ -n "$data_in$wal_in" ]; then set -- --waldir "$dir/wal"; else set --; fi
    "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync "$@" &&
        # The first matching line applies.
        printf '%s\n' "$access" | cat - "$dir/data/pg_hba.conf" >"$dir/access" &&
        mv "$dir/access" "$dir/data/pg_hba.conf"
}

# A replication slot retains the changes that the standby has not received yet.
copy() {
    "$bin/pg_basebackup" -d "host=127.0.0.1 port=$primary user=postgres" -D "$dir/data" \
        --no-password --no-sync -R -X stream -c fast -C -S "standby_$$"
}

# Every new database creates hundreds of files, which is several times faster in memory than on
# some disks.
parent() {
    room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ "${place#/}" != "$place" ]; then
        echo "$place"
    elif [ -n "$TMPDIR" ]; then
        echo "$TMPDIR"
    elif [ "$place" = memory ] && [ "${room:-0}" -gt 2000000 ]; then
        echo /dev/shm
    else
        echo /tmp
    fi
}

start() {
    [ -z "$pid" ] || stop INT
    # Every process of the server holds `alive` open: see `ended`.
    "$bin/postgres" -D "$dir/data" -p "$1" </dev/null >>"$dir/log" 2>&1 3<>"$dir/alive" &
    pid=$!
    ready || { stop QUIT; tail -n 30 "$dir/log"; return 1; }
}

# Waits about half a minute, longer on a busy machine.
ready() {
    tries=2000
    until [ "$(status)" = "$pid ready" ]; do
        kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.01
    done
}

# Process ID and state of the last server that started, which may be an earlier one.
status() {
    awk 'NR == 1 { pid = $1 } NR == 8 { print pid, $1 }' "$dir/data/postmaster.pid" 2>/dev/null
}

# INT is a fast shutdown, with a checkpoint. QUIT is an immediate shutdown: the next start recovers.
# KILL ends all processes without notice.
stop() {
    running || return 1
    if [ "$1" = KILL ]; then signal KILL; else kill -s "$1" "$pid" && signal CONT; fi
    # PostgreSQL 15 never ends if it gets INT while it recovers from a crash.
    exits || signal KILL
    ended
}

# Waits about half a minute, like `ready`. The shell notices the exit while it waits for `sleep`.
exits() {
    tries=2000
    while kill -0 "$pid" 2>/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.01
    done
}

# Sends a signal to the postmaster and its children. Each child leads its own session, so there is
# no common process group. The postmaster is stopped first, so that it cannot start children that
# are not in the list.
signal() {
    # shellcheck disable=SC2046 # the children are several words
    running && kill -s STOP "$pid" && { kill -s "$1" "$pid" $(children) || true; }
}

# Many container images have no ps, and macOS has no /proc.
children() {
    if [ -r /proc/self/stat ]; then
        sed 's/(.*) . / /' /proc/[0-9]*/stat 2>/dev/null
    else
        ps -A -o pid= -o ppid=
    fi |
        awk -v parent="$pid" '$2 == parent { print $1 }'
}

# Returns when all processes of the server have ended: reading `alive` ends when its last writer
# closes it. The FIFO is opened for reading and writing first, so that opening it for reading does
# not block until a writer opens it.
ended() {
    wait "$pid"
    # shellcheck disable=SC2094 # nothing is written
    cat 3<>"$dir/alive" <"$dir/alive" 3>&-
    pid=''
}

running() {
    [ -n "$pid" ] || { echo "the server is stopped"; return 1; }
}

remove() {
    trap '' HUP INT TERM
    [ -n "$dir" ] || return
    [ -z "$pid" ] || stop QUIT
    # A killed server could not release its shared memory.
    leftover=$(awk 'NR == 7 { print $2 }' "$dir/data/postmaster.pid" 2>/dev/null) &&
        ipcrm -m "$leftover"
    for away in "$dir/data" "$dir/wal"; do
        [ ! -L "$away" ] || rm -rf "$(readlink "$away")"
    done
    rm -rf "$dir"
}

main
