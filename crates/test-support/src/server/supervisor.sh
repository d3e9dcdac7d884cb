# Keeps one PostgreSQL server for a test process and removes every trace of it when that process
# ends, however it ends: its end is the end of our stdin.
#
#   sh -c "$(cat supervisor.sh)" supervisor BIN PLACE DATA_IN WAL_IN PRIMARY ACCESS SETTINGS
#
# BIN is the directory of initdb and postgres. PLACE is `memory`, `disk`, or a directory to make that
# of the server in. DATA_IN and WAL_IN are directories on disks of the test, or empty. PRIMARY is the
# port of a server to be the standby of, or empty. ACCESS are lines for pg_hba.conf, SETTINGS for
# postgresql.conf.
#
# Every line of stdin is an order: `start PORT`, `stop SIGNAL` or `signal SIGNAL`. It is answered on
# stdout by `ok` and the process id of the postmaster, if there is one, or by lines that say why not
# and `failed`. The first answer, `ok DIRECTORY`, comes without an order.

# shellcheck shell=sh
bin=$1 place=$2 data_in=$3 wal_in=$4 primary=$5 access=$6 settings=$7 dir='' pid=''

main() {
    exec 2>&1
    trap '' PIPE
    trap remove EXIT
    trap 'exit 1' HUP INT TERM
    if create; then echo "ok $dir"; else echo failed; fi
    while read -r order; do
        if $order; then echo "ok $pid"; else echo failed; fi
    done
}

create() {
    name=tasktrail-postgres.XXXXXX
    # TMPDIR may be closed to the account that we run as.
    dir=$(mktemp -d "$(parent)/$name" || mktemp -d "/tmp/$name") &&
        mkfifo "$dir/alive" &&
        elsewhere data "$data_in" && elsewhere wal "$wal_in" &&
        if [ -n "$primary" ]; then copy; else initialise; fi &&
        printf '%s\n' "unix_socket_directories = '$dir'" "$settings" >>"$dir/data/postgresql.conf"
}

elsewhere() {
    [ -z "$2" ] || { away=$(mktemp -d "$2/$name") && ln -s "$away" "$dir/$1"; }
}

# A disk of the data is for the data alone: when it is full, the log of changes must not be.
initialise() {
    if [ -n "$data_in$wal_in" ]; then set -- --waldir "$dir/wal"; else set --; fi
    "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync "$@" &&
        # The first line that fits counts.
        printf '%s\n' "$access" | cat - "$dir/data/pg_hba.conf" >"$dir/access" &&
        mv "$dir/access" "$dir/data/pg_hba.conf"
}

# A slot of its own keeps what it has not received yet, however long it is away.
copy() {
    "$bin/pg_basebackup" -d "host=127.0.0.1 port=$primary user=postgres" -D "$dir/data" \
        --no-password --no-sync -R -X stream -c fast -C -S "standby_$$"
}

# Creating hundreds of files, for every database anew, is several times faster in memory than on
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

# About half a minute, more on a machine with much to do.
ready() {
    tries=2000
    until [ "$(status)" = "$pid ready" ]; do
        kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.01
    done
}

# Process id and state of the last server that has started, which need not be this one.
status() {
    awk 'NR == 1 { pid = $1 } NR == 8 { print pid, $1 }' "$dir/data/postmaster.pid" 2>/dev/null
}

# INT disconnects everybody and writes everything; QUIT ends at once, to recover at the next start;
# KILL lets no process of the server notice.
stop() {
    running || return 1
    if [ "$1" = KILL ]; then signal KILL; else kill -s "$1" "$pid" && signal CONT; fi
    # PostgreSQL 15 never ends if it is told to stop (INT) while it recovers from a crash.
    exits || signal KILL
    ended
}

# About half a minute, as for `ready`. The shell learns of the end while it waits for `sleep`.
exits() {
    tries=2000
    while kill -0 "$pid" 2>/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.01
    done
}

# Sends a signal to the postmaster and its children, of which each leads a session of its own, so
# that no process group holds them together. The postmaster is stopped first: it must not have
# children that we do not see.
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

# Returns when no process of the server is left, neither the postmaster nor any other: `alive` ends
# with its last writer. Opening it for both first is what keeps the second opening from waiting for
# a writer.
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
    # A killed server could not give back its shared memory.
    leftover=$(awk 'NR == 7 { print $2 }' "$dir/data/postmaster.pid" 2>/dev/null) &&
        ipcrm -m "$leftover"
    for away in "$dir/data" "$dir/wal"; do
        [ ! -L "$away" ] || rm -rf "$(readlink "$away")"
    done
    rm -rf "$dir"
}

main
