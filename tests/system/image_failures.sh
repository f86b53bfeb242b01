# SPDX-License-Identifier: MIT
# Imports that are interrupted, and disks that are full: nothing is left behind, and images can be removed.
. "$(dirname "$0")/lib.sh"
scratch
export MEZZO_STORE=$PWD/store
image=$BUILD/mezzo-image

files() { find "$MEZZO_STORE/$1" -type f | wc -l; }

mkdir -p tree small
for i in $(seq 300); do
	head -c 20000 /dev/urandom > "tree/$i"
done
echo small > small/file
"$image" import small small > /dev/null
objects=$(files objects)
tar -cf tree.tar tree

# ---- signals: half of an archive comes, then nothing more ----
interrupted()	# signal
{
	local status
	mkfifo in
	env --default-signal="$1" "$image" import tree - < in > /dev/null 2> errors &
	pid=$!
	exec {input}> in
	head -c 3000000 tree.tar >&"$input"
	# Until it waits for what does not come: what came is in new/.
	while [[ $(files new) -lt 100 ]]; do
		kill -0 "$pid" || break
	done
	kill -"$1" "$pid"
	wait "$pid"
	status=$?
	exec {input}>&-
	rm in
	[[ $status -eq $((128 + $(kill -l "$1"))) ]]
	verdict $? "$1: it ends by the signal ($status)"
	prints "$1: nothing is in new/" "0" "files new"
	prints "$1: nor in objects/" "$objects" "files objects"
	prints "$1: one line" "1 1" "echo \$(wc -l < errors) \$(grep -c interrupted errors)"
	ends "$1: no image" 1 "'$image' show tree"
}
interrupted INT
interrupted TERM
interrupted HUP

mkfifo in
"$image" import tree - < in > /dev/null 2>&1 &
pid=$!
exec {input}> in
head -c 3000000 tree.tar >&"$input"
while [[ $(files new) -lt 100 ]]; do
	kill -0 "$pid" || break
done
kill -KILL "$pid"
wait "$pid" 2> /dev/null
exec {input}>&-
ends "KILL: files are left" 0 "[ \$(files new) -ge 100 ]"
"$image" tag small other
prints "until the next change of the store" "0" "files new"
"$image" rm other
prints "of which nothing came" "$objects" "files objects"
check "the whole import" "$image" import tree tree.tar
check "no damage" bash -c 'exec -a "mezzo store" "$0" fsck' "$image"

# ---- a full disk ----
if [[ $(id -u) -ne 0 ]] || ! mkdir disk || ! mount -t tmpfs -o size=12m none disk 2> /dev/null; then
	skip "a full disk" "no tmpfs can be mounted here"
	finish
	exit
fi
trap 'cd /; umount -l "$scratch_directory/disk"; rm -rf "$scratch_directory"' EXIT
export MEZZO_STORE=$PWD/disk/store
"$image" import tree tree > /dev/null
objects=$(files objects)
for i in $(seq 300); do
	head -c 30000 /dev/urandom > "tree/$i"
done
ends "an import that finds no room" 1 "'$image' import other tree 2> errors"
prints "is told in one line" "1 1" "echo \$(wc -l < errors) \$(grep -c 'No space left on device' errors)"
ends "there is no such image" 1 "'$image' show other"
prints "nothing is in new/" "0" "files new"
prints "nor in objects/" "$objects" "files objects"
ends "nor by --replace" 1 "'$image' import --replace tree tree 2> errors"
prints "the former image is whole" "300" "'$image' export tree | tar t | grep -c '[0-9]'"
cat /dev/zero > disk/fill 2> /dev/null
prints "nothing is free" "0" "df --output=avail disk | tail -1 | tr -d ' '"
check "rm on a disk that is full to the last byte" "$image" rm tree
prints "gives all back" "0" "files objects"
ends "and then there is room" 0 "[ \$(df --output=avail disk | tail -1) -gt 4000 ]"
check "no damage" bash -c 'exec -a "mezzo store" "$0" fsck' "$image"
finish
