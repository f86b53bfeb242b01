# SPDX-License-Identifier: MIT
# Power failures under lasting domains: see kept_power.py.
. "$(dirname "$0")/lib.sh"

if [[ -z $MEZZO ]]; then
	skip "kept_power" "no domain to test"
	finish
	exit
fi
here=$(cd "$(dirname "$0")" && pwd)
scratch
export MEZZO_STORE=$PWD/store
mkdir -p tree/bin tree/w/stable tree/w/churn tree/tmp
cp "$(command -v busybox)" tree/bin/busybox
cp "$BUILD/tests/programs/changes" tree/bin/changes
for name in sh yes head md5sum cut mv sync grep rm; do
	ln -s busybox "tree/bin/$name"
done
check "import" "$MEZZO" image import box tree
prints "nothing that was synced is lost, and the rest does no harm" "112 disks, 0 bad" \
	'python3 "$here/kept_power.py" "$MEZZO" box 12'
finish
