# SPDX-License-Identifier: MIT
# mezzo stats: its figures against those that other programs read from the kernel, and its page.
. "$(dirname "$0")/lib.sh"

needs_domain "stats"
here=$(cd "$(dirname "$0")" && pwd)
scratch
export MEZZO_STORE=$PWD/store
trap '"$MEZZO" rm -f shell worker idle plain > /dev/null 2>&1; cd /; rm -rf "$scratch_directory"' EXIT

# A number of one object of `mezzo stats --json`: of a domain, else of an image, else of the totals.
figure()	# object name < json
{
	python3 -c '
import json, sys
stats = json.load(sys.stdin)
found = [o for o in stats["domains"] + stats["images"] if o["name"] == sys.argv[1]] + [stats["totals"]]
print(found[0][sys.argv[2]])' "$1" "$2"
}
near()		# number other most-difference
{
	echo "$1, $2"
	[[ $(($1 > $2 ? $1 - $2 : $2 - $1)) -le $3 ]]
}

# ---- Nothing to show ----

prints "no store: nothing runs" 0 '"$MEZZO" stats --json | figure totals running'
prints "and a table of two lines" 2 '"$MEZZO" stats | wc -l'
ends "a domain that is not there" 125 '"$MEZZO" stats none'
ends "two forms at once" 125 '"$MEZZO" stats --json --html page'
ends "an option that is none" 125 '"$MEZZO" stats --none'

# ---- Domains ----

evil='<script>alert(1)</script>&"'"'"
mkdir -p tree/bin tree/tmp "tree/x"
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
head -c 2500000 /dev/urandom > "tree/x/${evil//\//_}"
printf '\377\001raw' > name
head -c 2400000 /dev/urandom > "tree/x/$(cat name)"
check "import" "$MEZZO" image import box tree
check "a domain that waits" "$MEZZO" create -i shell box -- sh -c 'echo ready; read x'
check "one that has worked and written" "$MEZZO" create -i worker box -- sh -c '
	i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done
	busybox dd if=/dev/zero of=/large bs=65536 count=80 2> /dev/null
	echo ready; read x'
check "one that does not run" "$MEZZO" create idle box -- sh
check "one over a directory" "$MEZZO" create -i --rootfs "$PWD/tree" plain -- sh -c 'echo ready; read x'
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
for name in shell worker plain; do
	check "$name starts" "$MEZZO" start "$name"
	check "and is ready" ready "$name"
done

"$MEZZO" stats --json > json
prints "all that run" "plain shell worker" \
	'python3 -c "import json; print(*[d[\"name\"] for d in json.load(open(\"json\"))[\"domains\"]])"'
prints "in the table, too, with a head and totals" 5 '"$MEZZO" stats | wc -l'
prints "-a: all" 6 '"$MEZZO" stats -a --no-stream | wc -l'
prints "names: those, once each, also where they do not run" "idle shell" \
	'"$MEZZO" stats shell idle shell | awk "NR > 1 && !/^total/ { print \$1 }" | xargs'
prints "memory of one that does not run is not known" None '"$MEZZO" stats --json idle | figure idle private_bytes'

# Memory: the processes are those below the monitor.
monitor=$(figure worker pid < json)
first=$(pgrep -P "$monitor")
# shellcheck disable=SC2046
processes=("$monitor" "$first" $(pgrep -P "$first"))
prints "host processes" "${#processes[@]}" 'figure worker processes < json'
smaps_sum()	# field of mappings that are no memory files
{
	awk -v field="$1:" '/^[0-9a-f]+-[0-9a-f]+ / { memory_file = $6 ~ /^\/memfd:/ }
		!memory_file && $1 == field { sum += $2 } END { print sum * 1024 }' \
		"${processes[@]/#//proc/}"
}
processes=("${processes[@]/%//smaps}")
heap=0
for handle in "/proc/$first"/fd/*; do
	case $(readlink "$handle") in
	/memfd:*) heap=$((heap + $(stat -L -c %b "$handle") * 512)) ;;
	esac
done
check "memory files are counted by their blocks" near "$(figure worker memory_file_bytes < json)" "$heap" 65536
check "PSS is that of smaps, and memory files once" \
	near "$(figure worker pss_bytes < json)" "$(($(smaps_sum Pss) + heap))" 131072
check "private memory likewise" near "$(figure worker private_bytes < json)" \
	"$(($(smaps_sum Private_Dirty) + $(smaps_sum Private_Clean) + heap))" 131072
check "what it worked is counted" test "$(figure worker cpu_ns < json)" -ge 10000000

# Programs that have ended: their own sum, in clock ticks, is what the shell has of its children.
"$MEZZO" exec worker sh -c 'for i in 1 2 3 4; do (j=0; while [ $j -lt 200000 ]; do j=$((j + 1)); done; exit); done; times' > times
ended=$(awk 'NR == 2 { split($1, user, /[ms]/); split($2, system_, /[ms]/)
	printf "%d", (user[1] * 60 + user[2] + system_[1] * 60 + system_[2]) * 1000000000 }' times)
check "some have worked and ended" test "$ended" -ge 100000000
"$MEZZO" stats --json worker > later
check "what they worked is counted, too" test "$(($(figure worker cpu_ns < later) - $(figure worker cpu_ns < json)))" -ge "$((ended * 9 / 10))"
check "and not twice" test "$(($(figure worker cpu_ns < later) - $(figure worker cpu_ns < json)))" -le "$((ended * 3 / 2 + 100000000))"

# Page cache and disk.
cached() { fincore -b -n -o RES "$@" | awk '{ sum += $1 } END { print sum + 0 }'; }
mapfile -t own < <(find store/domains/worker -type f)
mapfile -t objects < <(find store/objects -type f)
if command -v fincore > /dev/null; then
	check "page cache of the image" near "$(figure shell image_cache_bytes < json)" "$(cached "${objects[@]}")" 0
	check "page cache of the domain's own" near "$(figure worker own_cache_bytes < json)" "$(cached "${own[@]}")" 8192
else
	skip "page cache" "there is no fincore"
fi
check "what it wrote is there" test "$(figure worker own_cache_bytes < json)" -ge 5242880
check "disk of its own" near "$(figure worker own_disk_bytes < json)" \
	"$(du -s --block-size=1 store/domains/worker | cut -f1)" 16384
check "disk of the image" near "$(figure box disk_bytes < json)" "$(stat -c %b "${objects[@]}" | awk '{ s += $1 } END { print s * 512 }')" 0
prints "objects of the image" "${#objects[@]}" 'figure worker image_objects < json'
prints "of its own" "$(find store/domains/worker/objects -type f | wc -l)" 'figure worker own_objects < json'
prints "an image's disk is in the totals once" "$(figure box disk_bytes < json)" 'figure totals image_disk_bytes < json'
prints "and twice where nothing would be shared" "$(figure box disk_bytes < json)" \
	'echo $((($(figure totals unshared_disk_bytes < json) - $(figure totals own_disk_bytes < json)) / 2))'
prints "it is that of two domains" 2 'figure box domains < json'
prints "one over a directory has no image" None 'figure plain image_disk_bytes < json'

# ---- The page ----

check "the page" "$MEZZO" stats -a --html page
check "is whole, stands alone and is escaped" python3 "$here/stats_page.py" page shell worker idle box \
	"/x/${evil//\//_}" "mapped by 2 of 3 domains" "if nothing were shared"
prints "what is no UTF-8 is replaced" 1 "grep -c $'\xef\xbf\xbd\xef\xbf\xbdraw</span>' page"
prints "others may read it, as far as the caller wants" 640 \
	'(umask 027; "$MEZZO" stats --html masked) && stat -c %a masked'
cp page former
ends "one that can't be written" 125 '(ulimit -f 1; "$MEZZO" stats --html page)'
check "leaves the former one" cmp page former
prints "and nothing beside it" page 'ls page*'
ends "a place that is not there" 125 '"$MEZZO" stats --html none/page'
ln -s /dev/null null
ends "a device is not replaced" 125 '"$MEZZO" stats --html null'
check "it is there" test -c null

# ---- At a terminal ----

cat > terminal.py <<'END'
import os, pty, signal, sys
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
while text.count(b"\x1b[H\x1b[JNAME") < 2:
    text += os.read(fd, 65536)
os.write(fd, b"\x03")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGINT and b"worker" in text)
END
prints "it shows again, until Ctrl-C" True 'timeout 30 python3 terminal.py "$MEZZO" stats'
prints "--no-stream: once" 0 'timeout 30 script -qec "\"$MEZZO\" stats --no-stream" /dev/null > once; grep -c "NAME.*NAME\|$(printf "\033")" once; test $? -eq 1'

# ---- An ordinary user ----

if [[ $(id -u) -eq 0 ]]; then
	mkdir user && cp -a tree "${MEZZO%/*}"/mezzo* user/ && chmod 755 . && chown -R 12345:12345 user
	as=(setpriv --reuid 12345 --regid 12345 --clear-groups env "MEZZO_STORE=$PWD/user/store")
	"${as[@]}" user/mezzo image import box user/tree > /dev/null
	if "${as[@]}" user/mezzo run box -- busybox true 2> errors; then
		"${as[@]}" user/mezzo create -i shell box -- sh -c 'read x' > /dev/null
		check "an ordinary user's domain" "${as[@]}" user/mezzo start shell
		"${as[@]}" user/mezzo stats --json > json
		check "its memory" test "$(figure shell private_bytes < json)" -ge 100000
		check "its page cache" test "$(figure shell image_cache_bytes < json)" -ge 1000000
		prints "root sees the same" "$(figure shell memory_file_bytes < json)" \
			'MEZZO_STORE_OWNER=12345 MEZZO_STORE=$PWD/user/store "$MEZZO" stats --json | figure shell memory_file_bytes'
		"${as[@]}" user/mezzo kill shell > /dev/null
	else
		skip "an ordinary user's domain" "this host forbids user namespaces to ordinary users"
	fi
fi
finish
