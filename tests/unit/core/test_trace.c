/* SPDX-License-Identifier: MIT */
/* Lines of the tracer against what strace writes. */
#include "fake.h"

#include <asm/fcntl.h>

#include <asm/poll.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include "core/report.h"
#include "core/string.h"
#include "syscall/syscall.h"
#include "syscall/trace.h"

#define A(pointer) ((u64)(pointer))

static const char *line(u64 number, long result, u64 a, u64 b, u64 c, u64 d)
{
	static char text[2048];
	struct ring *ring = &channel()->log;
	u64 arguments[6] = { a, b, c, d, 0, 0 };
	u32 size;

	ring->head = ring->tail = 0;
	thread_current()->tid = 7;
	trace_enter(number, arguments);
	trace_exit(number, arguments, result);
	size = ring->head;
	memcpy(text, (char *)channel() + ring->data_offset, size);
	text[size] = 0;
	return text;
}

static void strings_and_results(void **state)
{
	char text[] = "hello\n\t\"\\\001" "7\377", longer[100];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	assert_string_equal(line(__NR_write, 5, 1, A("a\0b"), 3, 0),
			    "[pid 7] write(1, \"a\\0b\", 3) = 5\n");
	assert_string_equal(line(__NR_read, 12, 0, A(text), 100, 0),
			    "[pid 7] read(0, \"hello\\n\\t\\\"\\\\\\0017\\377\", 100) = 12\n");
	assert_string_equal(line(__NR_write, -EPIPE, 1, A(longer), 100, 0),
			    "[pid 7] write(1, \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., 100)"
			    " = -1 EPIPE (Broken pipe)\n");
	assert_string_equal(line(__NR_read, -EFAULT, 0, 0x10, 5, 0),
			    "[pid 7] read(0, 0x10, 5) = -1 EFAULT (Bad address)\n");
	assert_string_equal(line(__NR_chdir, -EFAULT, 0x10, 0, 0, 0),
			    "[pid 7] chdir(0x10) = -1 EFAULT (Bad address)\n");
	assert_string_equal(line(__NR_getppid, 1, 0, 0, 0, 0), "[pid 7] getppid() = 1\n");
}

static void flags_by_name(void **state)
{
	(void)state;
	assert_string_equal(line(__NR_openat, 3, (u64)AT_FDCWD, A("/etc/passwd"),
				 O_RDONLY | O_CLOEXEC, 0777),
			    "[pid 7] openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3\n");
	assert_string_equal(line(__NR_open, 3, A("f"), O_RDWR | O_CREAT | O_TRUNC, 0644, 0),
			    "[pid 7] open(\"f\", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3\n");
	assert_string_equal(line(__NR_mmap, 0x7f0000001000, 0, 4096, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS),
			    "[pid 7] mmap(NULL, 4096, PROT_READ|PROT_WRITE, "
			    "MAP_PRIVATE|MAP_ANONYMOUS,"
			    " 0, 0) = 0x7f0000001000\n");
	assert_string_equal(line(__NR_mprotect, 0, 0x1000, 4096, PROT_NONE, 0),
			    "[pid 7] mprotect(0x1000, 4096, PROT_NONE) = 0\n");
	assert_string_equal(line(__NR_lseek, 0, 3, (u64)-5, 2, 0),
			    "[pid 7] lseek(3, -5, SEEK_END) = 0\n");
	assert_string_equal(line(__NR_access, -ENOENT, A("/x"), 4, 0, 0),
			    "[pid 7] access(\"/x\", R_OK) = -1 ENOENT (No such file or "
			    "directory)\n");
	assert_string_equal(line(__NR_fcntl, 0, 3, 99, 0, 0),
			    "[pid 7] fcntl(3, 0x63 /* F_??? */, 0) = 0\n");
	assert_string_equal(line(__NR_kill, 0, 5, 9, 0, 0), "[pid 7] kill(5, SIGKILL) = 0\n");
}

static void structures(void **state)
{
	struct __kernel_timespec time = { 1, 500 };
	struct iovec parts[2] = { { "ab", 2 }, { "cde", 3 } };
	struct {
		int fd;
		short events, revents;
	} fds[2] = { { 3, POLLIN, POLLIN }, { 4, POLLOUT, 0 } };
	u64 set = 1ull << 1 | 1ull << 16;
	int pair[2] = { 3, 4 }, status = 0x300;

	(void)state;
	assert_string_equal(line(__NR_nanosleep, 0, A(&time), 0, 0, 0),
			    "[pid 7] nanosleep({tv_sec=1, tv_nsec=500}, NULL) = 0\n");
	assert_string_equal(line(__NR_writev, 5, 1, A(parts), 2, 0),
			    "[pid 7] writev(1, [{iov_base=\"ab\", iov_len=2},"
			    " {iov_base=\"cde\", iov_len=3}], 2) = 5\n");
	assert_string_equal(line(__NR_poll, 1, A(fds), 2, (u64)-1, 0),
			    "[pid 7] poll([{fd=3, events=POLLIN, revents=POLLIN},"
			    " {fd=4, events=POLLOUT}], 2, -1) = 1\n");
	assert_string_equal(line(__NR_rt_sigprocmask, 0, 0, A(&set), 0, 8),
			    "[pid 7] rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0\n");
	assert_string_equal(line(__NR_pipe, 0, A(pair), 0, 0, 0), "[pid 7] pipe([3, 4]) = 0\n");
	assert_string_equal(line(__NR_wait4, 9, (u64)-1, A(&status), 0, 0),
			    "[pid 7] wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = "
			    "9\n");
	assert_string_equal(line(__NR_futex, -EAGAIN, 0x1000, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2,
				 0),
			    "[pid 7] futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0)"
			    " = -1 EAGAIN (Resource temporarily unavailable)\n");
}

static void calls_that_do_not_come_back(void **state)
{
	char *arguments[] = { "ls", "-l", NULL };

	(void)state;
	assert_string_equal(line(__NR_exit_group, 0, 3, 0, 0, 0), "[pid 7] exit_group(3) = ?\n");
	assert_string_equal(line(__NR_execve, 0, A("/bin/ls"), A(arguments), 0, 0),
			    "[pid 7] execve(\"/bin/ls\", [\"ls\", \"-l\"], 0 /* 0 vars */)\n"
			    "[pid 7] <... execve resumed> = 0\n");
}

static void every_call_can_be_written(void **state)
{
	(void)state;
	for (u64 number = 0; number < SYSCALL_COUNT + 2; number++) {
		for (int round = 0; round < 2; round++) {
			u64 value = round ? ~0ull : 0;
			const char *text =
				line(number, round ? -EFAULT : 0, value, value, value, value);

			assert_true(strlen(text) > 8);
		}
	}
}

static void a_missing_call_is_named_once(void **state)
{
	struct ring *ring = &channel()->log;

	(void)state;
	domain_config.flags = CONFIG_VERBOSE;
	ring->head = ring->tail = 0;
	thread_current()->syscall_number = __NR_bpf;
	assert_int_equal(sys_missing(), -ENOSYS);
	assert_true(ring->head > 0);
	ring->head = 0;
	assert_int_equal(sys_missing(), -ENOSYS);
	assert_int_equal(ring->head, 0);
	thread_current()->syscall_number = 9999;
	assert_int_equal(sys_missing(), -ENOSYS);
	domain_config.flags = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_results),
		cmocka_unit_test(flags_by_name),
		cmocka_unit_test(structures),
		cmocka_unit_test(calls_that_do_not_come_back),
		cmocka_unit_test(every_call_can_be_written),
		cmocka_unit_test(a_missing_call_is_named_once),
	};

	return cmocka_run_group_tests(tests, fake_start, NULL);
}
