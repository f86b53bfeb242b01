# SPDX-License-Identifier: MIT
# Stores whose tables are damaged: fsck finds it, verbs end with a line, and a repair gives all back by name.
. "$(dirname "$0")/lib.sh"
scratch
tests=$(cd "$OLDPWD" && cd "$(dirname "$0")" && pwd)
export MEZZO_STORE=$PWD/store

img() { "$BUILD/mezzo-image" "$@"; }
st() { (exec -a "mezzo store" "$BUILD/mezzo-image" "$@"); }
tables=store/tables/data.mdb

busybox_tree sh cat
mkdir -p tree/w more
for i in $(seq 60); do seq "$i" 100 > "tree/w/f$i"; done
for i in $(seq 40); do seq "$i" 90 > "more/g$i"; done
cp tree/w/f1 more
check "import" img import box tree
check "another" img import more more
check "a second name" img tag box two
# So that there are free pages.
img import gone more > /dev/null
check "one is removed" img rm gone
if [[ -n $MEZZO ]]; then
	"$MEZZO" create kept box -- /bin/sh -c 'cat /w/f1 /w/f2; echo again >> /w/n' > /dev/null
	"$MEZZO" start -a kept > /dev/null
fi
cp -a store whole
fresh() { rm -rf store; cp -a whole store; }
tar_of() { img export "$1" - | sha256sum; }
box=$(tar_of box)

# ---- many damages ----
prints "after each of them all works that is not named" "0 failures" \
	'timeout 250 python3 "$tests/heal.py" "$MEZZO" "$BUILD/mezzo-image" "$PWD/whole" 12 2> /dev/null'

# ---- some, more closely ----
fresh
dd if=/dev/zero of="$tables" bs=4096 count=1 seek=1 conv=notrunc status=none
dd if=/dev/zero of="$tables" bs=4096 count=1 conv=notrunc status=none
for verb in "image ls" "image import new more" "image rm box" "store info" "store ls" "store dedup"; do
	ends "no commit at all: $verb" 125 "(exec -a 'mezzo ${verb%% *}' '$BUILD/mezzo-image' ${verb#* })"
	prints "$verb says so" "mezzo ${verb%% *}: the store's tables are damaged (page 0, which names a commit, makes no sense): run \`mezzo store fsck\`" \
		"(exec -a 'mezzo ${verb%% *}' '$BUILD/mezzo-image' ${verb#* }) 2>&1 | tail -1"
done
ends "fsck finds it" 4 "st fsck"
prints "and changes nothing" "$PWD/store: its tables are damaged, and nothing else was looked at: see --repair" \
	"st fsck --store store | tail -1 | sed 's,^store,$PWD/store,'"
ends "the repair" 1 "st fsck --repair"
prints "leaves no damage" "$PWD/store: no damage" "st fsck"
prints "all images are there" "box more two" 'img ls --json | grep -o "\"name\":\"[a-z]*" | cut -d\" -f4 | sort | xargs'
prints "whole" "$box" "tar_of box"
prints "the damaged tables are kept" 1 "ls store/tables | grep -c damaged.mdb"
check "images go" img rm -f box two more
if [[ -n $MEZZO ]]; then
	prints "a domain keeps its own" "again" '"$MEZZO" cp kept:/w/n - | tar xO'
	check "and starts" "$MEZZO" start -a kept
	check "and goes" "$MEZZO" rm kept
fi
check "an image comes" img import new more
check "and goes, with all that waited for the domain" img rm new
ends "no mapping is left" 0 "st fsck"
prints "and no object" "" "find store/objects store/mappings -type f"

fresh
rm "$tables"
ends "no tables at all" 125 "st info"
ends "are made anew" 1 "st fsck --repair"
prints "with all images" "$box" "tar_of box"

# Nothing damaged is written to: a list of free pages that is wrong would take pages that are in use.
fresh
python3 - << 'EOP'
import struct
data = bytearray(open("store/tables/data.mdb", "rb").read())
metas = [struct.unpack_from("<QQQQ", data, page * 4096 + 16 + 64 + 8)[0:1] + struct.unpack_from("<QQ", data, page * 4096 + 16 + 120)
         for page in (0, 1)]
page = max((0, 1), key=lambda p: metas[p][2])
root = struct.unpack_from("<Q", data, page * 4096 + 16 + 24 + 40)[0]
first = struct.unpack_from("<H", data, root * 4096 + 16)[0]
# The last number of the first list becomes that of the rows' root.
size, high, flags, key = struct.unpack_from("<HHHH", data, root * 4096 + first)
rows = struct.unpack_from("<Q", data, page * 4096 + 16 + 72 + 40)[0]
struct.pack_into("<Q", data, root * 4096 + first + 8 + key + size - 8, rows)
open("store/tables/data.mdb", "wb").write(data)
EOP
ends "a page in use that is told to be free" 4 "st fsck"
ends "is written to by nobody" 1 "img import new more"
ends "is mended" 1 "st fsck --repair"
prints "and then it works" "$box" "img import new more > /dev/null && tar_of box"

# What is not named by anything is put aside, and comes back when it is.
fresh
file=$(st ls | awk -v digest="$(sha256sum < tree/w/f9 | cut -d' ' -f1)" '$NF == "sha256:" digest { print $1 }')
cp "store/objects/${file:14}/$file" store/objects/ff/00000000000000ff
rm "store/objects/${file:14}/$file"
ends "a file under a wrong name" 4 "st fsck --repair"
prints "is put aside" "$(sha256sum < tree/w/f9 | cut -d' ' -f1)" "ls store/lost"
prints "while its image is named" "2" "st fsck | grep -c 'image [a-z]*: /w/f9 is lost'"
ends "it is taken back by its hash" 1 "st fsck --repair"
ends "and there is no damage" 0 "st fsck"
prints "nor anything aside" "" "ls store/lost"
prints "the image is whole" "$box" "tar_of box"
fresh
truncate -s 20 "$(ls store/mappings/*1)"
ends "a copy that is damaged" 4 "st fsck"
ends "is made again" 1 "st fsck --repair"
check "as it was" cmp store/mappings/0000000000000001 whole/mappings/0000000000000001
rm store/mappings/*
ends "a store of an older program" 0 "st fsck"
ends "is no damage" 0 "st fsck --repair"
check "and gets copies" cmp store/mappings/0000000000000003 whole/mappings/0000000000000003

# ---- few file descriptors ----
for limit in 8 10 12; do
	ends "$limit descriptors: fsck" 125 "(ulimit -n $limit; st fsck)"
	prints "$limit descriptors: says what helps" 1 "(ulimit -n $limit; st fsck 2>&1 | grep -c 'too few file descriptors: raise .ulimit -n')"
done
ends "and nothing was changed" 0 "st fsck"

# ---- one broken domain ----
if [[ -n $MEZZO ]]; then
	for name in link folder mapping; do
		"$MEZZO" create "$name" box -- /bin/sh -c 'echo x > /w/n' > /dev/null
		"$MEZZO" start -a "$name"
	done
	ln -sf /nowhere store/domains/link/overlay
	rm -f store/domains/folder/lock
	mkdir store/domains/folder/lock
	sed -i '/^guard /d; s/^version 2$/version 1/; s/^mapping .*/mapping 77/' store/domains/mapping/record
	echo > store/domains/stray
	"$MEZZO" volume create data > /dev/null
	ends "broken domains: fsck" 4 '"$MEZZO" store fsck'
	prints "tells each" "folder link mapping stray" \
		'"$MEZZO" store fsck | sed -n "s/^domain \([a-z]*\): it can.t be looked at.*/\1/p" | sort | xargs'
	ends "and so does a repair" 4 '"$MEZZO" store fsck --repair'
	ends "dedup ends with a status" 125 '"$MEZZO" store dedup'
	prints "and tells them" 1 '"$MEZZO" store dedup | grep -c "domains can.t be read, and were left out"'
	ends "info ends with a status" 125 '"$MEZZO" store info'
	prints "and counts the others" "4 1" 'echo $("$MEZZO" store info 2> err | awk "/^Domains/ { print \$2 + 0 }") $(grep -c stray err)'
	check "a volume is removed" "$MEZZO" volume rm data
	check "another domain starts" "$MEZZO" start -a kept
	"$MEZZO" volume create data > /dev/null
	echo > store/domains/link/record
	ends "while a record can't be read no volume is" 125 '"$MEZZO" volume rm data'
	prints "which says why" "mezzo: volume data may be used by domain link, whose record can't be read: \`mezzo rm link\` first" \
		'"$MEZZO" volume rm data 2>&1; true'
else
	skip "broken domains" "no domain to test"
fi
finish
