# SPDX-License-Identifier: MIT
# A lasting domain whose store's disk is full: its programs get ENOSPC, nothing that was written is
# lost, and it goes on when there is space again.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_full"
needs_mounts "kept_full"
scratch
busybox_tree sh sleep dd df rm cat tail stat awk
mkdir -p disk tree/w tree/tmp

# In a domain: fills the disk with files of a kind until that fails, and says with what.
cat > fill <<'END'
mkdir -p /w/$1
padding=$(printf "%02000d" 0)
n=0
while :; do
	n=$((n + 1))
	case $1 in
	small) echo "content $n $padding" > /w/$1/f$n || break ;;
	names) ln -s "target $n" /w/$1/f$n || break ;;
	large) dd if=/dev/zero of=/w/$1/f$n bs=1M count=1 || break ;;
	esac
done 2> /dev/shm/err
grep -o "No space left on device" /dev/shm/err | head -1

END
# What is there is whole: all of them but the last.
cat > verify <<'END'
set -- /w/small/*
bad=0
for f; do
	read -r word number padding < "$f"
	[ "$word $number ${#padding}" = "content ${f##*/f} 2000" ] || bad=$((bad + 1))
done
[ $bad -le 1 ] && echo whole
END
cat > whole <<'END'
exec 2> err
mount -t tmpfs -o size=24m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null || exit 8

# A domain in which the rest happens: what exec's programs print needs no disk.
begin() { "$MEZZO" create "$1" box -- sleep 100000 > /dev/null && "$MEZZO" start "$1" > /dev/null; }
inside() { "$MEZZO" exec "$1" -- sh -c "$2"; }
again() { "$MEZZO" kill again > /dev/null; "$MEZZO" wait again > /dev/null; "$MEZZO" start again > /dev/null; }

for kind in small names large; do
	begin "fill$kind"
	inside "fill$kind" "set -- $kind; $(cat fill)"
	[[ $kind == large ]] || "$MEZZO" rm -f "fill$kind" > /dev/null
done
"$MEZZO" rm -f filllarge > /dev/null
begin again
inside again "set -- small; $(cat fill)"
again
inside again "$(cat verify); rm -r /w/small; set -- small; $(cat fill)"
head -c 100M /dev/zero > disk/all 2> /dev/null
again
inside again "$(cat verify); rm -r /w/small; set -- small; $(cat fill)"
rm disk/all
again
inside again "$(cat verify)"
"$MEZZO" rm -f again > /dev/null
begin turns
inside turns "$(cat turns)"
"$MEZZO" rm -f turns > /dev/null
END
cat > turns <<'END'
left() { df -k /w | tail -n 1 | awk '{ print $4 }'; }
before=$(left)
for turn in 1 2 3 4 5 6 7 8 9 10; do
	cat /dev/zero > /w/f
	[ $(left) -lt $((before / 8)) ] || echo "left: $(left)"
	rm /w/f
	[ $(left) -gt $((before * 7 / 8)) ] || echo "lost: $(left)"
	dd if=/dev/zero of=/w/g bs=64k count=$((before * 3 / 4 / 64)) || echo "no room"
	rm /w/g
done 2> /dev/null
echo turned
END
MEZZO=$MEZZO unshare -rm bash whole > out
prints "small files until the disk is full" "No space left on device" 'sed -n 1p out'
prints "links until the disk is full" "No space left on device" 'sed -n 2p out'
prints "large files until the disk is full" "No space left on device" 'sed -n 3p out'
prints "and once more in another domain" "No space left on device" 'sed -n 4p out'
prints "what was written is whole, and what goes makes room" "whole No space left on device" \
	'sed -n 5,6p out | xargs'
prints "also with a disk that others have filled" "whole No space left on device" \
	'sed -n 7,8p out | xargs'
prints "and when there is space again" "whole" 'sed -n 9p out'
prints "what is removed is free at once, again and again" "turned" 'sed -n "10,\$p" out | xargs'
prints "nothing is said outside but of the disk" "" 'grep -v "head: " err || true'
finish
