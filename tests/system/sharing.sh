# SPDX-License-Identifier: MIT
# Domains share memory with one another and with the host's page cache: the same pages, not equal ones.
. "$(dirname "$0")/lib.sh"

needs_domain "sharing"
scratch
export MEZZO_STORE=$PWD/store
sharing=$BUILD/tests/programs/sharing
trap '"$MEZZO" rm -f one two writer > /dev/null 2>&1; cd /; rm -rf "$scratch_directory"' EXIT

mkdir -p tree/bin tree/tmp
cp "$sharing" tree/bin/sharing
head -c 3000000 /dev/urandom > tree/data
check "import" "$MEZZO" image import box tree

# The domain's program says that it has touched its pages.
ready()		# domain
{
	local line='' reader
	exec {out}< <(exec "$MEZZO" logs -f "$1")
	reader=$!
	read -r -t 60 line <&"$out"
	kill "$reader"
	exec {out}<&-
	[[ $line == ready ]]
}

# The file of the store that has these bytes.
object_of()	# file
{
	local object
	for object in "$MEZZO_STORE"/objects/*/*; do
		cmp -s "$object" "$1" && { echo "$object"; return; }
	done
}

monitor_of() { "$MEZZO" inspect "$1" | grep -o '"pid":[0-9]*' | cut -d: -f2; }

# The host process of a domain that has a file mapped.
process_with()	# domain file
{
	local first process
	first=$(pgrep -P "$(monitor_of "$1")") || return
	for process in $first $(pgrep -P "$first"); do
		grep -qF " $2" "/proc/$process/maps" && echo "$process"
	done
}

# kB of a file's mappings with these permissions in a process: all, in proportion, its own alone.
memory_of()	# process file permissions
{
	awk -v file="$2" -v permissions="$3" '
		/^[0-9a-f]+-[0-9a-f]+ / { within = $2 == permissions && $6 == file }
		within && $1 == "Rss:" { rss += $2 }
		within && $1 == "Pss:" { pss += $2 }
		within && /^Private_/ { own += $2 }
		END { print rss + 0, pss + 0, own + 0 }' "/proc/$1/smaps"
}

# What the two domains have of a mapping is halved, but for pages that a process changed for itself.
# Each mapping's own figures are rounded down to kB.
is_halved()	# process file permissions least-kB
{
	local rss pss own
	read -r rss pss own < <(memory_of "$1" "$2" "$3")
	echo "$3: $rss kB, in proportion $pss kB, alone $own kB"
	[[ $rss -ge $4 && $own -le 16 && $((2 * (pss - own) - (rss - own))) -le 4 &&
		$((2 * (pss - own) - (rss - own))) -ge -8 ]]
}

figure()	# object name: a number of one object of mezzo stats --json, "totals" or a domain's name
{
	python3 -c '
import json, sys
stats = json.load(sys.stdin)
found = [d for d in stats["domains"] if d["name"] == sys.argv[1]] or [stats["totals"]]
print(found[0][sys.argv[2]])' "$1" "$2"
}

# ---- Two domains that run the same program ----

for name in one two; do
	check "making domain $name" "$MEZZO" create "$name" box -- sharing hold /data
done
check "the first starts" "$MEZZO" start one
check "its program has touched its pages" ready one
"$MEZZO" stats --json > with-one.json
check "the second starts" "$MEZZO" start two
check "its program has touched its pages, too" ready two
"$MEZZO" stats --json > with-two.json

program=$(object_of tree/bin/sharing)
data=$(object_of tree/data)
one=$(process_with one "$program")
two=$(process_with two "$program")
check "both run it from the one file of the store" test -n "$one" -a -n "$two" -a "$one" != "$two"
for process in "$one" "$two"; do
	check "text: half of it is counted for each" is_halved "$process" "$program" r-xp 16
	check "read-only data: likewise" is_halved "$process" "$program" r--p 1024
	check "a file that is mapped shared: likewise" is_halved "$process" "$data" r--s 2928
done

# The frames in a domain are those of a mapping that this script's own program makes of that file, and so
# the same in both.
frames()	# process file least-pages most-copied
{
	local mapped same other copied
	read -r _ mapped _ same _ other _ copied < <("$sharing" file "$1" "$2")
	echo "pages: $mapped, of the file itself $same, others $other, copied $copied"
	[[ $same -ge $3 && $other -eq 0 && $copied -le $4 && $((same + copied)) -eq $mapped ]]
}
if [[ $(id -u) -eq 0 ]]; then
	for process in "$one" "$two"; do
		check "the program's frames are those of its file" frames "$process" "$program" 261 8
		check "the data's frames are those of its file" frames "$process" "$data" 733 0
	done
else
	skip "frames of pages" "only root may see them"
fi

# ---- What a second domain adds ----

grown()		# figure most-bytes
{
	local before after
	before=$(figure totals "$1" < with-one.json)
	after=$(figure totals "$1" < with-two.json)
	echo "$1: $before, then $after"
	[[ $after -ge $((before - 65536)) && $((after - before)) -le $2 ]]
}
check "the image's files are in the page cache" test "$(figure totals image_cache_bytes < with-one.json)" -ge 4000000
check "a second domain adds no page cache of the image" grown image_cache_bytes 65536
check "nearly none of its own" grown own_cache_bytes 65536
check "nearly no disk" grown own_disk_bytes 102400
check "no disk of the image" grown image_disk_bytes 0
check "and little private memory" test "$(figure two private_bytes < with-two.json)" -le 1500000
check "in all less than a quarter of what it uses" \
	grown pss_bytes $(($(figure one unshared_bytes < with-two.json) / 4))
"$MEZZO" kill one two > /dev/null

# ---- A file that a domain has written ----

size=8388608
check "making a domain that writes" "$MEZZO" create writer box -- sharing write /big $size
check "it starts" "$MEZZO" start writer
check "it has written" ready writer
own=$(find "$MEZZO_STORE/domains/writer/objects" -size "${size}c")
check "the file is one of its objects" test -f "$own"
prints "with what was written by calls and by a mapping" "4194304 4194304" \
	'echo $(tr -cd w < "$own" | wc -c) $(tr -cd m < "$own" | wc -c)'
writer=$(process_with writer "$own")
inode_is() { awk -v file="$2" -v inode="$(stat -c %i "$2")" '$6 == file && $5 == inode { n++ } END { exit !n }' "/proc/$1/maps"; }
check "what is mapped is the object's file" inode_is "$writer" "$own"
start_is_huge()
{
	local start
	start=$(awk -v file="$2" '$6 == file { sub(/-.*/, "", $1); print $1; exit }' "/proc/$1/maps")
	[[ -n $start && $((0x$start % (2 << 20))) -eq 0 ]]
}
check "at an address where the host can map it by huge pages" start_is_huge "$writer" "$own"
if [[ $(id -u) -eq 0 ]]; then
	check "and its pages are the file's page cache" frames "$writer" "$own" 2048 0
else
	prints "and all of it" "mapped 2048" '"$sharing" file "$writer" "$own"'
fi
cached=$("$MEZZO" stats --json | figure writer own_cache_bytes)
check "which has it once" test "$cached" -ge $size -a "$cached" -le $((size + 262144))
check "and no memory file of the domain has it" \
	test "$("$MEZZO" stats --json | figure writer memory_file_bytes)" -le 3000000
finish
