# SPDX-License-Identifier: MIT
# A static Go program: goroutines that block and goroutines that must be preempted.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

program=$BUILD/tests/programs/goroutines
check "is there" test -x "$program"
"$program" > output 2> errors
status=$?
verdict $((status != 9)) "ends with its status"
[[ $status -eq 9 ]] || { echo "# status $status"; tail -3 errors | sed 's/^/#   /'; }
while IFS='|' read -r name expected; do
	prints "$name" "$expected" "grep '^$name ' output | sed 's/^$name //'"
done << 'END'
channels|499500
preempted|5
blocking|1225
raw blocking|20
mutexes|50000
collected|true
signals|user defined signal 1
nil|runtime error: invalid memory address or nil pointer dereference
files|content
children|childexit status 3
timers|5
END
prints "twenty times" "20" 'for i in $(seq 20); do "$program" > /dev/null 2>&1; [ $? = 9 ] && echo x; done | wc -l'
finish
