# SPDX-License-Identifier: MIT
# A domain may make its overlay long at no cost: so must copies of it be.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_long"
needs_mounts "kept_long"
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh sleep
mkdir -p tree/w
check "import" "$MEZZO" image import box tree

cat > long <<'END'
mkdir disk
mount -t tmpfs -o size=64M none disk
export MEZZO_STORE=$PWD/disk/store
"$MEZZO" image import box tree > /dev/null
"$MEZZO" run -d --name long box -- sh -c "echo y > /w/f; echo out; exec sleep 1000" > /dev/null
while [ -z "$("$MEZZO" logs long)" ]; do sleep 0.1; done
truncate -s 8G disk/store/domains/long/overlay
"$MEZZO" diff long
"$MEZZO" cp long:/w/f f && cat f
"$MEZZO" kill long > /dev/null
END
prints "a long overlay" "$(printf 'C /w\nA /w/f\ny')" 'MEZZO=$MEZZO unshare -rm sh long'
finish
