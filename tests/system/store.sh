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

mkdir tree
seq 1000 > tree/one
seq 2000 > tree/two
cp tree/one tree/three
seq 3000 > tree/four
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
largest() { find store/objects -type f -size +12k; }
printf X | dd of="$(largest)" bs=1 seek=100 conv=notrunc status=none
mends "a changed byte" "its bytes are not those that were sealed" 1
fresh
truncate -s -1 "$(largest)"
mends "a file that was cut" "its bytes are not those that were sealed" 1
fresh
rm "$(largest)"
mends "a missing file" "its file is missing" 1
ends "then the image lacks it" 1 "img export box box.tar"
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
	ends "writable again: mended" 1 "st fsck --repair"
	umount disk
else
	skip "a full disk, and a read-only one" "no tmpfs can be mounted here"
fi
finish
