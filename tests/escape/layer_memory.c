/* SPDX-License-Identifier: MIT */
/*
 * Attempts of a program on its system layer's memory: as a buffer, as a path, by changing its
 * mappings, by touching it. Run in a domain; the layer must refuse each and live on.
 */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "boundary/layout.h"

static const uintptr_t targets[] = {
	LAYER_BASE, LAYER_TEXT_BASE + 4096, HEAP_BASE, HEAP_BASE + 0x10000,
	HEAP_BASE + HEAP_SIZE - 4096, CHANNEL_BASE, CHANNEL_BASE + 4096, WINDOW_BASE,
	LAYER_END - 4096,
};

#define FOR_TARGETS(target) \
	for (size_t i_ = 0, target; i_ < COUNT(targets) && ((target = targets[i_]), 1); i_++)

#define REFUSED(number, ...) FAILS(syscall(__VA_ARGS__), number)

static void still_alive(void)
{
	test_write_file("alive", "yes");
	SAME(test_read_file("alive"), "yes");
	IN_CHILD(CHECK(getppid() > 0));
}

TEST(buffers)
{
	int file, fds[2];

	test_write_file("file", "0123456789");
	OK(file = open("file", O_RDWR));
	OK(pipe(fds));
	EQUAL(write(fds[1], "0123456789", 10), 10);
	FOR_TARGETS(target) {
		struct iovec vector = { (void *)target, 8 };

		REFUSED(EFAULT, SYS_read, fds[0], target, 8);
		REFUSED(EFAULT, SYS_write, fds[1], target, 8);
		REFUSED(EFAULT, SYS_pread64, file, target, 8, 0);
		REFUSED(EFAULT, SYS_pwrite64, file, target, 8, 0);
		REFUSED(EFAULT, SYS_readv, fds[0], &vector, 1);
		REFUSED(EFAULT, SYS_writev, fds[1], &vector, 1);
		REFUSED(EFAULT, SYS_readv, fds[0], target, 1);
		REFUSED(EFAULT, SYS_fstat, file, target);
		REFUSED(EFAULT, SYS_pipe, target);
		REFUSED(EFAULT, SYS_uname, target);
		REFUSED(EFAULT, SYS_getrandom, target, 8, 0);
		REFUSED(EFAULT, SYS_clock_gettime, 1, target);
		REFUSED(EFAULT, SYS_clock_gettime, 2, target);
		REFUSED(EFAULT, SYS_rt_sigaction, SIGUSR1, target, NULL, 8);
		REFUSED(EFAULT, SYS_rt_sigaction, SIGUSR1, NULL, target, 8);
		REFUSED(EFAULT, SYS_getcwd, target, 4096);
		REFUSED(EFAULT, SYS_sysinfo, target);
		REFUSED(EFAULT, SYS_nanosleep, target, NULL);
	}
	still_alive();
}

TEST(buffers_that_reach_into_the_layer)
{
	char *below = mmap((void *)(LAYER_BASE - 8192), 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	int fds[2], zero;

	if (below == MAP_FAILED)
		test_skip("the pages below the layer are not for programs");
	OK(pipe(fds));
	OK(zero = open("/dev/zero", O_RDONLY));
	EQUAL(write(fds[1], "0123456789abcdef", 16), 16);
	long got = read(fds[0], below + 8192 - 8, 16);
	CHECK(got == 8 || got == -1);
	got = read(zero, below + 8192 - 8, 1 << 20);
	CHECK(got == 8 || (got == -1 && errno == EFAULT));
	REFUSED(EFAULT, SYS_uname, below + 8192 - 8);
	still_alive();
}

TEST(paths)
{
	char buffer[256];

	FOR_TARGETS(target) {
		REFUSED(EFAULT, SYS_open, target, O_RDONLY);
		REFUSED(EFAULT, SYS_stat, target, buffer);
		REFUSED(EFAULT, SYS_mkdir, target, 0755);
		REFUSED(EFAULT, SYS_rename, target, "x");
		REFUSED(EFAULT, SYS_symlink, target, "x");
		REFUSED(EFAULT, SYS_execve, target, NULL, NULL);
		REFUSED(EFAULT, SYS_execve, "/bin/true", target, NULL);
	}
}

TEST(words)
{
	FOR_TARGETS(target) {
		CHECK(syscall(SYS_futex, target, 0, 0, NULL, NULL, 0) == -1);
		CHECK(syscall(SYS_futex, target, 1, 1, NULL, NULL, 0) <= 0);
		/* Nothing may be written there when a thread ends either. */
		IN_CHILD({
			syscall(SYS_set_tid_address, target);
			syscall(SYS_set_robust_list, target, 24);
		});
		IN_CHILD({
			stack_t stack = { .ss_sp = (void *)target, .ss_size = 65536 };

			sigaltstack(&stack, NULL);
		});
	}
	still_alive();
}

TEST(handler_stack_in_the_layer)
{
	FOR_TARGETS(target) {
		pid_t child = fork();

		if (!child) {
			struct sigaction action = { .sa_handler = _exit, .sa_flags = SA_ONSTACK };
			stack_t stack = { .ss_sp = (void *)target, .ss_size = 65536 };

			if (sigaltstack(&stack, NULL))
				_exit(0);
			sigaction(SIGUSR1, &action, NULL);
			raise(SIGUSR1);
			_exit(77);
		}
		int status = test_wait(child);
		CHECK(status == 0 || status == 1000 + SIGSEGV);
	}
	still_alive();
}

TEST(mappings_cannot_be_changed)
{
	char *own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	FOR_TARGETS(target) {
		CHECK(mmap((void *)target, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
		CHECK(mmap((void *)target, 4096, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
		CHECK(mprotect((void *)target, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == -1);
		CHECK(mremap(own, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED);
		CHECK(mremap((void *)target, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED);
		CHECK(syscall(SYS_remap_file_pages, target, 4096, 0, 1, 0) == -1);
		/*
		 * These may claim success where nothing of the program is mapped, but must do
		 * nothing.
		 */
		munmap((void *)target, 4096);
		madvise((void *)target, 4096, MADV_DONTNEED);
		madvise((void *)target, 4096, MADV_REMOVE);
		madvise((void *)target, 4096, MADV_DONTFORK);
		madvise((void *)target, 4096, MADV_WIPEONFORK);
		mlock((void *)target, 4096);
		munlock((void *)target, 4096);
		syscall(SYS_pkey_mprotect, target, 4096, PROT_READ | PROT_WRITE, 0);
	}
	munmap((void *)(LAYER_BASE - (1 << 20)), LAYER_END - LAYER_BASE + (2 << 20));
	madvise((void *)(LAYER_BASE - (1 << 20)), LAYER_END - LAYER_BASE + (2 << 20),
		MADV_DONTNEED);
	mprotect((void *)(LAYER_BASE - (1 << 20)), LAYER_END - LAYER_BASE + (2 << 20), PROT_NONE);
	still_alive();
}

TEST(hints_go_elsewhere)
{
	FOR_TARGETS(target) {
		char *memory = mmap((void *)target, 65536, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(memory != MAP_FAILED);
		CHECK((uintptr_t)memory + 65536 <= LAYER_BASE || (uintptr_t)memory >= LAYER_END);
		memset(memory, 0xff, 65536);
	}
	still_alive();
}

static sigjmp_buf back;
static volatile int faults;

static void on_fault(int number)
{
	(void)number;
	faults++;
	siglongjmp(back, 1);
}

/* Where the domain uses a protection key; tests/system/escape.sh knows. */
TEST(memory_cannot_be_touched)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	for (volatile int i = 0; i < 2; i++) {
		volatile uint64_t *word = (void *)(i ? CHANNEL_BASE : HEAP_BASE);

		faults = 0;
		if (!sigsetjmp(back, 1))
			(void)*word;
		EQUAL(faults, 1);
		if (!sigsetjmp(back, 1))
			*word = 0;
		EQUAL(faults, 2);
	}
	still_alive();
}

TEST(own_memory_file_does_not_reach_it)
{
	char bytes[8] = "";
	int fd = open("/proc/self/mem", O_RDWR);

	if (fd < 0)
		return;
	FOR_TARGETS(target) {
		CHECK(pread(fd, bytes, 8, target) == -1);
		CHECK(pwrite(fd, bytes, 8, target) == -1);
	}
	still_alive();
}

TEST(stack_pointer_into_the_layer)
{
	FOR_TARGETS(target) {
		pid_t child = fork();

		if (!child) {
			/* A call, then a signal, with a stack that is not the program's to use. */
			asm volatile("mov %0, %%rsp\n"
				     "mov $39, %%eax\n syscall\n"
				     "mov %%eax, %%edi\n mov $10, %%esi\n"
				     "mov $62, %%eax\n syscall\n"
				     "mov $60, %%eax\n mov $0, %%edi\n syscall\n"
				     :: "r"(target + 2048) : "memory");
			__builtin_unreachable();
		}
		CHECK(test_wait(child) >= 0);
	}
	still_alive();
}

TEST(gs_base_into_the_layer)
{
	FOR_TARGETS(target) {
		pid_t child = fork();

		if (!child) {
			syscall(SYS_arch_prctl, 0x1001, target);
			for (int i = 0; i < 10; i++)
				syscall(SYS_getpid);
			_exit(0);
		}
		CHECK(test_wait(child) >= 0);
	}
	still_alive();
}
