# SPDX-License-Identifier: MIT
# A program linked statically with musl.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

program=$BUILD/tests/programs/musl
check "is there" test -x "$program"
"$program" > output
status=$?
verdict $((status != 8)) "ends with its status"
while read -r line; do
	check "$line" grep -qx "$line" output
done << 'END'
threads 20000
cancelled 20
popen from a child
fork 5
system 6
file content 7
gone 1
signal 1
clock 1
memory 1
END
finish
