# SPDX-License-Identifier: MIT
# A store that can't be written: what only reads works, the rest says why it does not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"
chmod 755 .
mkdir -m 777 out
"$MEZZO" run --name ran box -- sh -c 'echo printed; echo kept > /new; exit 3' > /dev/null
"$MEZZO" create never box -- sh > /dev/null
"$MEZZO" run -d --name live box -- sh -c 'echo printed; echo kept > /new; echo there; sleep 1000' > /dev/null
printed there live

# Run with all of this in a place where the store can't be written, as PLACE says.
reads()		# how, place...
{
	local how=$1
	shift
	in_place() { (cd out && "${place[@]}" "$@"); }
	place=("$@")
	prints "$how: diff" "A /new" 'in_place "$tool" diff ran'
	prints "$how: diff of one that never ran" "" 'in_place "$tool" diff never'
	prints "$how: diff of one that runs" "A /new" 'in_place "$tool" diff live'
	prints "$how: cp" "kept" 'in_place "$tool" cp ran:/new - | tar -xO'
	prints "$how: cp out of one that runs" "kept" 'in_place "$tool" cp live:/new - | tar -xO'
	prints "$how: store fsck" "1" 'in_place "$tool" store fsck | grep -c "no damage"'
	prints "$how: ls" "$(printf 'live\nnever\nran')" 'in_place "$tool" ls -q'
	prints "$how: ps" "live" 'in_place "$tool" ps -q'
	prints "$how: image ls" "box" 'in_place "$tool" image ls | tail -1 | cut -d" " -f1'
	check "$how: image show" in_place "$tool" image show box
	prints "$how: image export" "box" 'in_place "$tool" image export box | tar -xO --wildcards "*etc/name"'
	prints "$how: logs" "printed" 'in_place "$tool" logs ran'
	prints "$how: logs of one that never ran" "" 'in_place "$tool" logs never'
	prints "$how: inspect" "exited" 'in_place "$tool" inspect ran | json "print(j[0][\"state\"])"'
	prints "$how: wait" "3" 'in_place "$tool" wait ran'
	check "$how: stats" in_place "$tool" stats -a --no-stream
	check "$how: store info" in_place "$tool" store info
	check "$how: store ls" in_place "$tool" store ls
	prints "$how: run" "hello" 'in_place "$tool" run box -- echo hello'
	for verb in "start ran" "rm ran" "rename ran other" "image tag box other" "image rm box" "commit ran other" \
		"store dedup" "store fsck --repair"; do
		# The words of the verb are to be parted.
		in_place "$tool" $verb > output 2>&1
		status=$?
		[[ $status -eq 125 && $(wc -l < output) -eq 1 ]] && grep -q 'Read-only\|Permission denied' output
		verdict $? "$how: $verb is refused"
	done
}

tool=$MEZZO
if unshare -rm bash -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"' "$MEZZO_STORE" 2> /dev/null; then
	reads "a read-only mount" unshare -rm bash -c \
		'mount --bind "$MEZZO_STORE" "$MEZZO_STORE" && mount -o remount,ro,bind "$MEZZO_STORE" && exec "$@"' -
else
	skip "a read-only mount" "no mount namespace"
fi
if [[ $(id -u) -eq 0 ]]; then
	mkdir tool
	cp "${MEZZO%/*}"/mezzo* tool/
	chmod -R a+rX "$MEZZO_STORE" tool
	tool=$PWD/tool/${MEZZO##*/}
	reads "another user" setpriv --reuid 12345 --regid 12345 --clear-groups
else
	skip "another user" "only root can become one"
fi
# Readers share the lock: none of them makes a domain look as if it ran, or keeps others from reading.
"$MEZZO" cp ran:/bin - | (dd bs=1 count=1 2> /dev/null > first; "$MEZZO" ls > second; "$MEZZO" diff ran > third; cat > /dev/null)
prints "while one reads it does not run" "1" 'grep -c "^ran .* exited (3)" second'
prints "and others can read it" "A /new" 'cat third'
finish
