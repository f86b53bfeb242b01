# SPDX-License-Identifier: MIT
# Power failures under lasting domains: see kept_power.py.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_power"
here=$(cd "$(dirname "$0")" && pwd)
scratch
export MEZZO_STORE=$PWD/store
busybox_tree sh yes head md5sum cut mv sync grep rm
mkdir -p tree/w/stable tree/w/churn tree/tmp
cp "$BUILD/tests/programs/"{changes,renames} tree/bin
check "import" "$MEZZO" image import box tree
prints "nothing that was synced is lost, and the rest does no harm" "128 disks, 0 bad" \
	'python3 "$here/kept_power.py" "$MEZZO" box 12'
finish
