# SPDX-License-Identifier: MIT
# `mezzo store dedup`: equal files of domains that are idle become one, and stay each its domain's own.
. "$(dirname "$0")/lib.sh"

needs_domain "dedup"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh cat cp dd du ls md5sum printf rm seq sleep stat touch
mkdir -p tree/w
seq 200000 > tree/of_image
check "import" "$MEZZO" image import box tree

make_small='seq 60000 | dd bs=1000 count=300 iflag=fullblock 2> /dev/null'
make_large='seq 500000 | dd bs=1000 count=3000 iflag=fullblock 2> /dev/null'
small=$(eval "$make_small" | md5sum)
large=$(eval "$make_large" | md5sum)
image=$(md5sum < tree/of_image)

start() { "$MEZZO" start "$1" > /dev/null; }
stop() { "$MEZZO" kill "$1" > /dev/null; "$MEZZO" wait "$1" > /dev/null; }
inside() { "$MEZZO" exec "$1" -- sh -c "$2"; }
once() { start "$1"; inside "$1" "$2"; stop "$1"; }
dedup() { "$MEZZO" store dedup; }
clean() { prints "no damage $1" "$PWD/store: no damage" '"$MEZZO" store fsck'; }
# How many files of the host the objects of so many bytes are that domains have, and with how many names.
files() { find store/domains/*/objects -type f -size "$1c" -printf '%i %n\n' | sort | uniq -c | sed 's/^ *\([0-9]*\) [0-9]*/\1/'; }
disk() { du -s --block-size=1 store | cut -f1; }

for name in a b; do
	"$MEZZO" create $name box -- sleep 100000 > /dev/null
	once $name "$make_small > /w/small; $make_large > /w/large; touch -d '2001-02-03 04:05:06' /w/large"
done
"$MEZZO" create c box -- sleep 100000 > /dev/null
once c 'cat /of_image > /w/copy'
size=$(stat -c %s tree/of_image)
in_store=$(find store/objects -type f -size "${size}c" -printf '%i\n')

# Two files of one host file, and a name that a dedup left which was killed.
mkdir times
for name in a b c; do
	once $name 'cd /w; stat -c "%n %s %Y" *' > times/$name
done
# What the host says of a file's time is not to be seen.
touch -d tomorrow "$(find store/objects -type f -size "${size}c")"
ln store/domains/a/objects/"$(ls store/domains/a/objects | head -1)" store/domains/a/objects/joining
prints "before, each has its own" "1 1
1 1" 'files 300000'
before=$(disk)
prints "what is equal becomes one" "3 files were superfluous, 4.6 MB" dedup
after=$(disk)
prints "and takes less room" yes '[[ $((before - after)) -gt 4400000 ]] && echo yes || echo "$before $after"'
prints "the small file of both" "2 2" 'files 300000'
prints "the large file of both" "2 2" 'files 3000000'
prints "the file that the image has" "$in_store" 'find store/domains/c/objects -size "${size}c" -printf "%i\n"'
prints "nothing is left on the way" "" 'find store/domains -name joining'
clean "after it"
prints "a second time there is nothing to do" "0 files were superfluous, 0 B" dedup
prints "and nothing was done" "$after" disk

for name in a b; do
	prints "$name reads the small file" "$small" "once $name 'cat /w/small | md5sum'"
	prints "$name reads the large file" "$large" "once $name 'cat /w/large | md5sum'"
done
prints "c reads its copy" "$image" "once c 'cat /w/copy | md5sum'"
for name in a b c; do
	prints "the times of $name are its own" "$(cat times/$name)" "once $name 'cd /w; stat -c \"%n %s %Y\" *'"
done
prints "also for the host" "$(cut -d' ' -f3 times/c)" '"$MEZZO" cp c:/w/copy copy && stat -c %Y copy'
clean "after reading"

# A start, too, ends what a dedup left.
ln "$(find store/domains/a/objects -type f -size 3000000c)" store/domains/a/objects/joining
once a :
prints "nothing is left at a start" "" 'find store/domains -name joining'

# Each is changed for itself.
once a 'printf X | dd of=/w/large bs=1 seek=1000 conv=notrunc 2> /dev/null; echo more >> /w/small'
once c 'printf X | dd of=/w/copy bs=1 seek=1000 conv=notrunc 2> /dev/null'
prints "a change in a is there" X "once a 'dd if=/w/large bs=1 skip=1000 count=1 2> /dev/null'"
prints "not in b" "$large" "once b 'cat /w/large | md5sum'"
prints "the small one neither" "$small" "once b 'cat /w/small | md5sum'"
prints "a change in c is there" X "once c 'dd if=/w/copy bs=1 skip=1000 count=1 2> /dev/null'"
prints "not in the image" "$image" "\"$MEZZO\" run --rm box -- cat /of_image | md5sum"
clean "after changes"

# Of what was changed back all is one again; a domain that runs is left out.
once a "$make_small > /w/small; $make_large > /w/large"
once c 'cat /of_image > /w/copy'
check "objects that no file uses any more are removed" "$MEZZO" store fsck --repair
start b
prints "a domain that runs is left out" "1 files were superfluous, 1.3 MB
1 domains run, and were left out" dedup
prints "nothing of it is shared" "" 'find store/domains/[ab]/objects -type f -size +100k -links +1'
prints "it goes on" "$large" "inside b 'cat /w/large | md5sum'"
stop b
prints "and takes part when it has ended" "2 files were superfluous, 3.3 MB" dedup
prints "the files are one again" "2 2" 'files 3000000'
clean "after the third"

# Copies within one domain; and with the same bytes as what is shared already.
once b 'cp /w/large /w/second; cp /w/second /w/third'
prints "copies within a domain" "2 files were superfluous, 6.0 MB" dedup
prints "all are one file" "4 4" 'files 3000000'
once b 'echo more >> /w/second'
prints "of which each can be changed" "$large" "once b 'cat /w/third | md5sum'"

# Removing one leaves the others whole, and so does removing the image.
check "removing a" "$MEZZO" rm a
prints "leaves b's small file whole" "$small" "once b 'cat /w/small | md5sum'"
prints "and its large one" "$large" "once b 'cat /w/large | md5sum'"
clean "after rm"
check "removing the image" "$MEZZO" image rm -f box
prints "leaves c whole" "$image" "once c 'cat /w/copy | md5sum'"
clean "after the image's end"

# What was damaged in the store replaces nothing.
check "making another image" "$MEZZO" image import other tree
once c ': > /w/copy; cat /of_image > /w/copy'
printf X | dd of="$(find store/objects -type f -size "${size}c" | head -1)" bs=1 seek=100 conv=notrunc status=none
once c 'seq 200000 > /w/copy'
prints "a damaged object is not used" "0 files were superfluous, 0 B" dedup
prints "and the domain has its bytes" "$image" "once c 'cat /w/copy | md5sum'"

# An overlay that can't be read is told of.
printf X | dd of=store/domains/c/overlay bs=1 seek=0 conv=notrunc status=none
prints "a damaged domain is left out" "0 files were superfluous, 0 B
1 domains can't be read, and were left out: see \`mezzo store fsck\`" 'dedup; [[ $? -eq 125 ]]'
"$MEZZO" rm -f b c > /dev/null
finish
