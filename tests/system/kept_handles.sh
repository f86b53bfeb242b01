# SPDX-License-Identifier: MIT
# A lasting domain may have more large files than the host gives it handles: their bytes are right at
# once and after a restart, also of those that are mapped or open while others are made.
. "$(dirname "$0")/lib.sh"

needs_domain "kept_handles"
scratch
export MEZZO_STORE=$PWD/store
count=30000
ulimit -n 1024

busybox_tree sh ls
mkdir -p tree/w
cp "$BUILD/tests/programs/many_files" tree/bin
check "import" "$MEZZO" image import box tree

cat > script <<END
if [ -e /w/made ]; then
	many_files check $count /w
else
	many_files make $count /w && echo > /w/made
	# More processes than one have the handles.
	many_files check $count /w & wait \$!
fi
END
check "making the domain" "$MEZZO" create box box -- sh -c "$(cat script)"
prints "$count large files are made and read" "$(printf '%s\n%s' "$count files" "$count files")" \
	'"$MEZZO" start -a box'
prints "and are there after a restart" "$count files" '"$MEZZO" start -a box'
finish
