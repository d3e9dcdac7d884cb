# Runs PgBouncer for a test process, and ends it when that process ends, even by a kill: stdin ends
# when the process ends.
#
#   sh -c "$(cat run.sh)" pgbouncer PROGRAM CONFIGURATION USERS
#
# Prints `ready` when it accepts connections, or its log if it does not start.

# shellcheck shell=sh
program=$1 configuration=$2 users=$3 pid=''

main() {
    exec 2>&1
    trap '' PIPE
    trap remove EXIT
    trap 'exit 1' HUP INT TERM
    # The account that runs this may have no access to TMPDIR.
    dir=$(mktemp -d "${TMPDIR:-/tmp}/tasktrail-pgbouncer.XXXXXX" || mktemp -d /tmp/tasktrail-pgbouncer.XXXXXX) || exit 1
    printf '%s' "$users" >"$dir/users"
    printf '%s\n' "$configuration" "auth_file = $dir/users" >"$dir/pgbouncer.ini"
    "$program" "$dir/pgbouncer.ini" </dev/null >"$dir/log" 2>&1 &
    pid=$!
    if ready; then echo ready; else cat "$dir/log"; exit 1; fi
    # Nothing is sent: this waits for the end of the test process.
    read -r _
}

# Waits about half a minute, longer on a busy machine. PgBouncer logs this line after it has opened
# its socket.
ready() {
    tries=2000
    until grep -q 'process up' "$dir/log"; do
        kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.01
    done
}

# QUIT ends PgBouncer at once, with all connections of its clients. After TERM it waits for them.
remove() {
    trap '' HUP INT TERM
    [ -z "$pid" ] || { kill -s QUIT "$pid" 2>/dev/null && wait "$pid"; }
    rm -rf "$dir"
}

main
