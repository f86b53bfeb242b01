# SPDX-License-Identifier: MIT
# examples/persistent_heap.c: a heap in a file is found again as it was committed, on bare Linux and in a
# domain that lasts, whoever is killed meanwhile.
. "$(dirname "$0")/lib.sh"

heap=$BUILD/examples/persistent_heap
scratch

# ---- On bare Linux ----

check "notes are added" "$heap" file add one two
check "and one more" "$heap" file add three
prints "all are found, the newest first" "three two one" '"$heap" file list | xargs'
prints "while another process has the file it is refused" "Resource temporarily unavailable" \
	'flock file "$heap" file list 2>&1 | grep -o "Resource.*"'

page_clear() { dd if=/dev/zero of="$1" bs=4096 seek="$2" count=1 conv=notrunc 2> err; }
cp file torn
page_clear torn 1
prints "with a torn last generation the one before it counts" "two one" '"$heap" torn list | xargs'
check "and goes on" "$heap" torn add four
prints "from there" "four two one" '"$heap" torn list | xargs'
page_clear torn 1
page_clear torn 2
prints "without a generation it says so" "persistent_heap: torn: neither of its generations is whole" \
	'"$heap" torn list 2>&1 || true'
cp file newer
printf '\2' | dd of=newer bs=1 seek=8 conv=notrunc 2> err
prints "another version is refused" "persistent_heap: newer: is a heap of another version" \
	'"$heap" newer list 2>&1 || true'
head -c 100000 /dev/zero > none
prints "and what is no heap" "persistent_heap: none: is no heap" '"$heap" none list 2>&1 || true'
cp file damaged
printf X | dd of=damaged bs=1 seek=$((3 * 4096 + 16)) conv=notrunc 2> err
ends "damage to a note is found" 1 '"$heap" damaged list'

# The notes are the numbers from some last one down to 1, and that one is not below what was printed.
counted()	# printed listed
{
	local last
	last=$(head -1 "$2")
	cmp -s "$2" <(seq "${last:-0}" -1 1) && [[ $last -ge $(tail -1 "$1") ]] && echo whole
}

lines_await()	# file count pid
{
	while [[ $(wc -l < "$1") -lt $2 ]] && kill -0 "$3" 2> /dev/null; do :; done
}

whole=0
for round in 1 2 3; do
	rm -f counting
	: > printed
	"$heap" counting count 1000000 > printed 2> err &
	pid=$!
	lines_await printed $((round * 100)) $pid
	kill -9 $pid
	wait $pid 2> /dev/null
	"$heap" counting list > listed
	[[ $(counted printed listed) == whole ]] && whole=$((whole + 1))
done
prints "all that was committed is there after kill -9" 3 'echo $whole'

if [[ -z $MEZZO ]]; then
	finish
	exit
fi

# ---- In a domain ----

export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/w
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
cp "$heap" tree/bin/persistent_heap
check "import" "$MEZZO" image import box tree

monitor_kill()	# domain
{
	kill -9 "$("$MEZZO" inspect "$1" | grep -o '"pid":[0-9]*' | cut -d: -f2)"
	"$MEZZO" wait "$1" > /dev/null 2>&1
}
inside() { "$MEZZO" exec "$1" -- persistent_heap /w/heap "${@:2}"; }

check "a domain is made" "$MEZZO" create notes box -- busybox sleep 100000
check "and started" "$MEZZO" start notes
check "notes are added in it" inside notes add one two three
prints "and found" "three two one" 'inside notes list | xargs'
check "it is stopped" "$MEZZO" stop -t 0 notes
check "and started again" "$MEZZO" start notes
prints "the notes are there" "three two one" 'inside notes list | xargs'
check "one is added" inside notes add four
monitor_kill notes
check "it is started after kill -9 of its monitor" "$MEZZO" start notes
prints "and has them all" "four three two one" 'inside notes list | xargs'
check "the file is copied out" "$MEZZO" cp notes:/w/heap out
prints "and is a heap on bare Linux, too" "four three two one" '"$heap" out list | xargs'

whole=0
for round in 1 2 3; do
	"$MEZZO" exec notes -- busybox rm -f /w/heap
	: > printed
	inside notes count 1000000 > printed 2> err &
	pid=$!
	lines_await printed $((round * 100)) $pid
	monitor_kill notes
	wait $pid
	"$MEZZO" start notes > err
	inside notes list > listed
	[[ $(counted printed listed) == whole ]] && whole=$((whole + 1))
done
prints "all that was committed is there after kill -9 of the monitor" 3 'echo $whole'
check "the domain goes" "$MEZZO" rm -f notes

# A note takes 100 kB, so the heap meets the limit when it grows.
cat > fill <<'FILL'
text=$(printf %0100000d 7)
while persistent_heap /w/heap add "$text" 2> /w/why; do :; done
busybox grep -o 'Disk quota exceeded' /w/why
persistent_heap /w/heap list | busybox uniq -c | busybox wc -l
FILL
check "a domain with little disk" "$MEZZO" create --disk 4M full box -- sh -c "$(cat fill)"
prints "a heap that can't grow says so, and is whole" "Disk quota exceeded 1" '"$MEZZO" start -a full | xargs'
finish
