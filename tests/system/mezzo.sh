# SPDX-License-Identifier: MIT
# mezzo itself: exit statuses, signals passed on, refusals, streams, tracing, copy-on-write.
. "$(dirname "$0")/lib.sh"
scratch
chmod 755 .

needs_domain "mezzo"

fails_with()	# name status pattern command...: one line on standard error matches
{
	local name=$1 status=$2 pattern=$3 got
	shift 3
	"$@" > o 2> e < /dev/null
	got=$?
	if [[ $got -eq $status && $(wc -l < e) -eq 1 ]] && grep -q -- "$pattern" e; then
		verdict 0 "$name"
	else
		echo "# status $got, printed:"
		head -3 e | sed 's/^/#   /'
		verdict 1 "$name"
	fi
}

same_file()	# name file file
{
	cmp "$2" "$3" > /dev/null 2>&1
	verdict $? "$1"
}

# ---- statuses ----
for status in 0 1 42 125 126 127 128 255; do
	ends "status $status" $status '"$MEZZO" do -- /bin/sh -c "exit '$status'"'
done
for signal in HUP INT QUIT KILL USR1 PIPE TERM; do
	ends "killed by $signal" $((128 + $(kill -l $signal))) '"$MEZZO" do -- /bin/sh -c "kill -'$signal' \$\$"'
done
ends "killed by a fault" 139 '"$MEZZO" do -- /bin/sh -c "kill -SEGV \$\$"'
fails_with "not found" 127 "no-such-program" "$MEZZO" do -- no-such-program
fails_with "no command" 125 "try .mezzo do --help." "$MEZZO" do --
fails_with "not found by path" 127 "/no/such" "$MEZZO" do -- /no/such
echo plain > plain
fails_with "no permission to execute" 126 "plain" "$MEZZO" do -- ./plain
fails_with "a directory" 126 "/tmp" "$MEZZO" do -- /tmp
chmod +x plain
fails_with "not an executable" 126 "plain" "$MEZZO" do -- ./plain
printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000\001\000\000\000' > arm
head -c 200 /dev/zero >> arm
chmod +x arm
fails_with "wrong architecture" 126 "arm" "$MEZZO" do -- ./arm
printf '#!/no/such/interpreter\n' > script
chmod +x script
"$MEZZO" do -- ./script > /dev/null 2> e < /dev/null
status=$?
verdict $((status != 127 && status != 126)) "missing interpreter"
prints "found in PATH" "found" '"$MEZZO" do -- echo found'
prints "a script" "ran" 'printf "#!/bin/sh\necho ran\n" > s; chmod +x s; "$MEZZO" do -- ./s'

# ---- the command line ----
fails_with "unknown option" 125 "no-such-option" "$MEZZO" do --no-such-option -- /bin/true
fails_with "unknown verb" 125 "fly" "$MEZZO" fly
"$MEZZO" do > o 2> e < /dev/null
status=$?
[[ $status -eq 125 && -s e ]]
verdict $? "no command"
fails_with "missing root directory" 125 "/no/such/dir" "$MEZZO" run --rootfs /no/such/dir -- /bin/true
fails_with "root is a file" 125 "plain" "$MEZZO" run --rootfs ./plain -- /bin/true
fails_with "missing layer" 125 "/no/layer" "$MEZZO" do --layer /no/layer -- /bin/true
fails_with "layer that is none" 125 "plain" "$MEZZO" do --layer ./plain -- /bin/true
prints "arguments as given" "$(printf '<a b>\n<>\n<*>\n<--trace>')" '"$MEZZO" do -- printf "<%s>\n" "a b" "" "*" --trace'
prints "environment" "v" 'V=v "$MEZZO" do -- sh -c "echo \$V"'
prints "option --env" "w" '"$MEZZO" do --env V=w -- sh -c "echo \$V"'
prints "current directory" "$(pwd -P)" '"$MEZZO" do -- /bin/pwd'
prints "option --workdir" "/usr" '"$MEZZO" do --workdir /usr -- /bin/pwd'
fails_with "missing --workdir" 125 "/no/dir" "$MEZZO" do --workdir /no/dir -- /bin/true
prints "option --hostname" "elsewhere" '"$MEZZO" do --hostname elsewhere -- uname -n'
prints "option --no-key" "1" '"$MEZZO" do --no-key --verbose -- true 2>&1 | grep -c "no protection key"'
prints "user and groups" "$(id)" '"$MEZZO" do -- id'
prints "help and version" "ok" '"$MEZZO" --help > /dev/null && "$MEZZO" version > /dev/null && echo ok'

# ---- streams ----
head -c 120000000 /dev/urandom > large
sum=$(sha256sum < large)
"$MEZZO" do -- cat < large > copy
same_file "120 MB from a file to a file" large copy
prints "120 MB through pipes" "$sum" 'cat large | "$MEZZO" do -- cat | sha256sum'
prints "120 MB into a domain" "$sum" '"$MEZZO" do -- sha256sum < large'
rm -f copy
prints "checksum of a file below" "${sum%% *}" '"$MEZZO" do -- sha256sum large | cut -d" " -f1'
rm -f large
prints "both outputs apart" "out|err" '"$MEZZO" do -- sh -c "echo out; echo err >&2" > o 2> e; echo "$(cat o)|$(cat e)"'
prints "both outputs in one" "$(printf '1\n2\n3\n4')" '"$MEZZO" do -- sh -c "echo 1; echo 2 >&2; echo 3; echo 4 >&2" 2>&1'
prints "end of input" "0" '"$MEZZO" do -- cat < /dev/null | wc -c'
prints "closed input" "closed" '"$MEZZO" do -- sh -c "cat 2> /dev/null || echo closed" <&-'
prints "reader goes away" "y" '"$MEZZO" do -- yes 2> /dev/null | head -1'
prints "statuses in a pipe" "0 3" '"$MEZZO" do -- true | "$MEZZO" do -- sh -c "cat; exit 3"; echo "${PIPESTATUS[@]}"'
prints "line by line" "$(printf 'got a\ngot b')" '(echo a; sleep 0.05; echo b) | "$MEZZO" do -- sh -c "while read l; do echo got \$l; done"'
prints "output appended" "$(printf 'before\nafter')" 'echo before > app; "$MEZZO" do -- echo after >> app; cat app'
ends "output that can't be written" 125 '"$MEZZO" do -- sh -c "echo x" > /dev/full'
ends "full disk" 1 '"$MEZZO" do -- sh -c "echo x > /dev/full"'

# ---- signals ----
forward()	# signal expected
{
	# What the last one wrote is not this one's word that it is ready.
	rm -f o
	# bash has what it starts with & ignore SIGINT, and an ignored signal is passed on to nobody.
	env --default-signal="$1" "$MEZZO" do -- sh -c 'trap "echo got; exit 7" '"$1"'; echo ready; while :; do sleep 0.05; done' > o 2> e &
	local pid=$!
	until grep -qs ready o || ! kill -0 $pid 2> /dev/null; do sleep 0.02; done
	kill -"$1" $pid
	wait $pid
	[[ $? -eq 7 ]] && grep -q got o
	verdict $? "signal $1 is passed on"
}
for signal in TERM INT HUP USR1; do
	forward $signal
done
rm -f o
"$MEZZO" do -- sh -c 'echo ready; sleep 1000' > o 2> e &
pid=$!
until grep -qs ready o || ! kill -0 $pid 2> /dev/null; do sleep 0.02; done
kill -TERM $pid
wait $pid
verdict $(($? != 143)) "a signal that ends the program"
rm -f o
"$MEZZO" do -- sh -c 'echo ready; sleep 1000' > o 2> e &
pid=$!
until grep -qs ready o || ! kill -0 $pid 2> /dev/null; do sleep 0.02; done
children=$(pgrep -P $pid | wc -l)
descendants=$(pgrep -P "$(pgrep -P $pid | paste -sd,)" 2> /dev/null | paste -sd,)
kill -KILL $pid
wait $pid 2> /dev/null
left=1
for try in $(seq 100); do
	left=0
	for process in ${descendants//,/ }; do
		kill -0 "$process" 2> /dev/null && left=1
	done
	[[ $left -eq 0 ]] && break
	sleep 0.05
done
verdict $left "nothing is left when mezzo is killed ($children children)"

# ---- what a domain changes stays there ----
mkdir tree
echo before > tree/file
echo gone > tree/other
ln -s file tree/link
before=$(find tree -printf '%p %s %m %T@ %l\n' | sort; cat tree/file)
"$MEZZO" do -- sh -c 'echo after > tree/file; rm tree/other; mkdir tree/new; echo x > tree/new/x; chmod 700 tree; mv tree/link tree/moved; cat tree/file; ls tree' > o 2> e
prints "seen inside" "$(printf 'after\nfile\nmoved\nnew')" 'cat o'
after=$(find tree -printf '%p %s %m %T@ %l\n' | sort; cat tree/file)
[[ $before == "$after" ]]
verdict $? "nothing changed outside"
prints "a second domain starts afresh" "before" '"$MEZZO" do -- cat tree/file'
prints "/tmp too" "0" '"$MEZZO" do -- sh -c "echo x > /tmp/mezzo-was-here"; ls /tmp/mezzo-was-here 2> /dev/null | wc -l'
prints "files deleted below" "ok" '"$MEZZO" do -- sh -c "rm -rf tree && [ ! -e tree ] && mkdir tree && ls -A tree | wc -l" | sed s/0/ok/'
prints "a directory that was moved" "before" '"$MEZZO" do -- sh -c "mv tree other-name && cat other-name/file"'

# ---- tracing ----
"$MEZZO" do --trace -- cat tree/file > o 2> e
same_file "output under --trace" tree/file o
grep -Eq 'openat?\(.*tree/file.*\) *= [0-9]+' e
verdict $? "--trace shows calls with arguments and results"
grep -Eq 'exit_group\(0' e
verdict $? "--trace shows the end"
"$MEZZO" do --trace-file trace -- true > o 2> e
[[ -s trace && ! -s e ]]
verdict $? "--trace-file"
cat > lacking.c << 'END'
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(void)
{
	for (int i = 0; i < 3; i++) {
		if (syscall(SYS_kexec_load, 0, 0, 0, 0) != -1 || errno != ENOSYS)
			return errno == EPERM ? 0 : 1;
	}
	return 3;
}
END
gcc -o lacking lacking.c
"$MEZZO" do --verbose -- ./lacking > o 2> e
status=$?
if [[ $status -eq 3 ]]; then
	[[ $(grep -c kexec_load e) -eq 1 ]]
	verdict $? "a lacking call is named once"
else
	skip "a lacking call is named once" "kexec_load is not lacking"
fi

# ---- few open files ----
# Root's domains lift the limit: there somebody else tries, if he can reach mezzo.
as_user=
if [[ $(id -u) -eq 0 ]] && setpriv --reuid 65534 --regid 65534 --clear-groups "$MEZZO" version > /dev/null 2>&1; then
	as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"
fi
echo 'int main(void) { return 42; }' > answer.c
chmod 644 answer.c
for limit in 16 20 32; do
	ends "a shell with $limit open files" 0 '(ulimit -n '$limit'; $as_user "$MEZZO" do -- sh -c "ls / | cat; ls -l /usr/bin | wc -l")'
	ends "a compiler with $limit open files" 42 '(ulimit -n '$limit'; $as_user "$MEZZO" do -- sh -c "cp answer.c /tmp && cd /tmp && gcc -o answer answer.c && ./answer")'
done
few_files() { (ulimit -n 15; "$MEZZO" do -- /bin/true); }
fails_with "too few open files" 125 "ulimit -n" few_files

# ---- many domains ----
pids=()
for i in $(seq 20); do
	"$MEZZO" do -- sh -c "sleep 0.1; exit $i" < /dev/null &
	pids+=($!)
done
sum=0
for pid in "${pids[@]}"; do
	wait "$pid"
	sum=$((sum + $?))
done
verdict $((sum != 210)) "twenty domains at once"
prints "domain after domain" "50" 'for i in $(seq 50); do "$MEZZO" do -- echo x; done | wc -l'
prints "a domain sees its own processes only" "ok" '"$MEZZO" do -- sh -c "ls -d /proc/[0-9]* | wc -l | xargs test 10 -gt && echo ok"'
ends "an empty name of a program" 127 '"$MEZZO" do -- ""'
prints "a limit of data sizes that is too low" "125 1" '(ulimit -d 1000; "$MEZZO" do -- /bin/true) 2> told
	echo $? $(grep -c "ulimit -Hd" told)'
if unshare -U -r true 2> /dev/null; then
	prints "a host that forbids user namespaces" "125 1" 'unshare -U -r bash -c \
		"echo 0 > /proc/sys/user/max_user_namespaces; exec \"\$0\" do -- /bin/true" "$MEZZO" 2> told
		echo $? $(grep -c "sysctl user.max_user_namespaces is 0: raise it" told)'
else
	skip "a host that forbids user namespaces" "unshare can make none"
fi
finish
