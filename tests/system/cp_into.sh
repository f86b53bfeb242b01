# SPDX-License-Identifier: MIT
# Files into domains, by the rules of docker cp: into one that runs and one that does not, and nothing
# that was not copied is reported as done.
. "$(dirname "$0")/lib.sh"

needs_domain "cp_into"
scratch
export MEZZO_STORE=$PWD/store
root=$([[ $(id -u) -eq 0 ]] && echo yes)
busybox_tree sh sleep stat cat ls md5sum find readlink touch chmod
mkdir -p tree/etc tree/dir/sub tree/shared/name
echo first > tree/etc/file
ln -s ../dir tree/etc/relative
ln -s /dir tree/etc/absolute
ln -s ../../../../../dir tree/etc/high
ln -s /etc/file tree/etc/to-file
ln -s "$PWD" tree/etc/outside
seq 400000 > tree/dir/large
check "import" "$MEZZO" image import box tree
check "a domain" "$MEZZO" create d box -- /bin/sleep 1000

# What is copied.
mkdir -p from/sub/deep from/empty
echo a > from/a
echo deep > from/sub/deep/file
ln from/a from/b
ln -s a from/link
ln -s "$PWD/from" whole
mkfifo from/fifo
chmod 4751 from/sub/deep/file
touch -d @1000000000 from/a from/sub/deep/file from/sub/deep
touch -h -d @1000000000 from/link
chmod 1750 from/sub && touch -d @1000000001 from/sub
truncate -s 3000000 from/sparse && echo end >> from/sparse
head -c 5000000 /dev/urandom > from/large
echo other > file

inside() { "$MEZZO" exec d -- /bin/sh -c "$1"; }
# The tree as the domain tells of it.
describe='cd /to && find . | sort | while read -r f; do stat -c "%n %F %a %h %s %Y" "$f"; done'
outside() { (cd from && find . | LC_ALL=C sort | while read -r f; do stat -c '%n %F %a %h %s %Y' "$f"; done); }
# The same of what was copied without -a; sizes of directories are their file system's own.
plain() { sed -E -e '/ directory /s/ [0-9]+ [0-9]+ ([0-9]+)$/ \1/' -e 's/(file|directory) [0-9]+([0-7]{3}) /\1 \2 /'; }

for state in idle running; do
	[[ $state == idle ]] || check "start" "$MEZZO" start d
	n=/$state
	# To look at one that does not run it is copied out again.
	show() {
		if [[ $state == running ]]; then
			inside "cat $1"
		else
			rm -f shown && "$MEZZO" cp "d:$1" shown && cat shown
		fi
	}
	check "$state: a file to a new name" "$MEZZO" cp file "d:$n"
	prints "$state: has its bytes" other 'show $n'
	check "$state: over a file" "$MEZZO" cp from/a "d:$n"
	prints "$state: replaces it" a 'show $n'
	check "$state: into a directory" "$MEZZO" cp file d:/dir
	prints "$state: under its name" other 'show /dir/file'
	check "$state: by a relative link" "$MEZZO" cp from/a d:/etc/relative/$state-1
	check "$state: by an absolute one" "$MEZZO" cp from/a d:etc/absolute/$state-2
	check "$state: by one that goes up" "$MEZZO" cp from/a d:/etc/high/$state-3
	check "$state: to the directory that a link leads to" "$MEZZO" cp file d:/etc/relative/
	prints "$state: all are where the links lead" "a a a" 'echo $(show /dir/$state-1) $(show /dir/$state-2) $(show /dir/$state-3)'
	check "$state: over a link to a file" "$MEZZO" cp from/sub/deep/file d:/etc/to-file
	prints "$state: to where it leads" deep 'show /etc/file'
	ends "$state: a link out of the domain" 125 '"$MEZZO" cp file d:/etc/outside/stolen'
	prints "$state: nothing is outside" "" 'ls stolen 2> /dev/null || true'
	ends "$state: below what is not there" 125 '"$MEZZO" cp file d:/none/x'
	ends "$state: a directory that is not there" 125 '"$MEZZO" cp file d:/none/'
	ends "$state: below a file" 125 '"$MEZZO" cp file d:/etc/file/x'
	ends "$state: a directory over a file" 125 '"$MEZZO" cp from d:/etc/file'
	ends "$state: a file over a directory" 125 'cp file name && "$MEZZO" cp name d:/shared'
	ends "$state: over a device" 125 '"$MEZZO" cp file d:/dev/null'
	ends "$state: into a file system of the layer's" 125 '"$MEZZO" cp from d:/proc'
	prints "$state: one line says why" 1 '"$MEZZO" cp from d:/proc 2>&1 | wc -l'
	ends "$state: what is not there" 125 '"$MEZZO" cp none d:/x'
	large=tree/dir/large
	check "$state: over a large file of the image" "$MEZZO" cp from/large d:/dir/large
	prints "$state: has its bytes" "$(md5sum < from/large)" 'show /dir/large | md5sum'
	check "$state: the former bytes again" "$MEZZO" cp $large d:/dir/large
	prints "$state: are there" "$(md5sum < $large)" 'show /dir/large | md5sum'

	check "$state: a directory to a new name" "$MEZZO" cp from "d:$n-new"
	check "$state: into a directory" "$MEZZO" cp from/ d:/dir/sub
	check "$state: what is in it" "$MEZZO" cp from/. d:/shared
	prints "$state: all are there" "deep deep deep" \
		'echo $(show $n-new/sub/deep/file) $(show /dir/sub/from/sub/deep/file) $(show /shared/sub/deep/file)'
	check "$state: a link as one" "$MEZZO" cp whole "d:$n-link"
	check "$state: -L" "$MEZZO" cp -L whole "d:$n-whole"
	prints "$state: is followed" deep 'show $n-whole/sub/deep/file'
	prints "$state: as a tar" "deep a" 'tar cf - -C from a sub | "$MEZZO" cp - d:/etc/high && echo $(show /dir/sub/deep/file) $(show /dir/a)'
	prints "$state: a packed one without directories" deep \
		'tar czf - -C from sub/deep/file | "$MEZZO" cp - d:/shared/name && show /shared/name/sub/deep/file'
	ends "$state: a tar to a file" 125 'tar cf - from | "$MEZZO" cp - d:/etc/file'
	ends "$state: a tar that is cut" 1 'tar cf - -C from a large | head -c 2000000 | "$MEZZO" cp - d:/shared/name'
	prints "$state: leaves nothing half" "a " 'echo "$(show /shared/name/a) $(show /shared/name/large 2> /dev/null)"'
	ends "$state: one that goes up" 1 'cp file ok; tar cPf - --transform "s,^file,../file," file ok | "$MEZZO" cp - d:/shared/name'
	prints "$state: and the rest of it is there" other 'show /shared/name/ok'
done

# All that is told of a file, without -a and with it.
check "a whole tree" "$MEZZO" cp from d:/to
prints "is as outside" "$(outside | plain)" 'inside "$describe" | plain'
prints "and of user 0" 0 'inside "find /to ! -user 0 -o ! -group 0" | wc -l'
prints "holes are holes" "yes" '[[ $(inside "stat -c %b /to/sparse") -lt 1000 ]] && echo yes'
prints "bytes are right" "$(cd from && md5sum a large sparse)" 'inside "cd /to && md5sum a large sparse"'
if [[ $root ]]; then
	chown 5:6 from/a from/sub && chown -h 7:8 from/link && chmod 4751 from/sub/deep/file
	mknod from/null c 1 3
	touch -d @1000000000 from/a
	setfattr -n user.mezzo -v value from/a 2> /dev/null || printf '' > no-xattr
	check "-a" "$MEZZO" cp -a from d:/archive
	prints "owners" "5:6 5:6 7:8" 'inside "stat -c %u:%g /archive/a /archive/sub /archive/link" | xargs'
	prints "modes" "1750 4751 1000000000" 'echo $(inside "stat -c %a /archive/sub /archive/sub/deep/file; stat -c %Y /archive/a")'
	prints "a device" "character special file 1 3" 'inside "stat -c \"%F %t %T\" /archive/null"'
	if [[ -e no-xattr ]]; then
		skip "extended attributes" "no tool or file system for them"
	else
		check "copied out again" "$MEZZO" cp -a d:/archive/a attributes
		prints "extended attributes" value 'getfattr --only-values -n user.mezzo attributes'
	fi
	prints "without it devices are left out, and that is said" 1 '"$MEZZO" cp from d:/left 2>&1 | grep -c "1 sockets and devices were left out"'
fi

# A name that is there as something else, and what is below it.
check "a directory of many" bash -c 'mkdir -p clash/x/y && echo 1 > clash/x/y/z && echo 2 > clash/w'
inside 'mkdir /clash && echo file > /clash/x' 2> /dev/null || inside '/bin/busybox mkdir /clash && echo file > /clash/x'
ends "a directory where a file is" 1 '"$MEZZO" cp clash/. d:/clash'
prints "is one error" 1 '"$MEZZO" cp clash/. d:/clash 2>&1 | wc -l'
prints "and the rest is there" "2 file" 'echo $(inside "cat /clash/w /clash/x")'
inside '/bin/busybox mkdir -p /planted /behind && /bin/busybox ln -s /behind /planted/x'
ends "a directory where a link is" 1 '"$MEZZO" cp clash/. d:/planted'
prints "nothing went through it" "" 'inside "ls /behind"'
check "a file where a directory is" bash -c 'mkdir -p clash2 && echo file > clash2/y && echo 3 > clash2/z'
inside '/bin/busybox mkdir -p /clash2/y && echo kept > /clash2/y/in'
ends "is not replaced" 1 '"$MEZZO" cp clash2/. d:/clash2'
prints "is one error" "mezzo: domain d: /clash2/y: can't make it: Is a directory" '"$MEZZO" cp clash2/. d:/clash2 2>&1 || true'
prints "and all else is as it should be" "3 kept" 'echo $(inside "cat /clash2/z /clash2/y/in")'
check "links and specials over others" bash -c 'mkdir over && ln -s new over/a && echo b > over/b && ln over/b over/c && mkfifo over/p'
inside '/bin/busybox mkdir /over; cd /over; echo 1 > a; echo 1 > p; echo 1 > b; /bin/busybox ln b c'
check "are copied" "$MEZZO" cp over/. d:/over
check "and once more" "$MEZZO" cp over/. d:/over
prints "and are there, with no other name" "a b c p new b 2 fifo" \
	'echo $(inside "cd /over; ls -A; readlink a; cat c; stat -c %h b; stat -c %F p")'
evil=$(printf 'new\nline\033[2J')
echo e > "$evil" && inside "/bin/busybox mkdir -p '/odd/$evil'"
prints "names are cleaned where they are told of" "1 0" 'm=$("$MEZZO" cp "$evil" d:/odd 2>&1); echo $(wc -l <<< "$m") $(grep -c $'"'\\033'"' <<< "$m")'

# What stays.
check "the end" "$MEZZO" kill d
"$MEZZO" wait d > /dev/null
"$MEZZO" inspect d | grep -v '^monitor' > before
"$MEZZO" logs d > log-before
check "a copy into one that has ended" "$MEZZO" cp file d:/after
"$MEZZO" inspect d > after
prints "changes nothing of its last run" "" '"$MEZZO" inspect d | diff before -'
prints "and prints nothing" "" '"$MEZZO" logs d | diff log-before -'
check "it starts" "$MEZZO" start d
prints "with all that was copied" "other deep a" 'echo $(inside "cat /after /to/sub/deep/file /idle")'

# One that is killed on the way.
mkfifo tar-pipe ends
for signal in INT KILL; do
	for state in running idle; do
		# All of its processes have this open, and so tell that they are gone.
		cat ends &
		waiter=$!
		"$MEZZO" cp file d:/shared/large
		"$MEZZO" cp - d:/shared < tar-pipe 2> cut 8> ends &
		copying=$!
		exec 9> tar-pipe
		tar cf - -C from a large | head -c 3000000 >&9
		kill -$signal $copying
		wait $copying
		ended=$?
		exec 9>&-
		wait $waiter
		prints "$state: killed by $signal on the way" "$([[ $signal == INT ]] && echo 130 || echo 137)" 'echo $ended'
		rm -rf shared && "$MEZZO" cp d:/shared .
		prints "what was to be replaced is whole, and nothing else was left" "other a" \
			'cat shared/large shared/a | xargs; ls -A shared | grep mezzo-cp || true'
		if [[ $state == running ]]; then
			prints "the domain goes on" alive 'inside "echo alive"'
			"$MEZZO" kill d > /dev/null && "$MEZZO" wait d > /dev/null
		else
			check "the domain starts" "$MEZZO" start d
			prints "and lives" alive 'inside "echo alive"'
		fi
	done
done
prints "the whole copy works then" "$(md5sum < from/large)" '"$MEZZO" cp from/large d:/shared && inside "cat /shared/large" | md5sum'

# Two at once: one waits for what never comes, and holds the lock.
check "the domain ends" "$MEZZO" kill d
"$MEZZO" wait d > /dev/null
"$MEZZO" cp - d:/shared < tar-pipe 2> cut &
copying=$!
exec 9> tar-pipe
tar cf - from/large | head -c 3000000 >&9
# It runs when more is taken than the pipes and the stream's ring hold.
ends "a second copy meanwhile" 125 '"$MEZZO" cp file d:/second'
prints "is told why" 1 '"$MEZZO" cp file d:/second 2>&1 | grep -c "try again"'
ends "nor can it be started" 125 '"$MEZZO" start d'
exec 9>&-
wait $copying
check "but then" "$MEZZO" cp file d:/second

# The receiver by itself: streams that are cut, and such as no sender of ours writes.
"$BUILD/mezzo-image" send -a from > stream
mkdir received
receive() { "$BUILD/mezzo-receive" received; }
prints "a stream that is whole" D 'receive < stream'
bad=
for size in 0 1 23 24 27 28 60 91 92 93 200 500 1000 4000 100000 5000000 $(($(stat -c %s stream) - 1)); do
	rm -rf received && mkdir received
	end=$(head -c $size stream | receive | tail -1)
	[[ $end == [NS] && $(find received -type f -size 5000000c | wc -l) -le 1 ]] || bad+="$size: $end "
done
prints "cut anywhere it is known as that" "" 'echo -n "$bad"'
bad=
for path in ./../../../../f .//sub/deep/fil /absolute/paths ./sub/../../../.; do
	rm -rf received && mkdir received
	LC_ALL=C sed "s,\./sub/deep/file,$path," stream > bent
	end=$(receive < bent | tail -1)
	[[ $end == [PS] && ! -e f && ! -e ../f ]] || bad+="$path: $end "
done
prints "paths that lead out are refused" "" 'echo -n "$bad"'
prints "another version, too" 1 'printf "mezzo-cp\2\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0" | receive | grep -c "another build"'
# A file that was broken off, and a link to it, where another file has its name.
rm -rf received && mkdir received && echo old > received/a && echo old > received/b
python3 - > broken <<'END'
import struct, sys
def record(type, mode=0, path=b"", target=b"", link=0, size=0):
    return struct.pack("<10IqQQ", type, mode, 0, 0, 0, 0, len(path), len(target), link, 0, 0, size, 0) + path + target
sys.stdout.buffer.write(b"mezzo-cp" + struct.pack("<4I", 1, 3, 0, 0) + record(1, 0o100644, b"./a", size=4) +
                        record(1, 0o100644, b"./b", b"./a", 1) + record(4))
END
prints "no link to what was not made" N 'receive < broken | tail -1'
prints "and all is as it was" "old old 1" 'echo $(cat received/a received/b) $(stat -c %h received/b)'
# A second process that can't be made.
if [[ $root ]] && setpriv --reuid 61233 --regid 61233 --clear-groups test -x "$MEZZO" 2> /dev/null; then
	chmod 755 . && mkdir -m 777 few
	cat > few-processes <<'END'
cd few && export MEZZO_STORE=$PWD/store && echo few > few
"$MEZZO" image import box ../tree > /dev/null && "$MEZZO" create f box -- /bin/sleep 1 > /dev/null
ulimit -u 2
exec "$MEZZO" cp few f:/few
END
	prints "a process too few" "125 mezzo: can't make a process: Resource temporarily unavailable" \
		'said=$(setpriv --reuid 61233 --regid 61233 --clear-groups bash few-processes 2>&1); echo "$? $said"'
else
	skip "a process too few" "not root, or what is to run is nobody's to see"
fi
# A system layer that stops who runs it.
if [[ -x $BUILD/tests/fake/layer ]]; then
	"$MEZZO" create --layer "$BUILD/tests/fake/layer" h box -- exit 0 > /dev/null
	prints "nobody stops for a domain without a terminal" 1 \
		'timeout 20 "$MEZZO" cp file h:/x 2>&1 | grep -c "stop without a terminal"'
	check "removed" "$MEZZO" rm h
else
	skip "nobody stops for a domain without a terminal" "no such layer here"
fi
check "the domain starts again" "$MEZZO" start d

# Between domains.
check "another domain" "$MEZZO" create e box -- /bin/sleep 1000
check "from the one into the other" "$MEZZO" cp d:/to e:/to
prints "the same is there" "$(md5sum < from/large)" '"$MEZZO" cp e:/to/large - | tar xOf - | md5sum'
check "back into one that runs" "$MEZZO" cp e:/to/sub/. d:/back
prints "the same is there" deep 'inside "cat /back/deep/file"'
ends "into itself" 125 '"$MEZZO" cp d:/to d:/into'
ends "no domain" 125 '"$MEZZO" cp file none:/x'
ends "no path" 125 '"$MEZZO" cp file d:'
check "a colon in a name" bash -c 'echo c > e:f && "$MEZZO" cp ./e:f e:/colon'
check "ended" "$MEZZO" rm -f d e

# An image without any tool.
mkdir -p bare/bin
cp "$BUILD/mezzo-receive" bare/bin/one
check "import one with a single program" "$MEZZO" image import bare bare
check "a domain of it" "$MEZZO" create b bare -- /bin/one
check "into it" "$MEZZO" cp from b:/to
prints "all is there" deep '"$MEZZO" cp b:/to/sub/deep/file - | tar xOf -'
check "removed" "$MEZZO" rm b

# Over a directory nothing is kept.
check "over a directory" "$MEZZO" create --rootfs tree r -- /bin/sleep 1000
ends "not while it does not run" 125 '"$MEZZO" cp file r:/x'
check "is started" "$MEZZO" start r
check "while it runs" "$MEZZO" cp file r:/x
prints "it is there" other '"$MEZZO" exec r -- cat /x'
prints "and not below" "" 'ls tree/x 2> /dev/null || true'
check "removed" "$MEZZO" rm -f r

# What a domain may keep holds for copies, too.
check "a domain that may keep little" "$MEZZO" create --disk 4M q box -- /bin/sleep 1000
ends "more than that" 125 '"$MEZZO" cp from/large q:/large'
check "less than that" "$MEZZO" cp from/sub q:/sub
prints "is there, and the other is not" "deep" '"$MEZZO" cp q:/sub/deep/file - | tar xOf - && ! "$MEZZO" cp q:/large x 2> /dev/null'
check "a small file" "$MEZZO" cp file q:/kept
ends "a large one over it" 125 '"$MEZZO" cp from/large q:/kept'
prints "leaves it as it was" other '"$MEZZO" cp q:/kept - | tar xOf -'
check "removed" "$MEZZO" rm q

# Volumes.
refuses_cp()	# name text arguments...
{
	local name=$1 text=$2 output status
	shift 2
	output=$("$MEZZO" cp "$@" 2>&1 < /dev/null)
	status=$?
	[[ $status -eq 125 && $(wc -l <<< "$output") -eq 1 && $output == "mezzo: "*"$text"* ]] || echo "# status $status: $output"
	[[ $status -eq 125 && $(wc -l <<< "$output") -eq 1 && $output == "mezzo: "*"$text"* ]]
	verdict $? "$name"
}
mkdir -p host/below && echo mine > host/below/file
check "a domain with volumes" "$MEZZO" create -v "$PWD/host:/mnt/host" -v named:/mnt/named v box -- /bin/sleep 1000
named=$PWD/store/volumes/named/data
for state in idle running; do
	[[ $state == idle ]] || check "start" "$MEZZO" start v
	check "$state: into a volume" "$MEZZO" cp from/a v:/mnt/host/$state
	check "$state: over a file in it" "$MEZZO" cp file v:/mnt/host/$state
	check "$state: a tree into another" "$MEZZO" cp from/sub v:/mnt/named/$state
	prints "$state: the host has them" "other deep" 'cat host/$state "$named/$state/deep/file" | xargs'
	prints "$state: and nothing else" "" 'ls -A host "$named" | grep mezzo-cp || true'
	prints "$state: out of a volume" "mine" '"$MEZZO" cp v:/mnt/host/below/file x && cat x'
	prints "$state: by a path with .. in it" "deep" '"$MEZZO" cp v:/mnt/host/../named/$state/deep/file x && cat x'
	refuses_cp "$state: what is not there" "/mnt/named/x: No such file or directory" v:/mnt/named/x y
	rm -rf mnt
	prints "$state: one within what is copied" "" '"$MEZZO" cp v:/mnt . 2>&1'
	check "$state: is there whole" diff -r host mnt/host
	check "$state: and so is the other" diff -r "$named" mnt/named
done
check "removed" "$MEZZO" rm -f v

# Out of volumes, as programs see them: links lead where they lead in the domain, one volume lies in another.
mkdir -p outer/dir outer/inner inner/deep && echo outer > outer/dir/file && echo inner > inner/deep/file && echo hidden > outer/inner/hidden
ln outer/dir/file outer/dir/second && ln -s /etc/os outer/absolute && ln -s ../inner/deep/file outer/dir/over && ln -s inner/deep outer/into
ln -s ../../../../../../../../../../../../../../etc/passwd outer/up && ln -s "$PWD/file" outer/escape && mkfifo outer/fifo
truncate -s 3000000 outer/sparse && printf end >> outer/sparse
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("outer/socket")'
check "a domain with one volume in another" "$MEZZO" create -v "$PWD/outer:/mnt/o" -v "$PWD/inner:/mnt/o/inner" o box -- /bin/busybox sh -c \
	'echo image > /etc/os; echo cover > /etc/passwd; cp /bin/busybox /mnt/o/set; chmod 6755 /mnt/o/set; echo ready; exec sleep 1000'
check "is started" "$MEZZO" start o
grep -m 1 -q ready < <("$MEZZO" logs -f o)
for state in running idle; do
	[[ $state == running ]] || check "stop" "$MEZZO" stop -t 0 o
	prints "$state: a file of the inner one" "inner" '"$MEZZO" cp o:/mnt/o/inner/deep/file x && cat x'
	prints "$state: an absolute link leads within the domain" "image" '"$MEZZO" cp -L o:/mnt/o/absolute x && cat x'
	prints "$state: one that goes up, too" "cover" '"$MEZZO" cp -L o:/mnt/o/up x && cat x'
	refuses_cp "$state: one to a file of the host" "No such file" -L o:/mnt/o/escape stolen
	prints "$state: one into the inner one" "inner" '"$MEZZO" cp -L o:/mnt/o/dir/over x && cat x'
	prints "$state: one on the way" "inner" '"$MEZZO" cp o:/mnt/o/into/file x && cat x'
	prints "$state: a link itself" "/etc/os" 'rm -f link; "$MEZZO" cp o:/mnt/o/absolute link && readlink link'
	rm -rf tree.out && mkdir tree.out
	prints "$state: the whole" "mezzo: note: 1 sockets and devices were left out" '"$MEZZO" cp o:/mnt/o tree.out 2>&1'
	prints "$state: has the inner one in its place" "inner no" \
		'cat tree.out/o/inner/deep/file | xargs echo -n; [[ -e tree.out/o/inner/hidden ]] || echo " no"'
	check "$state: and all else" diff -r --no-dereference --exclude=inner --exclude=socket --exclude=fifo outer tree.out/o
	prints "$state: links are links, holes holes, a FIFO one" "2 yes 3000003 fifo" \
		'echo $(stat -c %h tree.out/o/dir/file) $([[ $(du -k tree.out/o/sparse | cut -f1) -lt 200 ]] && echo yes) $(stat -c %s tree.out/o/sparse) $(stat -c %F tree.out/o/fifo)'
	prints "$state: only what is in it" "inner outer" 'rm -rf only; mkdir only; "$MEZZO" cp o:/mnt/o/. only 2> /dev/null; cat only/inner/deep/file only/dir/file | xargs'
	prints "$state: as a tar" "o/dir/file o/inner/deep/file" '"$MEZZO" cp o:/mnt/o - 2> /dev/null | tar tf - | grep file\$ | sort | xargs'
	prints "$state: with bits that the host does not have" "-rwsr-sr-x" '"$MEZZO" cp o:/mnt/o/set - | tar tvf - | cut -d" " -f1'
	prints "$state: and the bytes" "$(md5sum < tree/bin/busybox)" '"$MEZZO" cp o:/mnt/o/set x && md5sum < x'
	check "$state: to another domain" bash -c '"$MEZZO" create p box -- /bin/sleep 1 > /dev/null && "$MEZZO" cp o:/mnt p:/got'
	prints "$state: whole" "inner outer" '"$MEZZO" cp p:/got/o/inner/deep/file - | tar xOf - | xargs echo -n; "$MEZZO" cp p:/got/o/dir/second - | tar xOf - | sed "s/^/ /"'
	if [[ $root ]]; then
		chown 7:8 outer/dir/file
		prints "$state: -a keeps owners" "7:8 6755" 'rm -rf kept; mkdir kept; "$MEZZO" cp -a o:/mnt/o kept 2> /dev/null; stat -c %u:%g kept/o/dir/file | xargs echo -n; stat -c " %a" kept/o/set'
	fi
	refuses_cp "$state: a socket by name" "/mnt/o/socket is a socket, and none is copied" o:/mnt/o/socket x
	"$MEZZO" rm p > /dev/null
done
# A copy into what is copied comes to an end.
ends "into the volume itself" 1 'rm -rf outer/swap.link; timeout 20 "$MEZZO" cp o:/mnt/o outer/dir 2> err'
prints "the copy is not copied" "1 outer" 'grep -c "the copy itself" err | xargs echo -n; sed "s/^/ /" outer/dir/o/dir/file; rm -rf outer/dir/o'
ends "the content into a directory of it" 1 'timeout 20 "$MEZZO" cp o:/mnt/o/. outer/dir 2> err'
prints "neither" "1 outer" 'grep -c "the copy itself" err | xargs echo -n; sed "s/^/ /" outer/dir/file; ls outer/dir/dir 2> /dev/null || true'
# A directory and a link to what lies outside take turns in one name, while it is copied.
mkdir outer/swap stolen.d && echo swapped > outer/swap/secret && echo stolen > stolen.d/secret && ln -s "$PWD/stolen.d" outer/swap.link
python3 -c 'import ctypes
libc = ctypes.CDLL(None)
while True: libc.renameat2(-100, b"outer/swap", -100, b"outer/swap.link", 2)' &
swapper=$!
prints "what becomes a link leads nowhere" "swapped" 'for n in $(seq 40); do
	"$MEZZO" cp o:/mnt/o/swap/secret s1 2> /dev/null && cat s1; rm -rf s2; "$MEZZO" cp o:/mnt/o s2 2> /dev/null
	find s2 -name secret -exec cat {} +; done | sort -u'
kill $swapper
wait $swapper 2> /dev/null
mv inner inner.away
ends "a volume that is gone: the rest is copied" 1 'rm -rf part; "$MEZZO" cp o:/mnt/o part 2> err'
prints "and it is said" "1 outer" 'grep -c "inner: the volume there: No such file" err | xargs echo -n; sed "s/^/ /" part/dir/file'
refuses_cp "and by itself it fails" "volume $PWD/inner: No such file" o:/mnt/o/inner/deep x
check "removed" "$MEZZO" rm o

# A full disk: what is not there whole is not reported, and the domain starts.
if unshare -rm mount -t tmpfs none /mnt 2> /dev/null; then
	mkdir -p disk
	cat > full <<'END'
mount -t tmpfs -o size=24m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null && "$MEZZO" create f box -- /bin/sleep 1000 > /dev/null || exit 8
head -c 60M /dev/zero | tr '\0' x > huge
for state in idle running; do
	"$MEZZO" cp huge f:/huge 2> err
	echo "$state $? $(wc -l < err) $(grep -c 'No space left' err)"
	[[ $state == running ]] || "$MEZZO" start f > /dev/null || exit 7
	"$MEZZO" exec f -- /bin/sh -c 'ls /huge 2> /dev/null; echo alive'
	"$MEZZO" cp file f:/small-$state && "$MEZZO" exec f -- cat /small-$state
done
"$MEZZO" rm -f f > /dev/null
END
	prints "a full disk" "idle 125 1 1 alive other running 125 1 1 alive other" \
		'MEZZO=$MEZZO unshare -rm bash full | xargs'
else
	skip "a full disk" "no mount namespace to fill a disk in"
fi

# As an ordinary user.
if [[ $root ]] && setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$MEZZO" 2> /dev/null; then
	mkdir -m 777 user && chmod 755 .
	cat > as-user <<'END'
cd user && export MEZZO_STORE=$PWD/store
"$MEZZO" image import box ../tree > /dev/null && "$MEZZO" create u box -- /bin/sleep 1000 > /dev/null
echo mine > mine
"$MEZZO" cp mine u:/etc && "$MEZZO" start u > /dev/null && "$MEZZO" cp mine u:/dir && "$MEZZO" cp -a mine u:/archive
"$MEZZO" exec u -- /bin/sh -c 'cat /etc/mine /dir/mine; stat -c %u /dir/mine /archive'
mkdir part && echo yes > part/yes && echo no > part/no && chmod 0 part/no
"$MEZZO" cp part u:/part 2> said
echo "$? $(cat said) $("$MEZZO" exec u -- /bin/ls /part)"
"$MEZZO" rm -f u > /dev/null
END
	prints "as an ordinary user" "mine mine 0 65534 1 mezzo: no: can't read: Permission denied yes" \
		'setpriv --reuid 65534 --regid 65534 --clear-groups bash as-user | tr "\n" " " | sed "s/ $//"'
else
	skip "as an ordinary user" "not root, or what is to run is nobody's to see"
fi
finish
