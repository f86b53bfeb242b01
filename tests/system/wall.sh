# SPDX-License-Identifier: MIT
# Programs are kept out of what their system layer has mapped of the domain's files.
. "$(dirname "$0")/lib.sh"

if [[ -z $MEZZO ]] || ! grep -qw ospke /proc/cpuinfo || [[ $MEZZO == *without-key* ]]; then
	skip "wall" "no domain, or no protection keys"
	finish
	exit
fi
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin
cp "$BUILD/tests/programs/wall" tree/bin/wall
check "import" "$MEZZO" image import box tree
check "making a domain" "$MEZZO" create lasting box -- /bin/wall
prints "the index and the overlay" "held" '"$MEZZO" start -a lasting'
prints "and again" "held" '"$MEZZO" start -a lasting'
finish
