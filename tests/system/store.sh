# SPDX-License-Identifier: MIT
# mezzo store: what it tells of sound stores, and of damaged, foreign, read-only and full ones.
. "$(dirname "$0")/lib.sh"
scratch
export MEZZO_STORE=$PWD/store

img() { "$BUILD/mezzo-image" "$@"; }
# By this name it is what `mezzo store` runs.
st() { (exec -a "mezzo store" "$BUILD/mezzo-image" "$@"); }

# A store with an image of four files, of which two are equal.
fresh()
{
	rm -rf store
	img import box tree > /dev/null
}

# The whole text of a finding, then its repair, then nothing.
mends()		# name pattern findings
{
	ends "$1: found" 4 "st fsck"
	prints "$1: told" "$3" "st fsck | grep -c -- '$2'"
	ends "$1: found again, as nothing was changed" 4 "st fsck"
	ends "$1: mended" 1 "st fsck --repair"
	ends "$1: and sound" 0 "st fsck --repair"
	prints "$1: so it says" "$PWD/store: no damage" "st fsck"
}

# What is lost can't be mended: it is told of by its names until the same bytes come again.
loses()		# name pattern
{
	ends "$1: found" 4 "st fsck"
	prints "$1: told, with the name that is lost" "1 1" \
		"st fsck > found; echo \$(grep -c -- '$2' found) \$(grep -c '^image box: /four is lost$' found)"
	prints "$1: nothing else is" 4 "wc -l < found"
	ends "$1: is left by a repair" 4 "st fsck --repair"
	prints "$1: and told after it, by name alone" "image box: /four is lost
image box: 1 of its files are lost: import it again, or \`mezzo image rm\` it
$PWD/store: 1 of 1 findings are left" "st fsck || true"
	ends "$1: the image can't be exported" 1 "img export box box.tar"
	prints "$1: which says why" "mezzo-image: image box: /four is lost: see \`mezzo store fsck\`" \
		"img export box box.tar || true"
	prints "$1: and leaves nothing" "" "ls | grep '^box' || true"
	prints "$1: nor writes anything" "0" "img export box - 2> /dev/null | wc -c"
	prints "$1: the store tells of it" "1 True" \
		"echo \$(st ls | grep -c ' lost$') \$(st ls --json | python3 -c 'import json,sys; print(*[o[\"lost\"] for o in json.load(sys.stdin) if o[\"bytes\"] == 13893])')"
	# The other image brings one file alone, and heals this one.
	check "$1: the same bytes come" img import other more
	ends "$1: and heal it" 0 "st fsck"
	prints "$1: to the same image" "$whole" "img export box - | sha256sum"
}

mkdir tree
seq 1000 > tree/one
seq 2000 > tree/two
cp tree/one tree/three
seq 3000 > tree/four
mkdir more
cp tree/four more/of-another-name
ends "no store to look at" 125 "st fsck"
prints "is told" "mezzo store: $PWD/store: there is no store here yet: \`mezzo image import\` makes one" "st info || true"
prints "by fsck too" "mezzo store: $PWD/store: there is no store here yet: \`mezzo image import\` makes one" "st fsck || true"
fresh
prints "no damage" "$PWD/store: no damage" "st fsck"
prints "info" "1 4 4" "st info --json | python3 -c 'import json,sys; i=json.load(sys.stdin); print(i[\"images\"], i[\"objects\"], i[\"sealed_objects\"])'"
prints "info for people" "Images         1" "st info | grep Images"
prints "ls" "$(sha256sum < tree/four | cut -d' ' -f1) 13893 1" "st ls --json | python3 -c 'import json,sys; print(*[o[\"digest\"][7:] + \" %d %d\" % (o[\"bytes\"], o[\"references\"]) for o in json.load(sys.stdin) if o[\"bytes\"] == 13893])'"
prints "ls for people" "4" "st ls | grep -c sha256:"
prints "dedup has nothing to do" "0 files were superfluous, 0 B" "st dedup"
ends "an unknown verb" 125 "st fly"
ends "an option before the verb" 125 "st --json info"
ends "a word too many" 125 "st info now"
if [[ -n $MEZZO ]]; then
	prints "mezzo store" "$PWD/store: no damage" '"$MEZZO" store fsck'
	ends "its failures have mezzo's status" 125 '"$MEZZO" store fsck --store /none'
fi

# ---- damage ----
whole=$(img export box - | sha256sum)
largest() { find store/objects -type f -size +12k; }
printf X | dd of="$(largest)" bs=1 seek=100 conv=notrunc status=none
loses "a changed byte" "its bytes are not those that were sealed"
fresh
truncate -s -1 "$(largest)"
loses "a file that was cut" "its bytes are not those that were sealed"
fresh
rm "$(largest)"
loses "a missing file" "its file is missing"
fresh
rm "$(largest)"
st fsck --repair > /dev/null
check "importing it again in its place heals it, too" img import --replace box tree
ends "of which nothing is left" 0 "st fsck"
fresh
rm "$(largest)"
st fsck --repair > /dev/null
check "or it is removed" img rm box
ends "and nothing is left" 0 "st fsck"
prints "at all" "" "find store/objects -type f"
fresh
index=$(st ls --json | python3 -c 'import json,sys; print("%016x" % max(o["id"] for o in json.load(sys.stdin)))')
rm "store/objects/${index:14}/$index"
ends "an index that is missing" 4 "st fsck --repair"
prints "is told" "image box: its index is lost" "st fsck | grep index"
ends "and can't be exported" 1 "img export box -"
check "but imported" img import again tree
ends "which heals it" 0 "st fsck"
fresh
cp "$(largest)" store/objects/77/0000000000007777
mends "a file of no object" "belongs to no object" 1
fresh
rmdir store/new
mends "a missing folder" "folder new is missing" 1
fresh
touch store/objects/00/stray
ends "a stray file is left" 4 "st fsck --repair"
prints "and told" "1" "st fsck | grep -c 'objects/00/stray is no object'"
fresh
truncate -s 8192 store/tables/data.mdb
ends "tables that were cut" 4 "st fsck --repair"
prints "are told" "$PWD/store: its tables can't be read, nor mended: import the images into a new store" "st fsck --repair || true"
fresh
echo "mezzo-object-store 2" > store/format
ends "a newer version" 125 "st fsck --repair"
prints "is told" "1" "st fsck 2>&1 | grep -c 'needs a newer program'"
mkdir foreign
touch foreign/file
ends "a folder that is no store" 125 "st fsck --repair --store foreign"
prints "is left alone" "file" "ls foreign"

# ---- disks ----
fresh
if [[ $(id -u) -eq 0 ]] && mkdir disk && mount -t tmpfs -o size=4m none disk 2> /dev/null; then
	trap 'cd /; umount -l "$scratch_directory/disk" 2> /dev/null; rm -rf "$scratch_directory"' EXIT
	cp -a store disk/
	export MEZZO_STORE=$PWD/disk/store
	cat /dev/zero > disk/fill 2> /dev/null
	ends "a full disk: fsck" 0 "st fsck"
	ends "a full disk: info" 0 "st info"
	mount -o remount,ro disk
	ends "read-only: fsck" 0 "st fsck"
	ends "read-only: info" 0 "st info"
	ends "read-only: ls" 0 "st ls"
	mount -o remount,rw disk
	rm "$(find disk/store/objects -type f -size +12k)"
	ends "damage on a full disk is found" 4 "st fsck"
	rm disk/fill
	mount -o remount,ro disk
	ends "read-only: damage is found" 4 "st fsck"
	ends "read-only: no repair" 125 "st fsck --repair"
	prints "read-only: said in one line" "1" "st fsck --repair 2>&1 | grep -c 'Read-only file system'"
	mount -o remount,rw disk
	ends "writable again: what can be is mended" 4 "st fsck --repair"
	prints "writable again: and no more is found" "1 of 1 findings are left" \
		"st fsck | sed -n 's/.*store: //p'"
	umount disk
else
	skip "a full disk, and a read-only one" "no tmpfs can be mounted here"
fi
finish
