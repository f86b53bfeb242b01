# SPDX-License-Identifier: MIT
# The host's disk is full: programs of a domain are told so by the right error, whatever they do, and each
# verb that needs room says what it lacks, with one line, and changes nothing.
. "$(dirname "$0")/lib.sh"

needs_domain "full_disk"
needs_mounts "full_disk"
scratch
mkdir -p disk tree/bin tree/w/image many
cp "$(command -v busybox)" tree/bin/busybox
cp "$BUILD/tests/programs/full" tree/bin/full
for name in sh sleep echo true cat; do ln -s busybox "tree/bin/$name"; done
for i in $(seq 0 299); do echo "$i" > "tree/w/image/$i"; done
for i in $(seq 0 9); do head -c 100000 /dev/urandom > "tree/w/image/$i"; done
for i in $(seq 2000); do echo "$i" > "many/$i"; done
tar cf many.tar many

cat > whole <<'END'
mount -t tmpfs -o size=16m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store MEZZO_DISK_RESERVE=0
"$MEZZO" image import box tree > /dev/null || exit 8
fill() { head -c 100M /dev/zero > disk/all 2> /dev/null; true; }
"$MEZZO" create fresh box -- echo hello > /dev/null
"$MEZZO" create -t terminal box -- echo hello > /dev/null
"$MEZZO" run --name used box -- busybox seq 5000 > /dev/null
"$MEZZO" run -di --name changes box -- full /w 300 > /dev/null
until "$MEZZO" logs changes | grep -q ready; do sleep 0.02; done
fill
echo | "$MEZZO" attach changes > changes
rm disk/all
"$MEZZO" rm changes > /dev/null
"$MEZZO" run -d --name asleep box -- sh -c 'echo x > /x; sleep 1000' > /dev/null
sleep 0.2
fill
(cd disk && ls -A store/domains) > before
while read -r verb; do
	timeout 30 "$MEZZO" $verb < /dev/null > printed 2> told
	echo "$verb: $? $(wc -l < told) $(sed 's/.*: //' told)" >> verbs
done << 'VERBS'
start fresh
start -a fresh
start -i fresh
start -a terminal
start -a used
create other box -- true
run --name other box -- true
run -d --name other box -- true
commit asleep new
cp whole fresh:/w/whole
cp many asleep:/w
image import new many
image import new many.tar
image tag box another
store dedup
exec asleep true
stop -t 0 asleep
VERBS
(cd disk && ls -A store/domains) > after
"$MEZZO" rm -f fresh terminal used asleep > removed
rm disk/all
"$MEZZO" image ls | grep -c new > images
"$MEZZO" run --rm box -- echo fine > again
"$MEZZO" store fsck > fsck 2>&1; echo $? >> again
END
MEZZO=$MEZZO unshare -rm bash whole > errors 2>&1

prints "all kinds of changes have the right error" "done No space left on device" \
	'sed -n "s/^[a-z ]*: //p" changes | LC_ALL=C sort -ru | xargs'
prints "all of them were tried" 18 'grep -c ": " changes'
for kind in create mkdir symlink fifo link rename append map "first write" truncate "first rename"; do
	prints "$kind" "No space left on device" 'sed -n "s/^$kind: //p" changes'
done
prints "what was there can be removed" "done" 'sed -n "s/^first unlink: //p" changes'
for verb in "start fresh" "start -a fresh" "start -i fresh" "start -a terminal" "create other box -- true" \
	"run --name other box -- true" "run -d --name other box -- true" "commit asleep new" \
	"cp whole fresh:/w/whole" "image import new many" "image import new many.tar" "image tag box another"; do
	prints "$verb" "125 1 No space left on device" 'grep -F "$verb: " verbs | head -1 | sed "s/^.*: \([0-9]\)/\1/"'
done
prints "start -a of one whose output is lost" "125 1 it could not be written" 'sed -n "s/^start -a used: //p" verbs'
prints "cp of many" "1 No space left on device" 'sed -n "s/^cp many.*: //p" verbs | cut -d" " -f1,3-'
prints "exec and stop need no room" "0 0 0 0" 'sed -n "s/^\(exec\|stop\).*: //p" verbs | xargs'
prints "no domain was made, none lost" "" 'diff before after'
prints "they can be removed" "fresh terminal used asleep" 'xargs < removed'
prints "no image was made" 0 'cat images; true'
prints "with room all is well" "fine 0" 'xargs < again'
cat errors | sed 's/^/# /'
finish
