# SPDX-License-Identifier: MIT
# The disk of small files that were removed goes back to the host, and what is got back is as good as new.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_holes"
needs_mounts "kept_holes"
scratch
busybox_tree sh mkdir cat rm seq sleep sync md5sum sort uniq wc
mkdir -p disk tree/w tree/tmp
head -c 40000 /dev/urandom > tree/bytes

# 40 MB in 1,000 files, and how many different contents they have.
cat > fill <<'END_OF_PROGRAM'
mkdir /w/t || exit 1
for i in $(seq 1000); do cat /bytes > /w/t/$i || exit 1; done
END_OF_PROGRAM
sums='md5sum /w/t/* | while read -r sum name; do echo $sum; done | sort | uniq -c | while read -r count sum; do echo $count; done'
cat > whole <<'END'
mount -t tmpfs -o size=100m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null || exit 8
taken() { du -sm disk/store/domains/box | cut -f1; }
inside() { "$MEZZO" exec box -- sh -c "$1"; }
again() { "$MEZZO" kill box > /dev/null; "$MEZZO" wait box > /dev/null; "$MEZZO" start box > /dev/null; }

"$MEZZO" create box box -- sleep 100000 > /dev/null && "$MEZZO" start box > /dev/null
inside "$(cat fill)"
[[ $(taken) -ge 39 ]] && echo full
inside "rm -r /w/t; sync"
[[ $(taken) -le 24 ]] && echo given back || taken
inside "$(cat fill); $sums"
inside "rm -r /w/t"
again
# What was removed last is found by the next run.
inside "echo x > /w/x; sync"
[[ $(taken) -le 24 ]] && echo given back || taken
again
# The disk is taken by somebody else: a program that needs a hole hears of it, and is not killed.
head -c 100M /dev/zero > disk/all 2> /dev/null
inside "$(cat fill)" 2>&1 | grep -o "No space left on device" | head -1
rm disk/all
inside "rm -r /w/t; $(cat fill); $sums"
"$MEZZO" kill box > /dev/null; "$MEZZO" wait box > /dev/null
"$MEZZO" store fsck | grep "domain box"
END
MEZZO=$MEZZO sums=$sums unshare -rm bash whole > out 2> err
prints "small files take disk" full 'sed -n 1p out'
prints "what is removed is given back" "given back" 'sed -n 2p out'
prints "and got back whole" 1000 'sed -n 3p out'
prints "what a former run removed is given back" "given back" 'sed -n 4p out'
prints "a hole that finds no disk is an error" "No space left on device" 'sed -n 5p out'
prints "and none when there is disk again" 1000 'sed -n 6p out'
prints "nothing is damaged" "" 'sed -n "7,$ p" out'
finish
