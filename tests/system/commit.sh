# SPDX-License-Identifier: MIT
# Domains become images.
. "$(dirname "$0")/lib.sh"

needs_domain "commit"
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc tree/tmp tree/w
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
echo first > tree/etc/file
ln tree/etc/file tree/etc/other
seq 400000 > tree/etc/large
cp "$BUILD/tests/programs/changes" tree/bin/changes
"$BUILD/tests/programs/changes" 1 600 tree/w > /dev/null
cp -a tree native
check "import" "$MEZZO" image import box tree

domain()	# name script
{
	"$MEZZO" create "$1" box -- /bin/busybox sh -c "$2" > /dev/null && "$MEZZO" start -a "$1"
}
run() { "$MEZZO" run "$@"; }
field() { "$MEZZO" image show --json "$1" | python3 -c "import json, sys; print(json.load(sys.stdin)$2)"; }
objects() { "$MEZZO" store ls | awk '{ print $NF }' | sort; }

check "a domain that never ran" "$MEZZO" create new box -- /bin/busybox true
objects > before
check "is committed" "$MEZZO" commit new same
objects > after
check "and has the very same objects, index included" cmp before after
prints "and the same bytes as a tar" "$("$MEZZO" image export box - | md5sum)" '"$MEZZO" image export same - | md5sum'
ends "not over an image that is there" 125 '"$MEZZO" commit new same'
check "unless told so" "$MEZZO" commit --replace new same

check "changes" domain changes 'echo second > /etc/file; mkdir /new; echo n > /new/n; ln /new/n /new/m
	ln -s nowhere /new/l; mkfifo /new/p; chown 5:6 /new/n; chmod 4750 /new/n
	printf X | dd of=/etc/large bs=1 seek=100000 conv=notrunc 2> /dev/null
	rm -r /tmp; mv /w /moved; touch -d @1000000 /new/n; seq 50000 > /new/large'
check "are committed" "$MEZZO" commit -m "a message" changes one
cp -a tree expect
printf X | dd of=expect/etc/large bs=1 seek=100000 conv=notrunc 2> /dev/null
prints "bytes" "second second n" 'run one -- /bin/sh -c "echo \$(cat /etc/file /etc/other /new/m)"'
prints "a large file with one byte changed" "$(md5sum < expect/etc/large)" 'run one -- /bin/busybox md5sum /etc/large | sed "s,/etc/large,-,"'
prints "a large new one" "$(seq 50000 | md5sum)" 'run one -- /bin/busybox md5sum /new/large | sed "s,/new/large,-,"'
prints "modes, owners, links, times" "4750 5:6 2 1000000" 'run one -- /bin/busybox stat -c "%a %u:%g %h %Y" /new/m'
prints "a link, a fifo" "nowhere fifo" 'run one -- /bin/sh -c "echo \$(readlink /new/l) \$(stat -c %F /new/p)"'
ends "what was removed" 1 'run one -- /bin/busybox ls /tmp'
prints "nothing else" "$(cd native/w && find . | sort | md5sum)" 'run one -- /bin/sh -c "cd /moved && find . | sort | md5sum"'
prints "where it came from" "domain changes over box: a message" 'field one "[\"source\"]"'
objects > before
check "committing again" "$MEZZO" commit changes two
objects > after
check "adds no object" cmp before after
check "store" "$MEZZO" store fsck

check "the config" "$MEZZO" commit -c 'CMD ["/bin/busybox","echo","by itself"]' -c 'ENV A="b c"' -c 'env B d' \
	-c 'WORKDIR /etc' -c 'USER 7:8' -c 'LABEL x=y' -c 'EXPOSE 80' changes config
prints "is kept" "{'Cmd': ['/bin/busybox', 'echo', 'by itself'], 'Env': ['A=b c', 'B=d'], 'User': '7:8', 'WorkingDir': '/etc', 'ExposedPorts': {'80/tcp': {}}, 'Labels': {'x': 'y'}}" \
	'field config "[\"config\"]"'
prints "and used" "by itself" 'run config'
prints "all of it" "b c d /etc 7" 'run config -- /bin/sh -c "echo \$A \$B \$PWD \$(id -u)"'
check "a domain over that" "$MEZZO" create over config -- /bin/sh -c 'echo more > /etc/file'
check "committed" "$MEZZO" commit -c 'ENV A=z' -c 'ENTRYPOINT ["/bin/sh"]' over third
prints "keeps the config below" "['A=z', 'B=d']" 'field third "[\"config\"][\"Env\"]"'
prints "with what was changed" "['/bin/sh']" 'field third "[\"config\"][\"Entrypoint\"]"'
prints "and without the command that was another's" "None" 'field third "[\"config\"].get(\"Cmd\")"'
check "the name of the base moves on" "$MEZZO" image tag --replace box config
check "and a domain is committed again" "$MEZZO" commit over fourth
prints "with the config that its base had" "['A=b c', 'B=d'] ['/bin/busybox', 'echo', 'by itself']" \
	'echo "$(field fourth "[\"config\"][\"Env\"]") $(field fourth "[\"config\"][\"Cmd\"]")"'
check "the name goes" "$MEZZO" image rm -f config
check "and a domain is committed once more" "$MEZZO" commit --replace over fourth
prints "likewise" "['A=b c', 'B=d']" 'field fourth "[\"config\"][\"Env\"]"'
prints "without a word" "" '"$MEZZO" commit --replace over fourth | grep -v ^fourth: || true'
config() { "$MEZZO" commit --replace "$@" changes words > /dev/null && field words '["config"]'; }
prints "words: quotes" "{'Env': ['A=b c', 'B=it is', 'C=d e']}" \
	'config -c "ENV A=\"b c\" B='"'it is'"' C=d\\ e"'
prints "words: a name and the rest" "{'Env': ['A=b  c']}" 'config -c "ENV A b  c"'
prints "words: quotes in the rest" "{'Env': ['A=b=c d']}" 'config -c "ENV A \"b=c\" d"'
prints "words: variables" "{'Env': ['P=/x:/bin', 'P2=/bin\$P', 'P3=e', 'P4=', 'P5=</bin>']}" \
	'config -c "ENV P=/bin" -c "ENV P=/x:\$P P2=\"\${P}\"'"'"'\$P'"'"' P3=\${NONE:-e} P4=\${NONE:+e} P5=<\${NONE:-\${P}}>"'
prints "words: labels" "{'Labels': {'a': '1 2', 'b': '3'}}" 'config -c "LABEL a=\"1 2\" b=3"'
prints "words: ports" "{'ExposedPorts': {'80/tcp': {}, '81/udp': {}}}" 'config -c "EXPOSE 80 81/udp"'
prints "words: directories" "{'WorkingDir': '/a/b'}" 'config -c "WORKDIR /a" -c "WORKDIR b"'
prints "words: a command for the shell" "{'Cmd': ['/bin/sh', '-c', 'echo \"\$A b\"']}" 'config -c "CMD echo \"\$A b\""'
prints "words: a command before its entrypoint" "{'Entrypoint': ['b'], 'Cmd': ['a']}" \
	'config -c "CMD [\"a\"]" -c "ENTRYPOINT [\"b\"]"'
for wrong in 'ENV A="b' 'ENV A=b c' 'ENV A=${B' 'ENV A=${B:?c}' 'ENV =b' 'LABEL "a' 'CMD [1]' 'CMD [' 'ENV x' 'RUN x' 'CMD' 'EXPOSE x' ''; do
	ends "no change: '$wrong'" 125 '"$MEZZO" commit -c "$wrong" changes wrong'
done
ends "and no image of it" 125 '"$MEZZO" image show wrong'

# What only a hostile domain writes: fsck finds it, and mends it. A file's slot gets another type.
python3 - store/domains/changes/overlay << 'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
for at in range(4096, len(data), 128):
    ino, guard, flags, mode, uid, gid, nlink = struct.unpack_from("<QIIIIII", data, at)
    if 1 < ino < 1 << 20 and guard and nlink and mode & 0o170000 == 0o100000:
        struct.pack_into("<I", data, at + 16, 0o040755)
        break
else:
    sys.exit("no slot of a file of the image")
open(sys.argv[1], "wb").write(data)
END
ends "a damaged overlay is refused" 125 '"$MEZZO" commit changes damaged'
ends "found" 4 '"$MEZZO" store fsck'
ends "mended" 1 '"$MEZZO" store fsck --repair'
check "and found no more" "$MEZZO" store fsck
check "what is left can be committed" "$MEZZO" commit changes damaged
prints "without objects that no file uses" 2 'ls store/domains/changes/objects | wc -l'

# Without the base.
check "the base is removed" "$MEZZO" image rm -f box
check "its domains, too" "$MEZZO" rm new changes over
check "the commit is whole" "$MEZZO" store fsck
prints "and runs" "second" 'run one -- /bin/busybox cat /etc/file'
ends "no such domain" 125 '"$MEZZO" commit none x'
ends "no name of an image" 125 '"$MEZZO" commit none :'

# Random changes over restarts, and the commit is what bare Linux has after the same ones.
check "import again" "$MEZZO" image import base native
check "many changes" bash -c '"$MEZZO" create many base -- /bin/sh -c "changes 10 400 /w && changes 11 400 /w" > /dev/null &&
	"$MEZZO" start -a many > /dev/null'
check "commit" "$MEZZO" commit many many
(tree/bin/changes 10 400 native/w && tree/bin/changes 11 400 native/w) > /dev/null
prints "as on bare Linux" "$(tree/bin/changes --list native/w | md5sum)" '"$MEZZO" run many -- /bin/changes --list /w | md5sum'
check "fsck" "$MEZZO" store fsck

# One whose monitor was killed while it wrote: its last writer is waited for.
check "import again" "$MEZZO" image import box tree
"$MEZZO" create killed box -- /bin/busybox sh -c 'while :; do
	busybox cp /etc/large /w/new; busybox mv /w/new /w/large; echo $((n += 1)) > /w/count; done' > /dev/null
monitor() { "$MEZZO" inspect killed | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["pid"])'; }
torn=
for try in $(seq 50); do
	"$MEZZO" start killed > /dev/null || { torn+="start "; break; }
	until "$MEZZO" exec killed -- /bin/busybox test -e /w/count 2> /dev/null; do :; done
	kill -9 "$(monitor)"
	"$MEZZO" wait killed > /dev/null 2>&1
	case $((try % 10)) in
	[1-5]) "$MEZZO" diff killed > diff 2>&1 && grep -q '^[AC] /w/large$' diff || torn+="$try: $(head -1 diff) " ;;
	0) "$MEZZO" commit --replace killed kept > said 2>&1 || torn+="$try: $(head -1 said) "
	   "$MEZZO" image export kept - | tar xOf - w/large | cmp -s - tree/etc/large || torn+="$try: image " ;;
	*) "$MEZZO" cp killed:/w/large large 2> said && cmp -s large tree/etc/large || torn+="$try: $(head -1 said) " ;;
	esac
done
prints "killed while it writes, 50 times: nothing is torn" "" 'echo -n "$torn"'

# The locks of processes that still die, which these stand for.
folder=$MEZZO_STORE/domains/killed
exec 9< "$folder/overlay" && flock -x 9
ends "diff waits for the overlay" 124 'timeout 0.5 "$MEZZO" diff killed'
ends "commit" 124 'timeout 0.5 "$MEZZO" commit --replace killed kept'
ends "cp" 124 'timeout 0.5 "$MEZZO" cp killed:/w/count x'
ends "dedup" 124 'timeout 0.5 "$MEZZO" store dedup'
exec 9<&-
# A domain can let go of its overlay, and of no object that it can write.
locks=()
for object in "$folder"/objects/*; do
	exec {lock}< "$object" && flock -s "$lock" && locks+=("$lock")
done
ends "cp waits for a large file" 124 'timeout 0.5 "$MEZZO" cp killed:/w/large x'
ends "commit" 124 'timeout 0.5 "$MEZZO" commit --replace killed kept'
ends "dedup" 124 'timeout 0.5 "$MEZZO" store dedup'
for lock in "${locks[@]}"; do exec {lock}<&-; done
check "then all is read" "$MEZZO" commit --replace killed kept
prints "as it is" "" '"$MEZZO" cp killed:/w/large x && cmp x tree/etc/large'
check "removed" "$MEZZO" rm killed

# ---- Holes: far more to hash than there is on disk ----
domain holes 'for n in 1 2 3 4; do truncate -s 8000M /w/hole$n; done'
objects=$(find "$MEZZO_STORE/objects" -type f | wc -l)
env --default-signal=INT "$MEZZO" commit holes hollow > /dev/null 2> errors &
pid=$!
# A hole's object is there, and its zeros are being hashed.
until find "$MEZZO_STORE/new" -type f -size +7000M | grep -q .; do
	kill -0 "$pid" || break
done
kill -INT "$pid"
timeout 20 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
wait "$pid"
prints "interrupted in a hole it ends" "130 mezzo: interrupted" "echo $? \$(cat errors)"
prints "and leaves nothing" "0 $objects" 'echo $(find "$MEZZO_STORE/new" -type f | wc -l) $(find "$MEZZO_STORE/objects" -type f | wc -l)'
ends "nor an image" 125 '"$MEZZO" image show hollow'
finish
