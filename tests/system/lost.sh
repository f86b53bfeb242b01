# SPDX-License-Identifier: MIT
# Domains over an image of which the store has lost a file: what reads it, what copies and commits them.
. "$(dirname "$0")/lib.sh"
needs_domain "a lost file"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh cat ls seq md5sum
mkdir -p tree/d
seq 1000 > tree/d/one
seq 300000 > tree/d/lost
ln tree/d/lost tree/d/other
echo two > tree/d/two

lose() { rm "$(find store/objects -type f -size "$(stat -c %s tree/d/lost)c")"; }
check "import" "$MEZZO" image import box tree
check "a domain that changes nothing" "$MEZZO" create plain box -- /bin/sh -c 'ls /d/lost && cat /d/lost'
check "one that changes what is lost" "$MEZZO" create writer box -- /bin/sh -c 'printf X >> /d/lost'
check "changes it" "$MEZZO" start -a writer
lose
ends "fsck finds it" 4 '"$MEZZO" store fsck'
ends "and leaves it" 4 '"$MEZZO" store fsck --repair'

prints "a program sees the name, and no bytes" "/d/lost
cat: read error: Input/output error" '"$MEZZO" start -a plain || true'
ends "cp of a directory: its part" 1 '"$MEZZO" cp plain:/d out 2> errors'
prints "of which nothing is half" "one two" "echo \$(ls out)"
prints "each lost one is named" "2 1 1" "echo \$(wc -l < errors) \$(grep -c 'mezzo: out/lost: object' errors) \$(grep -c 'mezzo: out/other: object' errors)"
ends "cp of it alone" 1 '"$MEZZO" cp plain:/d/lost out/'
ends "leaves nothing" 1 "test -e out/lost"
prints "cp as a tar" "d d/one d/two" "echo \$('$MEZZO' cp plain:/d - 2> /dev/null | tar t)"
check "a domain to copy into" "$MEZZO" create target box -- /bin/sh -c 'ls /w'
ends "cp from domain to domain: its part" 1 '"$MEZZO" cp plain:/d target:/w'
prints "of which nothing is half" "one
two" '"$MEZZO" start -a target'

check "commit" "$MEZZO" commit plain second
prints "tells" "mezzo: note: /d/lost is lost in the domain's image, and so in the new one: see \`mezzo store fsck\`" \
	'"$MEZZO" commit --replace plain second 2>&1 > /dev/null'
ends "commit of what was written over it" 125 '"$MEZZO" commit writer third'
prints "tells of the path" 1 '"$MEZZO" commit writer third 2>&1 | grep -c "/d/lost: "'
prints "fsck tells of both images" "2 2" \
	'"$MEZZO" store fsck > found; echo $(grep -c "^image box: /d/" found) $(grep -c "^image second: /d/" found)'
check "the images go" "$MEZZO" image rm -f box second
prints "then fsck tells of the domains" "the image of domain plain: /d/lost is lost" \
	'"$MEZZO" store fsck | grep "plain: /d/lost"'
check "stats" "$MEZZO" stats --no-stream

check "the same bytes come again" "$MEZZO" image import box tree
check "all is sound" "$MEZZO" store fsck
prints "programs read them" "/d/lost
$(cat tree/d/lost | md5sum)" '"$MEZZO" start -a plain > all; head -1 all; tail -n +2 all | md5sum'
check "what was written over them can be committed" "$MEZZO" commit writer third
prints "and has both" "$( (cat tree/d/lost; printf X) | md5sum)" '"$MEZZO" run third -- /bin/sh -c "cat /d/lost | md5sum"'
finish
