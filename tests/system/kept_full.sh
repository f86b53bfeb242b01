# SPDX-License-Identifier: MIT
# A lasting domain whose store's disk is full: its programs get ENOSPC, nothing that was written is
# lost, and it goes on when there is space again.
. "$(dirname "$0")/lib.sh"

if [[ -z $MEZZO ]]; then
	skip "kept_full" "no domain to test"
	finish
	exit
fi
if ! unshare -rm mount -t tmpfs none /mnt 2> /dev/null; then
	skip "kept_full" "no mount namespace to fill a disk in"
	finish
	exit
fi
scratch
mkdir -p disk tree/bin tree/w tree/tmp
cp "$(command -v busybox)" tree/bin/busybox
ln -s busybox tree/bin/sh

# In a domain: fills the disk with files of a kind until that fails, and says with what.
cat > fill <<'END'
mkdir -p /w/$1
n=0
while :; do
	n=$((n + 1))
	case $1 in
	small) echo "content $n" > /w/$1/f$n || break ;;
	names) ln -s "target $n" /w/$1/f$n || break ;;
	large) dd if=/dev/zero of=/w/$1/f$n bs=1M count=1 || break ;;
	esac
done 2> /tmp/err
grep -o "No space left on device" /tmp/err | head -1

END
# What is there is whole: all of them but the last.
cat > verify <<'END'
set -- /w/small/*
bad=0
for f; do
	n=${f##*/f}
	[ "$(cat $f)" = "content $n" ] || bad=$((bad + 1))
done
[ $bad -le 1 ] && echo whole
END
cat > whole <<'END'
exec 2> err
mount -t tmpfs -o size=24m none disk || exit 9
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null || exit 8
for kind in small names large; do
	"$MEZZO" create "fill$kind" box -- sh -c "set -- $kind; $(cat fill)" > /dev/null
	"$MEZZO" start -a "fill$kind"
	[[ $kind == large ]] || "$MEZZO" rm "fill$kind" > /dev/null
done
"$MEZZO" rm -f filllarge > /dev/null
"$MEZZO" create again box -- sh -c "if [ -e /w/small ]; then
	$(cat verify); rm -r /w/small; set -- small; $(cat fill)
else
	set -- small; $(cat fill)
fi" > /dev/null
"$MEZZO" start -a again
"$MEZZO" start -a again
head -c 100M /dev/zero > disk/all 2> /dev/null
"$MEZZO" start -a again
rm disk/all
"$MEZZO" start -a again
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
prints "and when there is space again" "whole No space left on device" 'sed -n 9,10p out | xargs'
prints "nothing is said outside" "" 'cat err'
finish
