# SPDX-License-Identifier: MIT
# strace and gdb, on programs with threads and children, and on what a crash leaves behind.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

for program in gdb strace gcc; do
	command -v $program > /dev/null && continue
	skip "strace and gdb" "no $program here"
	finish
	exit
done

cat > program.c << 'EOF'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int counter;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *argument)
{
	pthread_mutex_lock(&mutex);
	counter++;
	pthread_mutex_unlock(&mutex);
	return argument;
}
static int deep(int n) { return n ? deep(n - 1) + 1 : getppid() == 0; }
static void child(void) { _exit(7); }
static void wait_long(void) { for (;;) pause(); }
int main(int argc, char **argv)
{
	pthread_t threads[4];
	int status, i = deep(3);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (!fork())
		child();
	wait(&status);
	printf("counter %d status %d\n", counter, WEXITSTATUS(status));
	if (argc > 1 && argv[1][0] == 'w')
		wait_long();
	if (argc > 1)
		abort();
	return 0;
}
EOF
check "a program" gcc -g -O0 -pthread -o program program.c
gdb="gdb -nx -batch -iex 'set debuginfod enabled off'"

prints "strace of calls" "1" \
	'strace -e trace=write -o log ./program > out; grep -c "write(1, .counter 4 status 7.n., 19) *= 19" log'
prints "strace follows threads and children" "1 child, 6 ended" \
	'strace -f -o log ./program > out; echo "$(grep -c "exited with 7" log) child, $(grep -c "+++ exited" log) ended"'
prints "strace follows exec of vfork" "2" \
	'strace -f -e trace=execve sh -c "/bin/true; /bin/true" 2>&1 | grep -c "execve(\"/bin/true\".*= 0"'
prints "strace counts" "1" 'strace -f -c -o log ./program > out; grep -c "wait4" log'
prints "strace changes results" "strace: 0" \
	'strace -e inject=getppid:retval=0 -e trace=getppid -o log ./program > out; echo "strace: $(grep -c "getppid() = [1-9]" log)"'
prints "gdb stops at a breakpoint" "#0  deep (n=0) at program.c:15" \
	"$gdb -ex 'break deep if n==0' -ex run -ex bt ./program 2> /dev/null | grep '^#0'"
prints "gdb goes up and prints" "#4 \$1 = 0" \
	"$gdb -ex 'break deep if n==0' -ex run -ex 'frame 4' -ex 'print counter' -ex 'kill' ./program 2> /dev/null | awk '/^#4/ { printf \"#4 \" } /^.1 =/'"
prints "gdb steps" "21 22 23" \
	"$gdb -ex 'break 21' -ex run -ex next -ex next ./program 2> /dev/null | awk '/^2[0-9]\t/ { printf \"%s%s\", n++ ? \" \" : \"\", \$1 } END { print \"\" }'"
prints "gdb stops each thread" "4" \
	"$gdb -ex 'break work' -ex run -ex c -ex c -ex c -ex c ./program 2> /dev/null | grep -c 'hit Breakpoint 1, work'"
prints "gdb catches calls" "3" \
	"$gdb -ex 'catch syscall getppid' -ex run -ex c -ex c ./program 2> /dev/null | grep -c 'Catchpoint 1 '"
prints "gdb follows a child" "child () at program.c:16" \
	"$gdb -ex 'set follow-fork-mode child' -ex 'break child' -ex run -ex bt ./program 2> /dev/null | sed -n 's/^#0  //p'"
prints "gdb calls functions and sets variables" "\$1 = 3 \$2 = 9" \
	"$gdb -ex 'break 21' -ex run -ex 'print deep(3)' -ex 'print counter = 9' ./program 2> /dev/null | grep '^[$]' | xargs"
prints "gdb watches by steps" "New value = 1" \
	"$gdb -ex 'set can-use-hw-watchpoints 0' -ex 'break work' -ex run -ex 'watch counter' -ex 'delete 1' -ex c ./program 2> /dev/null | grep ^New"
prints "gdb without breakpoints leaves the program alone" "counter 4 status 7" \
	"$gdb -ex run ./program 2> /dev/null | grep ^counter"
prints "gdb attaches and detaches" "wait_long () at program.c:17" \
	"mkfifo begun; ./program w > begun & pid=\$!; head -0 begun; until grep -q '(sleeping)' /proc/\$pid/status && [ \"\$(ls /proc/\$pid/task)\" = \$pid ]; do :; done
	$gdb -p \$pid -ex bt -ex detach 2> /dev/null | sed -n 's/.* in \\(wait_long.*\\)/\\1/p'; kill -9 \$pid"

# The shell's own word on it is not wanted.
prints "a crash with a core dump" "134" '(ulimit -c unlimited; ./program x > out) 2> /dev/null; echo $?'
prints "gdb reads the core dump" "main (argc=2, argv=" \
	"$gdb -ex bt ./program core 2> /dev/null | sed -n 's/.* in \\(main (argc=2, argv=\\).*/\\1/p'"
prints "with what it knew" "\$1 = 4" "$gdb -ex 'print counter' ./program core 2> /dev/null | grep '^[$]'"
ends "no core dump without a limit" 1 'rm core; (ulimit -c 0; ./program x > out) 2> /dev/null; test -e core'
finish
