# SPDX-License-Identifier: MIT
# What mezzo must not believe or be led to: stores of others, volumes that became links, streams that are
# closed; and that nobody loses a volume that is in use, nor keeps one that was removed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lasting.sh"

root=
[[ $(id -u) -eq 0 ]] && root=1
left() { ls -A "$MEZZO_STORE/volumes/.new"; }

# ---- A volume is the directory that was named, and no link that took its place ----

mkdir -p pub/work secret/inner
echo secret > secret/file
check "a domain with a directory" "$MEZZO" create -v "$PWD/pub/work:/w" linked box -- cat /w/file
check "and one with a directory behind another" "$MEZZO" create -v "$PWD/pub/work:/w" above box -- cat /w/file
rmdir pub/work
ln -s "$PWD/secret" pub/work
refuses "a link in its place is not followed" "a link by now" start -a linked
rm pub/work
rmdir pub
mkdir other
mkdir other/work
echo secret > other/work/file
ln -s other pub
refuses "nor one above it" "a link by now" start -a above
rm -r pub
mkdir -p pub/work
echo right > pub/work/file
prints "the directory itself serves" right '"$MEZZO" start -a linked'
prints "on the command line links lead where they lead" right \
	'ln -s pub/work way; "$MEZZO" do -v ./way:/mnt -- cat /mnt/file'
check "removing them" "$MEZZO" rm linked above

# ---- No set-user-id files of mezzo's user ----

cp tree/bin/busybox pub/work/sh
prints "a program sees the bit that it sets" 4755 \
	'"$MEZZO" do -v ./pub/work:/mnt -- sh -c "chmod 4755 /mnt/sh; stat -c %a /mnt/sh" || true'
prints "the host does not" 755 'stat -c %a pub/work/sh'
prints "nor on a file that is made with it" 755 \
	'"$MEZZO" do -v ./pub/work:/mnt -- python3 -c "import os; os.umask(0); os.open(\"/mnt/made\", os.O_CREAT, 0o6755)"; stat -c %a pub/work/made'
prints "in a later domain it is there" 4755 '"$MEZZO" do -v ./pub/work:/mnt -- stat -c %a /mnt/sh'
prints "where nothing else is to be seen" "" \
	'"$MEZZO" do -v ./pub/work:/mnt -- python3 -c "import os; print(*os.listxattr(\"/mnt/sh\"))"'

# ---- A volume that is used ----

mkfifo hold
"$MEZZO" run -v eph:/data box -- sh -c 'echo kept > /data/file; echo ready; cat; cat /data/file' < hold > out 2>&1 &
running=$!
exec 9> hold
wait_for ready out
refuses "a volume of a domain that runs is not removed" "used by a domain that runs" volume rm eph
exec 9>&-
wait $running
prints "and keeps what is in it" "ready kept" 'xargs < out'
prints "then it is" eph '"$MEZZO" volume rm eph'

# Whoever makes a domain or renames one holds its volumes: whatever comes first, none is without its volume.
check "a volume" "$MEZZO" volume create fought
lost=0
for round in $(seq 20); do
	"$MEZZO" create -v fought:/data "maker$round" box -- true > /dev/null 2>&1 &
	"$MEZZO" volume rm fought > /dev/null 2>&1
	wait $!
	[[ -d store/volumes/fought ]] || lost=$((lost + 1))
	"$MEZZO" rm "maker$round" > /dev/null
done
prints "making a domain and removing its volume at once" 0 'echo $lost'
check "a domain that names it" "$MEZZO" create -v fought:/data first box -- true
(for round in $(seq 30); do
	"$MEZZO" rename first second; "$MEZZO" rename second first
done) > /dev/null 2>&1 &
renaming=$!
removed=0
while kill -0 $renaming 2> /dev/null; do
	"$MEZZO" volume rm fought > /dev/null 2>&1 && removed=$((removed + 1))
done
wait $renaming
prints "renaming a domain and removing its volume at once" 0 'echo $removed'
check "removing it" "$MEZZO" rm first

# ---- Nothing of a volume stays ----

"$MEZZO" volume create odd > /dev/null
mkdir -p store/volumes/odd/data/{closed/deeper,readonly/below}
touch store/volumes/odd/data/{closed/deeper,readonly/below}/file
chmod 0555 store/volumes/odd/data/readonly/below store/volumes/odd/data/readonly
chmod 0 store/volumes/odd/data/closed/deeper store/volumes/odd/data/closed
prints "directories that nobody may change or see are removed" odd '"$MEZZO" volume rm odd'
prints "whole" "" left
"$MEZZO" volume create deep > /dev/null
python3 - <<'END'
import os
os.chdir("store/volumes/deep/data")
for i in range(3000):
    os.mkdir("d%d" % (i % 2))
    open("file", "w").close()
    os.chdir("d%d" % (i % 2))
END
prints "a tree that is deeper than there are descriptors, too" deep '(ulimit -n 64; "$MEZZO" volume rm deep)'
prints "whole" "" left
mkdir -p store/volumes/.new/0123456789abcdef/data
echo left > store/volumes/.new/0123456789abcdef/data/file
check "what somebody left who was killed" "$MEZZO" volume create later
prints "goes with the next one who comes" "" left
if [[ $root ]] && "$MEZZO" volume create fixed > /dev/null && touch store/volumes/fixed/data/file &&
		chattr +i store/volumes/fixed/data/file 2> /dev/null; then
	refuses "what can't be removed is told, and where it is" "/volumes/.new/" volume rm fixed
	chattr -i store/volumes/.new/*/data/file
	check "and goes later" "$MEZZO" volume create later2
	prints "whole" "" left
else
	skip "what can't be removed" "no file can be made immutable here"
fi

# ---- A store of somebody else ----

if [[ $root ]]; then
	cp -a store others
	chown -R 12345:12345 others
	check "a domain of somebody else" "$MEZZO" create --store store -v "$PWD/secret:/s" planted box -- true
	cp -a store/domains/planted others/domains/
	for verb in "ps" "start planted" "volume ls" "volume create x" "run box -- true" "image ls" "create new box -- true"; do
		output=$(MEZZO_STORE=$PWD/others "$MEZZO" $verb 2>&1 < /dev/null)
		[[ $? -ne 0 && $(wc -l <<< "$output") -eq 1 && $output == *"belongs to user 12345"* ]]
		verdict $? "a store of another user: $verb"
	done
	prints "its user may be trusted" 1 \
		'MEZZO_STORE_OWNER=12345 MEZZO_STORE=$PWD/others "$MEZZO" image ls | grep -c "^box"'
	cp -a store mixed
	chown 12345 mixed/domains/planted
	refuses "a folder of another user in one's own store" "belongs to user 12345" start --store mixed planted
	chown 0 mixed/domains/planted
	chown 12345 mixed/domains/planted/record
	refuses "a record of another user" "belongs to user 12345" start --store mixed planted
	chown 0 mixed/domains/planted/record
	chmod o+w mixed/domains/planted/record
	refuses "a record that anybody may write" "others may write" start --store mixed planted
	chown 12345 mixed/domains
	refuses "domains of another user" "belongs to user 12345" ps --store mixed
	"$MEZZO" rm planted > /dev/null
else
	skip "a store of another user" "only root can make one"
fi
cp -a store open
chmod o+w open
refuses "a store that anybody may write to" "others may write" ps --store open

# ---- Streams that are closed ----

# What is printed must not go to a file of the store.
sums() { find store -type f ! -name lock.mdb ! -name lock ! -name run ! -name output -print0 | sort -z | xargs -0 md5sum; }
check "a domain to look at" "$MEZZO" create looked box -- true
sums > before
for verb in "image ls" "image show nobody" "store info" "ps" "ls" "inspect looked" "inspect nobody" "stats" "diff looked" \
	"volume ls" "volume rm nobody" "logs looked" "start nobody" "rm nobody" "wait nobody" "kill nobody" "exec nobody x"; do
	"$MEZZO" $verb <&- >&- 2>&-
	"$MEZZO" $verb >&-
	"$MEZZO" $verb 2>&-
done > /dev/null 2>&1
sums > after
check "nothing is printed into the store" cmp before after
"$MEZZO" image import closed tree <&- >&- 2>&-
check "an import without streams is whole" "$MEZZO" store fsck
check "a run, too" "$MEZZO" run closed -- test -f /etc/name

# ---- Limits that hold for the whole host ----

limits() { for child in $(pgrep -P "$1"); do grep -E "$2" "/proc/$child/limits" | awk '{ print $(NF-2) }'; done; }
(ulimit -S -l 64; exec "$MEZZO" do -- sh -c 'echo runs; exec sleep 1000') > out 2>&1 &
running=$!
wait_for runs out
prints "a domain locks no more memory than its user may" 65536 "limits $running 'locked memory'"
prints "and has a bound of processes" yes "[[ \$(limits $running 'Max processes') -le 16384 ]] && echo yes"
kill $running
wait $running 2> /dev/null
[[ $root ]] && as_user distrust
finish
