#!/bin/sh
# Backs up the tables of tickr in ClickHouse with clickhouse-backup, uploads the backup, and removes old ones.
#
#	contrib/clickhouse/backup.sh		for example each night, from cron or a timer
#
# Run it on the host of ClickHouse, as root or clickhouse. clickhouse-backup has its own configuration, with the storage
# that receives the backups.
#
#	DATABASE=tickr		the database of TICKR_CLICKHOUSE_URL
#	KEEP_LOCAL=7		how many backups stay on this host
#	KEEP_REMOTE=30		how many stay in the storage; 0: upload none
#
# Only backups of this script are removed: their names begin with the database's name and an underscore. If the backup or
# its upload fails, the script removes nothing. The exit status is 0 if all steps succeeded.
set -eu

me=backup.sh
database=${DATABASE:-tickr} keep_local=${KEEP_LOCAL:-7} keep_remote=${KEEP_REMOTE:-30}

fail() {
	echo "$me: $1" >&2
	exit "${2:-1}"
}

[ $# -eq 0 ] || fail 'usage: backup.sh; its settings are variables' 64
case $database in
'' | *[!A-Za-z0-9_]*) fail "DATABASE=$database is no name of letters, digits and _" 64 ;;
esac
case $keep_local:$keep_remote in
*[!0-9:]* | :* | *:) fail "KEEP_LOCAL=$keep_local and KEEP_REMOTE=$keep_remote must be whole numbers" 64 ;;
esac
[ "$keep_local" -ge 1 ] || fail 'KEEP_LOCAL must be 1 or more, or the new backup would be removed' 64
command -v clickhouse-backup >/dev/null || fail 'clickhouse-backup is not installed' 69

# Remove the backups of this script in the place $1, except the newest $2. Their names sort by time.
remove_old() {
	clickhouse-backup list "$1" >"$list" || fail "cannot list the backups: $1"
	awk '{ print $1 }' "$list" | grep -E "^${database}_[0-9]{8}T[0-9]{6}Z\$" | sort -r | tail -n "+$(($2 + 1))" |
		while read -r old; do
			echo "$me: removing $old: $1"
			clickhouse-backup delete "$1" "$old" || fail "cannot remove $old: $1"
		done
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT
name=${database}_$(date -u +%Y%m%dT%H%M%SZ)

clickhouse-backup create --tables="$database.*" "$name" || fail "cannot create the backup $name"
if [ "$keep_remote" -gt 0 ]; then
	clickhouse-backup upload "$name" || fail "cannot upload $name: it stays on this host"
	remove_old remote "$keep_remote"
fi
remove_old local "$keep_local"
echo "$me: $name is complete"
