# SPDX-License-Identifier: MIT
# Imports and exports that are interrupted, readers that go away, and disks that are full: nothing is left behind, and images can be removed.
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

# ---- a hole that is far larger than the archive: there is no end to wait for ----
mkdir hole
truncate -s 7T hole/sparse
tar --sparse -cf hole.tar hole
interrupted_hole()	# name source
{
	env --default-signal=INT "$image" import --max-file 8T hole "$2" > /dev/null 2> errors &
	pid=$!
	# The hole's object is there, and its zeros are being hashed.
	until [[ $(files new) -gt 0 ]]; do
		kill -0 "$pid" || break
	done
	kill -INT "$pid"
	# The shell's own wait has no limit.
	timeout 20 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
	wait "$pid"
	prints "a hole in $1: it ends by the signal" "130 mezzo-image: interrupted" "echo $? \$(cat errors)"
	prints "a hole in $1: nothing is left" "0 $objects" "echo \$(files new) \$(files objects)"
	ends "a hole in $1: no image" 1 "'$image' show hole"
}
interrupted_hole "a directory" hole
interrupted_hole "an archive" hole.tar

# ---- before the first byte ----
mkfifo in
env --default-signal=INT "$image" import tree - < in > /dev/null 2> errors &
pid=$!
exec {input}> in
# Before it catches the signal, that kills at once, and there is nothing to say.
until (( 0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") & 2 )); do
	kill -0 "$pid" || break
done
kill -INT "$pid"
wait "$pid"
exec {input}>&-
rm in
prints "before the first byte: no word of damage" "mezzo-image: interrupted" "cat errors"

# ---- exports ----
mkdir large
truncate -s 512M large/file
"$image" import large large > /dev/null
rm large/file
export_interrupted()	# signal format
{
	local status
	echo former > out.tar
	env --default-signal="$1" "$image" export --format "$2" large out.tar 2> errors &
	pid=$!
	until [[ -e out.tar.part$pid ]]; do
		kill -0 "$pid" || break
	done
	kill -"$1" "$pid"
	wait "$pid"
	status=$?
	[[ $status -eq $((128 + $(kill -l "$1"))) ]]
	verdict $? "export of $2, $1: it ends by the signal ($status)"
	prints "export of $2, $1: what was there is left, and nothing else" "out.tar former" \
		"echo out.tar* \$(cat out.tar)"
	prints "export of $2, $1: one line" "mezzo-image: interrupted" "cat errors"
	rm out.tar*
}
export_interrupted INT tar
export_interrupted TERM tar
export_interrupted TERM oci
"$image" rm large

# ---- readers that go away ----
quietly()	# name shell-text
{
	prints "a reader that goes away: $1" "141" \
		"env --default-signal=PIPE bash -c '$2 | head -c 10 > /dev/null; echo \${PIPESTATUS[0]}'"
}
mkdir many
for i in $(seq 2000); do
	echo "$i" > "many/$i"
done
"$image" import many many > /dev/null
quietly "export" "\"$image\" export many"
quietly "store ls" "(exec -a \"mezzo store\" \"$image\" ls)"
quietly "store ls --json" "(exec -a \"mezzo store\" \"$image\" ls --json)"
prints "but where SIGPIPE is ignored it is told" "1 1" \
	"(trap '' PIPE; '$image' export many 2> errors; echo \$? >&2) 2> status | true; echo \$(cat status) \$(grep -c 'Broken pipe' errors)"
"$image" rm many
objects=$(files objects)

# ---- what is said ----
prints "tag of no image tells that" "mezzo-image: there is no image nosuch: see \`mezzo image ls\`" \
	"'$image' tag nosuch small || true"
for format in oci docker; do
	case $format in
	oci) what="no OCI image layout: index.json" ;;
	docker) what="not of \`docker save\`: manifest.json" ;;
	esac
	prints "a plain tar is not of $format" "mezzo-image: tree.tar: $what is not in it; if it is a file tree, say --format dir, or tar for an archive" \
		"'$image' import --format $format none tree.tar || true"
	prints "nor is one with a fifo in it" 1 \
		"mkdir -p other; [ -e other/p ] || mkfifo other/p; tar -cf other.tar other; '$image' import --format $format none other.tar 2>&1 | grep -cF 'other.tar: $what'"
	prints "nor a directory" 1 "'$image' import --format $format none small 2>&1 | grep -cF 'small: $what'"
done

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
