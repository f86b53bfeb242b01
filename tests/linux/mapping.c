/* SPDX-License-Identifier: MIT */
/* mmap and what follows from it: coherence with files, mremap, mprotect, madvise, brk, memfd. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGE = 4096 };

static sigjmp_buf fault_return;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(fault_return, 1);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	OK(sigaction(SIGSEGV, &action, NULL));
	OK(sigaction(SIGBUS, &action, NULL));
}

/* The signal that a read (or a write) of this byte raises, 0 when it works. */
static int touch(volatile void *address, bool write)
{
	volatile char *byte = address;

	if (sigsetjmp(fault_return, 1))
		return fault_signal;
	if (write)
		*byte = 1;
	else
		(void)*byte;
	return 0;
}

static char *map(size_t size, int protection, int flags, int fd)
{
	char *memory = mmap(NULL, size, protection, flags, fd, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

static char *map_anonymous(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int make_file(size_t size)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	OK(fd);
	OK(ftruncate(fd, size));
	return fd;
}

TEST(anonymous_memory_is_zero_and_private)
{
	char *memory = map_anonymous(64 * PAGE);

	for (int i = 0; i < 64 * PAGE; i++)
		EQUAL(memory[i], 0);
	memory[5] = 'a';
	IN_CHILD({
		EQUAL(memory[5], 'a');
		memory[5] = 'b';
	});
	EQUAL(memory[5], 'a');
	OK(munmap(memory, 64 * PAGE));
	catch_faults();
	EQUAL(touch(memory, false), SIGSEGV);
	EQUAL(fault_code, SEGV_MAPERR);
	CHECK(fault_address == memory);
}

TEST(anonymous_shared_memory_is_shared_with_children)
{
	volatile char *memory = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);

	IN_CHILD(memory[0] = 'c');
	EQUAL(memory[0], 'c');
}

TEST(private_file_mapping)
{
	char *memory;
	int fd = make_file(2 * PAGE);

	EQUAL(pwrite(fd, "file", 4, 0), 4);
	memory = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	CHECK(!memcmp(memory, "file", 4));
	memory[0] = 'F';
	char text[5] = "";
	EQUAL(pread(fd, text, 4, 0), 4);
	SAME(text, "file");
	OK(close(fd));
	CHECK(!memcmp(memory, "File", 4));
}

TEST(shared_mapping_and_write_see_each_other)
{
	char text[16] = "", *memory;
	int fd = make_file(3 * PAGE);

	memory = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	EQUAL(pwrite(fd, "written", 7, PAGE - 3), 7);
	CHECK(!memcmp(memory + PAGE - 3, "written", 7));
	memcpy(memory + 2 * PAGE - 2, "mapped", 6);
	EQUAL(pread(fd, text, 6, 2 * PAGE - 2), 6);
	SAME(text, "mapped");
	OK(msync(memory, 3 * PAGE, MS_SYNC));
	OK(munmap(memory, 3 * PAGE));
	EQUAL(pread(fd, text, 6, 2 * PAGE - 2), 6);
	SAME(text, "mapped");
}

TEST(shared_mappings_of_two_opens)
{
	char *a, *b;
	int fd = make_file(PAGE), second;

	OK(second = open("file", O_RDWR));
	a = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	b = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, second);
	CHECK(a != b);
	a[100] = 'x';
	EQUAL(b[100], 'x');
	IN_CHILD(b[200] = 'y');
	EQUAL(a[200], 'y');
}

TEST(private_mapping_made_before_the_first_write_sees_it)
{
	/* Linux shows a page of a private mapping as the file is until the page is changed. */
	char *memory;
	int fd = make_file(PAGE);

	memory = map(PAGE, PROT_READ, MAP_PRIVATE, fd);
	EQUAL(memory[0], 0);
	EQUAL(pwrite(fd, "now", 3, 0), 3);
	CHECK(!memcmp(memory, "now", 3));
}

TEST(mapping_of_a_read_only_file_after_it_is_written)
{
	char *memory;
	int reader, writer;

	test_write_file("file", "before");
	OK(reader = open("file", O_RDONLY));
	memory = map(PAGE, PROT_READ, MAP_SHARED, reader);
	CHECK(!memcmp(memory, "before", 6));
	OK(writer = open("file", O_WRONLY));
	EQUAL(write(writer, "after!", 6), 6);
	CHECK(!memcmp(memory, "after!", 6));
}

TEST(mapping_past_the_end)
{
	char *memory;
	int fd = make_file(100);

	catch_faults();
	memory = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	EQUAL(touch(memory + 99, false), 0);
	EQUAL(touch(memory + 200, false), 0);
	EQUAL(memory[200], 0);
	EQUAL(touch(memory + PAGE, false), SIGBUS);
	EQUAL(fault_code, BUS_ADRERR);
	CHECK(fault_address == memory + PAGE);
	OK(ftruncate(fd, 2 * PAGE));
	EQUAL(touch(memory + PAGE, true), 0);
	EQUAL(touch(memory + 2 * PAGE, true), SIGBUS);
	OK(ftruncate(fd, 0));
	EQUAL(touch(memory, false), SIGBUS);
}

TEST(mapping_with_offset)
{
	char *memory;
	int fd = make_file(4 * PAGE);

	EQUAL(pwrite(fd, "third", 5, 2 * PAGE), 5);
	memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE);
	CHECK(memory != MAP_FAILED);
	CHECK(!memcmp(memory, "third", 5));
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
}

TEST(mapping_refusals)
{
	int fd, fds[2];

	test_write_file("file", "x");
	OK(fd = open("file", O_RDONLY));
	FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
	FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	FAILS(mmap(NULL, 1UL << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	FAILS(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
	      EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	OK(pipe(fds));
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
	OK(fd = open(".", O_RDONLY));
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	OK(fd = open("file", O_WRONLY));
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	FAILS(mmap(NULL, -4095UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
}

TEST(fixed_mapping_replaces)
{
	char *memory = map_anonymous(4 * PAGE);

	memset(memory, 'o', 4 * PAGE);
	CHECK(mmap(memory + PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + PAGE);
	EQUAL(memory[0], 'o');
	EQUAL(memory[PAGE], 0);
	EQUAL(memory[2 * PAGE], 'o');
	FAILS(mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		   -1, 0), EEXIST);
	OK(munmap(memory + 2 * PAGE, PAGE));
	CHECK(mmap(memory + 2 * PAGE, PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == memory + 2 * PAGE);
}

TEST(hint_is_taken_when_free)
{
	char *memory = map_anonymous(16 * PAGE);

	OK(munmap(memory, 16 * PAGE));
	CHECK(mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == memory);
	CHECK(mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != memory);
}

TEST(munmap_parts_and_refusals)
{
	char *memory = map_anonymous(5 * PAGE);

	catch_faults();
	OK(munmap(memory + 2 * PAGE, PAGE));
	EQUAL(touch(memory + PAGE, true), 0);
	EQUAL(touch(memory + 2 * PAGE, true), SIGSEGV);
	EQUAL(touch(memory + 3 * PAGE, true), 0);
	OK(munmap(memory, 5 * PAGE));
	OK(munmap(memory, 5 * PAGE));
	FAILS(munmap(memory + 1, PAGE), EINVAL);
	FAILS(munmap(memory, 0), EINVAL);
	FAILS(munmap(memory, -1UL), EINVAL);
}

TEST(mprotect_changes_rights)
{
	char *memory = map_anonymous(3 * PAGE);

	catch_faults();
	memory[PAGE] = 'k';
	OK(mprotect(memory + PAGE, PAGE, PROT_READ));
	EQUAL(touch(memory + PAGE, false), 0);
	EQUAL(touch(memory + PAGE, true), SIGSEGV);
	EQUAL(fault_code, SEGV_ACCERR);
	OK(mprotect(memory + PAGE, PAGE, PROT_NONE));
	EQUAL(touch(memory + PAGE, false), SIGSEGV);
	EQUAL(touch(memory, true), 0);
	EQUAL(touch(memory + 2 * PAGE, true), 0);
	OK(mprotect(memory, 3 * PAGE, PROT_READ | PROT_WRITE));
	EQUAL(memory[PAGE], 'k');
	FAILS(mprotect(memory + 1, PAGE, PROT_READ), EINVAL);
	OK(munmap(memory + PAGE, PAGE));
	FAILS(mprotect(memory, 3 * PAGE, PROT_READ), ENOMEM);
	FAILS(mprotect(memory, PAGE, 0xff00), EINVAL);
	OK(mprotect(memory, 0, PROT_READ));
}

TEST(mprotect_of_a_file_opened_for_reading)
{
	char *memory;
	int fd;

	test_write_file("file", "x");
	OK(fd = open("file", O_RDONLY));
	memory = map(PAGE, PROT_READ, MAP_SHARED, fd);
	FAILS(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), EACCES);
	memory = map(PAGE, PROT_READ, MAP_PRIVATE, fd);
	OK(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	memory[0] = 'y';
	SAME(test_read_file("file"), "x");
}

TEST(code_can_be_made_and_run)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *memory = map_anonymous(PAGE);
	int (*function)(void) = (void *)memory;

	memcpy(memory, code, sizeof(code));
	OK(mprotect(memory, PAGE, PROT_READ | PROT_EXEC));
	EQUAL(function(), 42);
	catch_faults();
	OK(mprotect(memory, PAGE, PROT_READ));
	if (!sigsetjmp(fault_return, 1)) {
		function();
		CHECK(!"not executable");
	}
	EQUAL(fault_signal, SIGSEGV);
	CHECK(fault_address == memory);
}

TEST(system_call_in_made_code)
{
	/* mov $39,%eax; syscall; ret */
	static const unsigned char code[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	char *memory =
		map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int (*function)(void) = (void *)memory;

	memcpy(memory, code, sizeof(code));
	for (int i = 0; i < 100; i++)
		EQUAL(function(), getpid());
	memory[1] = 110;
	EQUAL(function(), getppid());
}

/* mov $39, %eax; syscall; cmp $-4096, %rax; mov $1, %eax; ret */
static const unsigned char calling_code[] = {
	0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff, 0xb8, 1, 0, 0, 0, 0xc3,
};

/* Where it lies in a page, and where in it the result. */
enum { CALLING_START = 64, CALLING_RESULT = CALLING_START + 14 };

static int call_text(int fd)
{
	char *text = map(PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
	int (*function)(void) = (void *)(text + CALLING_START);
	int result = 0;

	for (int i = 0; i < 6; i++)
		result = function();
	return result;
}

/* Text is what the file is now, however often it was run before and whatever time is set. */
TEST(text_is_what_was_written_last)
{
	int fd = make_file(PAGE);
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char *memory = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	memcpy(memory + CALLING_START, calling_code, sizeof(calling_code));
	OK(futimens(fd, times));
	for (int i = 0; i < 100; i++)
		IN_CHILD(EQUAL(call_text(fd), 1));
	OK(pwrite(fd, "\2", 1, CALLING_RESULT));
	OK(futimens(fd, times));
	IN_CHILD(EQUAL(call_text(fd), 2));
	memory[CALLING_RESULT] = 3;
	OK(futimens(fd, times));
	IN_CHILD(EQUAL(call_text(fd), 3));
}

static void *truncate_and_write(void *argument)
{
	const int fd = *(int *)argument;
	char page[PAGE] = { 0 };

	for (int i = 0; i < PAGE / 64; i++)
		memcpy(page + i * 64 + 16, calling_code, sizeof(calling_code));
	for (;;) {
		if (pwrite(fd, page, PAGE, 0) != PAGE || ftruncate(fd, 0))
			abort();
	}
	return NULL;
}

TEST(running_text_is_truncated)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int fd = make_file(PAGE);
	char *memory = map(PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
	pthread_t thread;

	catch_faults();
	OK(sigaction(SIGILL, &action, NULL));
	ZERO(pthread_create(&thread, NULL, truncate_and_write, &fd));
	for (volatile int i = 0; i < 100000; i++)
		if (!sigsetjmp(fault_return, 1))
			((int (*)(void))(memory + i % (PAGE / 64) * 64 + 16))();
}

TEST(mremap_grows_and_shrinks)
{
	char *memory = map_anonymous(4 * PAGE), *grown;

	catch_faults();
	memory[0] = 'a';
	memory[3 * PAGE] = 'd';
	CHECK(mremap(memory, 4 * PAGE, 2 * PAGE, 0) == memory);
	EQUAL(touch(memory + 2 * PAGE, false), SIGSEGV);
	grown = mremap(memory, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	CHECK(grown != MAP_FAILED);
	EQUAL(grown[0], 'a');
	EQUAL(grown[3 * PAGE], 0);
	grown[64 * PAGE - 1] = 'z';
	memory = map_anonymous(3 * PAGE);
	FAILS(mremap(memory, PAGE, 2 * PAGE, 0), ENOMEM);
	FAILS(mremap(memory + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(memory, PAGE, 0, 0), EINVAL);
	FAILS(mremap(memory, PAGE, PAGE, 0x80), EINVAL);
	OK(munmap(memory, PAGE));
	FAILS(mremap(memory, PAGE, PAGE * 2, MREMAP_MAYMOVE), EFAULT);
}

TEST(mremap_to_a_fixed_place)
{
	char *from = map_anonymous(2 * PAGE), *to = map_anonymous(4 * PAGE);

	catch_faults();
	from[PAGE] = 'm';
	to[0] = 't';
	CHECK(mremap(from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	EQUAL(to[0], 0);
	EQUAL(to[PAGE], 'm');
	EQUAL(touch(from, false), SIGSEGV);
	FAILS(mremap(to, 2 * PAGE, 2 * PAGE, MREMAP_FIXED, to + 8 * PAGE), EINVAL);
	FAILS(mremap(to, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE), EINVAL);
}

TEST(mremap_of_a_shared_file)
{
	char *memory, text[2];
	int fd = make_file(8 * PAGE);

	memory = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	memory = mremap(memory, PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	CHECK(memory != MAP_FAILED);
	memory[7 * PAGE] = 'x';
	EQUAL(pread(fd, text, 1, 7 * PAGE), 1);
	EQUAL(text[0], 'x');
}

TEST(madvise_kinds)
{
	char *memory = map_anonymous(4 * PAGE), *file;
	int fd = make_file(PAGE);

	memset(memory, 'x', 4 * PAGE);
	OK(madvise(memory + PAGE, PAGE, MADV_DONTNEED));
	EQUAL(memory[0], 'x');
	EQUAL(memory[PAGE], 0);
	EQUAL(memory[2 * PAGE], 'x');
	OK(madvise(memory, 4 * PAGE, MADV_WILLNEED));
	OK(madvise(memory, 4 * PAGE, MADV_SEQUENTIAL));
	OK(madvise(memory, 4 * PAGE, MADV_FREE));
	FAILS(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(memory, PAGE, 9999), EINVAL);
	OK(madvise(memory, 0, MADV_DONTNEED));
	EQUAL(pwrite(fd, "f", 1, 0), 1);
	file = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	file[0] = 'p';
	OK(madvise(file, PAGE, MADV_DONTNEED));
	EQUAL(file[0], 'f');
	OK(munmap(memory + PAGE, PAGE));
	FAILS(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	EQUAL(memory[3 * PAGE], 0);
}

TEST(madvise_of_fork)
{
	char *memory = map_anonymous(2 * PAGE);

	memset(memory, 'x', 2 * PAGE);
	OK(madvise(memory, PAGE, MADV_DONTFORK));
	OK(madvise(memory + PAGE, PAGE, MADV_WIPEONFORK));
	IN_CHILD({
		catch_faults();
		EQUAL(touch(memory, false), SIGSEGV);
		EQUAL(memory[PAGE], 0);
	});
}

TEST(brk_moves_the_end)
{
	char *end = (char *)syscall(SYS_brk, 0);

	CHECK((char *)syscall(SYS_brk, end + 10 * PAGE) == end + 10 * PAGE);
	for (int i = 0; i < 10 * PAGE; i++)
		EQUAL(end[i], 0);
	memset(end, 'b', 10 * PAGE);
	CHECK((char *)syscall(SYS_brk, end + PAGE) == end + PAGE);
	CHECK((char *)syscall(SYS_brk, end + 2 * PAGE) == end + 2 * PAGE);
	EQUAL(end[PAGE - 1], 'b');
	EQUAL(end[PAGE], 0);
	CHECK((char *)syscall(SYS_brk, 1) == end + 2 * PAGE);
	CHECK((char *)syscall(SYS_brk, -1L) == end + 2 * PAGE);
	CHECK((char *)syscall(SYS_brk, end) == end);
}

TEST(memfd_is_a_file_without_name)
{
	char text[8] = "", *memory;
	struct stat status;
	int fd;

	OK(fd = memfd_create("name", MFD_CLOEXEC));
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQUAL(write(fd, "memory", 6), 6);
	OK(fstat(fd, &status));
	EQUAL(status.st_size, 6);
	CHECK(S_ISREG(status.st_mode));
	EQUAL(pread(fd, text, 6, 0), 6);
	SAME(text, "memory");
	OK(ftruncate(fd, 3 * PAGE));
	memory = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	memory[2 * PAGE] = 's';
	EQUAL(pread(fd, text, 1, 2 * PAGE), 1);
	EQUAL(text[0], 's');
	IN_CHILD(memory[0] = 'C');
	EQUAL(memory[0], 'C');
	FAILS(memfd_create("x", 0x8000), EINVAL);
}

TEST(memfd_seals)
{
	int fd;

	OK(fd = memfd_create("sealed", MFD_ALLOW_SEALING));
	OK(ftruncate(fd, PAGE));
	EQUAL(fcntl(fd, F_GET_SEALS), 0);
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	FAILS(ftruncate(fd, 0), EPERM);
	FAILS(ftruncate(fd, 2 * PAGE), EPERM);
	EQUAL(pwrite(fd, "x", 1, 0), 1);
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	OK(fd = memfd_create("plain", 0));
	EQUAL(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
}

TEST(mapping_lives_after_unlink)
{
	char *memory;
	int fd = make_file(PAGE);

	memory = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	memory[0] = 'u';
	OK(close(fd));
	OK(unlink("file"));
	EQUAL(memory[0], 'u');
	memory[1] = 'v';
	EQUAL(memory[1], 'v');
}

TEST(many_mappings)
{
	enum { COUNT_OF = 2000 };
	static char *memory[COUNT_OF];

	for (int i = 0; i < COUNT_OF; i++) {
		memory[i] = map(2 * PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (i % 2 == 0)
			memory[i][0] = i;
	}
	for (int i = 0; i < COUNT_OF; i++) {
		EQUAL(memory[i][0], i % 2 ? 0 : (char)i);
		OK(munmap(memory[i], 2 * PAGE));
	}
}

TEST(large_sparse_mapping)
{
	char *memory = map(16UL << 30, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	memory[0] = 1;
	memory[(16UL << 30) - 1] = 2;
	EQUAL(memory[8UL << 30], 0);
	OK(munmap(memory, 16UL << 30));
}

TEST(mincore_and_mlock)
{
	unsigned char state[2] = { 0 };
	char *memory = map_anonymous(2 * PAGE);

	memory[0] = 1;
	OK(mincore(memory, 2 * PAGE, state));
	EQUAL(state[0] & 1, 1);
	OK(mlock(memory, PAGE));
	OK(munlock(memory, PAGE));
	FAILS(mincore(memory + 1, PAGE, state), EINVAL);
	OK(munmap(memory + PAGE, PAGE));
	FAILS(mincore(memory, 2 * PAGE, state), ENOMEM);
}

/* On Linux, too, all of a file that was just read is there. */
TEST(mincore_of_a_file)
{
	unsigned char state[300] = { 0 };
	int fd = make_file(300 * PAGE), there = 0;
	volatile char *memory = map(300 * PAGE, PROT_READ, MAP_SHARED, fd);

	for (size_t i = 0; i < 300; i++)
		there += memory[i * PAGE] & 0;
	OK(mincore((char *)memory, 300 * PAGE - 1, state));
	for (size_t i = 0; i < 300; i++)
		there += state[i] & 1;
	EQUAL(there, 300);
	FAILS(mincore((char *)memory, 300 * PAGE, (void *)8), EFAULT);
	OK(mincore((char *)memory, 0, state));
}

TEST(advice_to_put_pages_out)
{
	char *memory = map_anonymous(2 * PAGE);

	memory[0] = 7;
	OK(madvise(memory, 2 * PAGE, MADV_COLD));
	OK(madvise(memory, 2 * PAGE, MADV_PAGEOUT));
	EQUAL(memory[0], 7);
	FAILS(madvise(memory + 1, PAGE, MADV_COLD), EINVAL);
	OK(munmap(memory + PAGE, PAGE));
	FAILS(madvise(memory, 2 * PAGE, MADV_PAGEOUT), ENOMEM);
}

TEST(msync_refusals)
{
	char *memory = map_anonymous(2 * PAGE);

	FAILS(msync(memory + 1, PAGE, MS_SYNC), EINVAL);
	FAILS(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	OK(munmap(memory + PAGE, PAGE));
	FAILS(msync(memory, 2 * PAGE, MS_SYNC), ENOMEM);
	OK(msync(memory, PAGE, MS_ASYNC));
}

TEST(calls_read_and_write_mapped_files)
{
	/* A call whose buffer is a mapping of the very file it works on. */
	char *memory, text[8] = "";
	int fd = make_file(2 * PAGE);

	memory = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	memcpy(memory, "self", 4);
	EQUAL(pwrite(fd, memory, 4, PAGE), 4);
	CHECK(!memcmp(memory + PAGE, "self", 4));
	EQUAL(pread(fd, memory + 8, 4, PAGE), 4);
	EQUAL(pread(fd, text, 4, 8), 4);
	SAME(text, "self");
}

TEST(pages_brought_in_by_calls)
{
	/* A call fills memory that no instruction has touched yet. */
	char *memory = map_anonymous(64 * PAGE);
	int fd, fds[2];

	OK(fd = open("/dev/zero", O_RDONLY));
	EQUAL(read(fd, memory, 32 * PAGE), 32 * PAGE);
	OK(pipe(fds));
	EQUAL(write(fds[1], "pipe", 4), 4);
	EQUAL(read(fds[0], memory + 40 * PAGE - 2, 4), 4);
	CHECK(!memcmp(memory + 40 * PAGE - 2, "pipe", 4));
	EQUAL(write(fds[1], memory + 50 * PAGE, 4096), 4096);
}

TEST(stack_grows)
{
	IN_CHILD({
		volatile char space[6 << 20];

		for (int i = sizeof(space) - 1; i >= 0; i -= 1000)
			space[i] = 1;
		EQUAL(space[sizeof(space) - 1], 1);
	});
}

/* What happens to the vDSO is the program's own affair: system calls go on working. */
TEST(clocks_work_without_the_vdso)
{
	unsigned long start, end, low = 0, high = 0;
	struct timespec now;
	char line[512];
	FILE *maps;

	maps = fopen("/proc/self/maps", "r");
	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "[vvar") && !strstr(line, "[vdso]"))
			continue;
		EQUAL(sscanf(line, "%lx-%lx", &start, &end), 2);
		low = low ? low : start;
		high = end;
	}
	fclose(maps);
	if (!low)
		test_skip("no vDSO here");
	mprotect((void *)low, high - low, PROT_NONE);
	OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now));
	OK(munmap((void *)low, high - low));
	OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now));
	mmap((void *)low, high - low, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now));
}

/* mov $39, %eax; syscall; ret: often enough that it pays to make the call in another way. */
TEST(text_is_what_the_file_says_even_where_its_times_do_not)
{
	static const char code[] = { 'A', (char)0xb8, 39, 0, 0, 0, 0x0f, 0x05, (char)0xc3 };
	char page[4096] = { 0 }, *text;
	struct timespec times[2];
	struct stat status;
	int fd, reader;

	memcpy(page + 63, code, sizeof(code));
	fd = open("text", O_RDWR | O_CREAT, 0644);
	reader = open("text", O_RDONLY);
	EQUAL(write(fd, page, sizeof(page)), sizeof(page));
	for (int i = 0; i < 70; i++) {
		text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, reader, 0);
		CHECK(text != MAP_FAILED);
		for (int call = 0; call < 3; call++)
			EQUAL(((int (*)(void))(text + 64))(), getpid());
		OK(munmap(text, 4096));
	}
	OK(fstat(fd, &status));
	EQUAL(pwrite(fd, "B", 1, 63), 1);
	times[0] = status.st_atim;
	times[1] = status.st_mtim;
	OK(futimens(fd, times));
	text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, reader, 0);
	EQUAL(text[63], 'B');
}

/* Text of a file, by a line of /proc/self/maps: is it in a mapping of our own as in the file? */
static void check_text(const char *line, const char *path)
{
	unsigned long start, end, offset;
	char *mapped, *bytes;
	int fd = open(path, O_RDONLY);

	OK(fd);
	EQUAL(sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset), 3);
	mapped = mmap(NULL, end - start, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset);
	CHECK(mapped != MAP_FAILED);
	bytes = malloc(end - start);
	CHECK(pread(fd, bytes, end - start, offset) == (ssize_t)(end - start));
	if (memcmp(mapped, bytes, end - start))
		test_fail(__FILE__, __LINE__, "%s: its text is not as in the file", path);
	free(bytes);
	OK(munmap(mapped, end - start));
	OK(close(fd));
}

/*
 * As valgrind maps the text of the program that it looks at: read, and translated, but never run.
 * The programs before it make the calls of the same text well known.
 */
TEST(text_that_a_program_maps_itself_is_as_in_the_file)
{
	char line[512];
	FILE *maps;
	int checked = 0;

	for (int i = 0; i < 40; i++)
		IN_CHILD(execl("/bin/true", "true", NULL));
	maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), maps)) {
		char *path = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!path || !strstr(line, " r-xp ") || !strstr(path, ".so"))
			continue;
		check_text(line, path);
		checked++;
	}
	fclose(maps);
	CHECK(checked >= 2);
}
