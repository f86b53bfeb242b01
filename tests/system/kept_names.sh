# SPDX-License-Identifier: MIT
# Files of lasting domains with several names, with none, and what a power failure leaves of them.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_names"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh cat dd grep ln ls mkdir rm seq stat sync
mkdir -p tree/w tree/d tree/tmp
cp "$BUILD/tests/programs/kept_races" tree/bin/races
for i in $(seq 0 59); do echo "$i" > "tree/w/image$i"; done
echo original > tree/w/a
ln tree/w/a tree/d/b
check "import" "$MEZZO" image import box tree

# Each start runs the next of the texts: the first, when /n is not there, and so on.
domain() { "$MEZZO" create ${options:-} "$1" box -- sh -c "n=\$(cat /n 2> /dev/null || echo 1); echo \$((n + 1)) > /n; case \$n in 1) $2;; 2) $3;; *) ${4:-:};; esac" > /dev/null; }

domain image 'echo changed > /w/a; rm /w/a; cat /d/b' 'cat /d/b; stat -c %h /d/b'
prints "what one name changed the other one finds" "changed" '"$MEZZO" start -a image'
prints "and keeps" "changed 1" '"$MEZZO" start -a image | xargs'

domain own 'mkdir /d1 /d2; echo one > /d1/x; ln /d1/x /d2/y' \
	'exec 3>> /d1/x; rm /d1/x; cat /d2/y; echo two >&3; cat /d2/y'
check "two names are made" "$MEZZO" start -a own
prints "an open file that lost one is the other one's" "one one two" '"$MEZZO" start -a own | xargs'

domain races 'races link 15000; races links 15000' 'races links 15000'
"$MEZZO" start -a races > links
prints "links that were made are there" yes '[[ $(sort -u links | wc -l) = 1 ]] && echo yes'
prints "after a restart too" "$(head -1 links)" '"$MEZZO" start -a races'

domain ghosts 'races ghosts' '> /w/fresh' 'races attributes /w/fresh'
check "files without names" "$MEZZO" start -a ghosts
check "a new file" "$MEZZO" start -a ghosts
prints "has no attributes of others" 0 '"$MEZZO" start -a ghosts'

options="--disk 2M" domain full 'races fail 20000; grep run_pages /proc/mezzo/usage > /dev/shm/a; races fail 80000; grep run_pages /proc/mezzo/usage | cat /dev/shm/a -' ''
"$MEZZO" start -a full > pages
prints "failing for a quota takes no memory" yes \
	'awk "/^heap/ { n[++i] = \$2 } END { exit !(i == 2 && n[2] < n[1] + 1000) }" pages && echo yes'

# As after a power failure that lost the object of a large file that was never synced.
domain lost 'dd if=/dev/zero of=/w/f bs=100k count=1 2> /dev/null' \
	'seq 30000 > /d/g; sync; echo mine > /w/f; cat /w/f; dd if=/d/g bs=4 count=1 2> /dev/null'
check "a large file" "$MEZZO" start -a lost
rm -f store/domains/lost/objects/*
prints "that is lost shares nothing with a new one" "mine 1 2" '"$MEZZO" start -a lost | xargs'

# And one that kept the log with a link, and a slot from before it: link counts of the slots of size 9.
domain links 'echo modified > /w/image7; sync; ln /w/image7 /w/other' \
	'rm /w/other; sync' 'cat /w/image7'
check "a link" "$MEZZO" start -a links
prints "an older slot" 1 'python3 - store/domains/links/overlay <<"END"
import struct, sys
with open(sys.argv[1], "r+b") as file:
    data, found = bytearray(file.read()), 0
    for at in range(4096, len(data) - 127, 128):
        ino, _, _, mode, _, _, links = struct.unpack_from("<QIIIIII", data, at)
        size, = struct.unpack_from("<Q", data, at + 40)
        if 0 < ino < 1 << 40 and mode & 0o170000 == 0o100000 and links == 2 and size == 9:
            struct.pack_into("<I", data, at + 28, 1)
            found += 1
    file.seek(0)
    file.write(data)
print(found)
END'
check "one name is removed" "$MEZZO" start -a links
prints "the other one has its bytes" "modified" '"$MEZZO" start -a links'
finish
