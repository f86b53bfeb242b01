# SPDX-License-Identifier: MIT
# What a lasting domain has changed of its image, as `mezzo diff` tells it.
. "$(dirname "$0")/lib.sh"

needs_domain "diff"
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/etc tree/tmp tree/many tree/old/sub
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh
echo first > tree/etc/file
ln tree/etc/file tree/etc/other
seq 400000 > tree/etc/large
echo x > tree/old/sub/x
(cd tree/many && seq 300 | xargs touch)
check "import" "$MEZZO" image import box tree

domain()	# name script
{
	"$MEZZO" create "$1" box -- /bin/busybox sh -c "$2" > /dev/null && "$MEZZO" start -a "$1"
}

check "a domain" "$MEZZO" create new box -- /bin/busybox true
prints "one that never ran" "" '"$MEZZO" diff new'
prints "and that, as JSON" "[]" '"$MEZZO" diff --json new'
check "reading alone" domain reads 'cat /etc/* > /dev/null; ls -R / > /dev/null'
prints "changes nothing" "" '"$MEZZO" diff reads'

check "changes" domain changes 'echo second > /etc/file; mkdir /new; echo n > /new/n; ln /new/n /new/m
	rm -r /many; mv /old /moved; echo z > /moved/sub/z; ln -s nowhere /new/l; mkfifo /new/p
	rm /etc/large; mkdir /etc/large; echo q > /etc/large/q; echo gone > /tmp/gone; rm /tmp/gone'
prints "all of them" "C /etc
C /etc/file
C /etc/large
A /etc/large/q
C /etc/other
D /many
A /moved
A /moved/sub
A /moved/sub/x
A /moved/sub/z
A /new
A /new/l
A /new/m
A /new/n
A /new/p
D /old
C /tmp" '"$MEZZO" diff changes'
prints "as JSON" '{"kind":"D","path":"/many"}' '"$MEZZO" diff --json changes |
	python3 -c "import json, sys; print(json.dumps([l for l in json.load(sys.stdin) if l[\"kind\"] == \"D\"][0], separators=(\",\", \":\")))"'

check "one byte of a large file" domain byte 'printf x | dd of=/etc/large bs=1 seek=100000 conv=notrunc 2> /dev/null'
prints "is told" "C /etc
C /etc/large" '"$MEZZO" diff byte'
check "attributes" domain mode 'chmod 600 /etc/file; chmod 700 /; chmod 1777 /tmp; chmod 755 /tmp'
prints "of all names and of the root" "C /
C /etc
C /etc/file
C /etc/other" '"$MEZZO" diff mode'
check "changes and back" domain back 'mv /etc/file /etc/x; mv /etc/x /etc/file'
prints "leave the directory's time" "C /etc" '"$MEZZO" diff back'
check "names of all kinds" domain names "cd /tmp; touch 'a b' 'c
d' 'e\\f'"
prints "make no lines of their own" 'C /tmp
A /tmp/a b
A /tmp/c\012d
A /tmp/e\134f' '"$MEZZO" diff names'

# While it runs: what is at rest is told.
check "a domain that runs" "$MEZZO" create runs box -- /bin/busybox sh -c 'echo a > /tmp/a; echo ready; sleep 1000'
check "is started" "$MEZZO" start runs
grep -m 1 -q ready < <("$MEZZO" logs -f runs)
prints "told while it runs" "C /tmp
A /tmp/a" '"$MEZZO" diff runs'
check "and ended" "$MEZZO" rm -f runs
ends "no such domain" 125 '"$MEZZO" diff none'
ends "a domain over a directory keeps nothing" 125 '"$MEZZO" create --rootfs "$PWD/tree" dir -- /bin/sh > /dev/null &&
	"$MEZZO" diff dir'
ends "two names" 125 '"$MEZZO" diff new reads'

# What only a hostile domain writes (tests/unit/change has the rest).
cp store/domains/changes/overlay overlay
head -c 100 overlay > store/domains/changes/overlay
ends "one that is cut is refused" 125 '"$MEZZO" diff changes'
finish
