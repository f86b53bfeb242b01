# SPDX-License-Identifier: MIT
# The standard streams, and who else uses the same ones: what a domain leaves of its input is there for the
# next command, and what becomes of its output it hears. Whatever runs in a domain here runs on bare Linux
# where MEZZO is empty.
. "$(dirname "$0")/lib.sh"
scratch
[[ -n $MEZZO ]] && run="$MEZZO do --" || run=
seq 1 50000 > numbers

wait_for()	# text file
{
	for _ in $(seq 200); do
		grep -qs "$1" "$2" && return
		sleep 0.02
	done
	return 1
}

# ---- input from a regular file ----
prints "a program that reads ahead and goes back" "$(printf '1\n2\n3')" '($run head -1; $run head -1; head -1) < numbers'
prints "a shell that reads a line" "$(printf '1\n2')" '($run sh -c "read a; echo \$a"; head -1) < numbers'
prints "begins where the file was left" "$(printf '1\n2\n3')" '(read a; echo $a; $run head -2) < numbers'
prints "not read at all" "1" '($run true; head -1) < numbers'
prints "read to its end" "0" '($run cat > /dev/null; wc -c) < numbers'
prints "read by the first program's children" "$(printf '1\n2\n3')" '($run sh -c "head -1; (head -1)"; head -1) < numbers'
prints "the end of a killed program" "137 2" '($run sh -c "read a; kill -KILL \$\$"; echo $? $(head -1)) < numbers 2> /dev/null'
prints "a script on standard input" "$(printf 'one\ntwo')" 'printf "%s\n" "echo one" "$run true" "echo two" > script; bash < script'
prints "a script for a shell in a domain" "$(printf 'one\ninput')" 'printf "%s\n" "echo one" "head -1" "input" > script; $run bash < script'
prints "its type and size" "regular file $(stat -c %s numbers)" '$run stat -L -c "%F %s" /dev/stdin < numbers'
prints "its name" "$PWD/numbers" '$run readlink /proc/self/fd/0 < numbers'
prints "opened again it begins afresh" "$(printf '1\n1\n2')" '($run sh -c "read a; echo \$a; head -1 /dev/stdin"; head -1) < numbers'
prints "a deleted file" "1" 'cp numbers gone; (rm gone; $run head -1) < gone'
prints "one that grows" "$(printf 'one\ntwo')" 'echo one > grows; $run sh -c "cat; while ! read l; do sleep 0.05; done; echo \$l" < grows > o & wait_for one o; echo two >> grows; wait; cat o'
prints "opened for writing too" "$(printf '1\n2')" '($run head -1; head -1) <> numbers'
prints "of a pseudo file system" "$(head -1 /proc/cpuinfo)" '$run head -1 < /proc/cpuinfo'
cat > file.c << 'END'
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>
int main(void)
{
	char text[4];
	char *map = mmap(0, 4096, PROT_READ, MAP_SHARED, 0, 0);

	assert(map != MAP_FAILED && !memcmp(map, "1\n2\n3\n", 6));
	assert(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0) == MAP_FAILED && errno == EACCES);
	assert(lseek(0, 0, SEEK_CUR) == 0 && pread(0, text, 4, 2) == 4 && !memcmp(text, "2\n3\n", 4));
	assert(lseek(0, 0, SEEK_CUR) == 0);
	assert(lseek(0, -2, SEEK_CUR) == -1 && errno == EINVAL);
	assert(lseek(0, 0, SEEK_END) == 288894 && read(0, text, 4) == 0);
	assert(lseek(0, -2, SEEK_END) == 288892 && read(0, text, 4) == 2 && !memcmp(text, "0\n", 2));
	assert(lseek(0, 2, SEEK_SET) == 2);
	assert(sendfile(1, 0, 0, 2) == 2 && lseek(0, 0, SEEK_CUR) == 4);
	assert(write(0, "x", 1) == -1 && errno == EBADF);
	assert(ftruncate(0, 0) == -1 && errno == EINVAL);
	assert(read(0, (void *)8, 4) == -1 && errno == EFAULT);
	return lseek(0, 0, SEEK_CUR) != 4;
}
END
check "compiles" gcc -o file file.c
prints "all that one does with a file" "$(printf '2\n3')" '($run ./file; head -1) < numbers'

# ---- input from a pipe ----
prints "no more is read than was asked for" "157822" 'cat numbers | ($run dd bs=64K count=2 iflag=fullblock 2> /dev/null > /dev/null; wc -c)'
prints "nor by one who does not read" "288894" 'cat numbers | ($run true; wc -c)'

# ---- output that can't be written ----
cat > full.sh << 'END'
echo a
sleep 0.2
echo b 2> /dev/null || echo failed >&2
read go
echo c
END
prints "a full disk is an error of a later write" "failed" '(sleep 1; echo go) | $run sh full.sh 2>&1 > /dev/full | grep -o "^failed"'
prints "its name" "No space left on device" '$run dd if=/dev/zero bs=1M count=8 2>&1 > /dev/full | grep -o "dd: .*" | grep -o "No space.*"'
ends "a limit on file sizes" 153 '(ulimit -Sf 2000; $run dd if=/dev/zero bs=1M count=8 > limited 2> /dev/null)'
cat > disk.sh << 'END'
mount -t tmpfs -o size=64k none disk || exit 9
head -c 100000 /dev/zero > disk/filler 2> /dev/null
(wait_for failed errors; rm disk/filler; until echo x > disk/probe; do sleep 0.02; done 2> /dev/null; echo go) | $run sh full.sh > disk/out 2> errors
cat disk/out
END
mkdir disk
if unshare -rm mount -t tmpfs none disk 2> /dev/null; then
	export -f wait_for
	export run
	prints "a disk that has room again" "c" 'unshare -rm bash disk.sh'
else
	skip "a disk that has room again" "mounting is not allowed"
fi
finish
