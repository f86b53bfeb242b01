# SPDX-License-Identifier: MIT
# What tools/gdb shows of a domain that lives.
. "$(dirname "$0")/lib.sh"
needs_domain "a domain under gdb"

if [[ $(id -u) -ne 0 ]] || ! command -v gdb > /dev/null; then
	skip "gdb names what runs" "no gdb, or not root, who may attach to all"
	finish
	exit
fi
coproc domain { exec "$MEZZO" do -- sh -c 'echo begun; read line'; }
read -r _ <&"${domain[0]}"
process=$(pgrep -P "$domain_PID")
shown=$(timeout 60 gdb -batch -iex 'set sysroot /' -p "$process" -x "$(dirname "$0")/../../tools/gdb/mezzo-gdb.py" \
	-ex 'mezzo processes' 2>&1)
grep -qE '^  2 .*sh \(running, group 2' <<< "$shown"
verdict $? "gdb names what runs"
grep -qE '^      thread 2 .* read' <<< "$shown"
verdict $? "gdb tells what call a thread is at"
exec {domain[1]}>&-
wait "$domain_PID"
finish
