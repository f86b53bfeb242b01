/* SPDX-License-Identifier: MIT */
/* Faults of the program itself: which signal, which code, which address; and what becomes of it. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

static sigjmp_buf back;
static volatile int seen_signal, seen_code, seen_trap;
static void *volatile seen_address;
static volatile uintptr_t seen_ip;

static void on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	seen_signal = number;
	seen_code = info->si_code;
	seen_address = info->si_addr;
	seen_ip = state->uc_mcontext.gregs[REG_RIP];
	seen_trap = state->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, 1);
}

static void catch(int number)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	OK(sigaction(number, &action, NULL));
}

/* Runs the statement, which must raise this signal with this code. */
#define FAULTS(statement, signal_number, code) do { \
	seen_signal = 0; \
	if (!sigsetjmp(back, 1)) { \
		statement; \
	} \
	EQUAL(seen_signal, signal_number); \
	EQUAL(seen_code, code); \
} while (0)

TEST(segv_of_unmapped_memory)
{
	volatile char *bad = (char *)0x1000;

	catch(SIGSEGV);
	FAULTS(*bad = 1, SIGSEGV, SEGV_MAPERR);
	CHECK(seen_address == bad);
	EQUAL(seen_trap, 14);
	FAULTS((void)*bad, SIGSEGV, SEGV_MAPERR);
	bad = NULL;
	FAULTS(*bad = 1, SIGSEGV, SEGV_MAPERR);
	CHECK(!seen_address);
	/* Nothing else is mapped meanwhile. */
	bad = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OK(munmap((void *)bad, 4096));
	FAULTS(*(bad + 123) = 1, SIGSEGV, SEGV_MAPERR);
	CHECK(seen_address == bad + 123);
}

TEST(segv_of_protected_memory)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	catch(SIGSEGV);
	FAULTS(page[77] = 1, SIGSEGV, SEGV_ACCERR);
	CHECK(seen_address == page + 77);
	FAULTS(((void (*)(void))page)(), SIGSEGV, SEGV_ACCERR);
	CHECK(seen_address == page);
	EQUAL(seen_ip, (uintptr_t)page);
}

TEST(segv_of_a_noncanonical_address)
{
	volatile char *bad = (char *)0x8000000000000000;

	catch(SIGSEGV);
	FAULTS(*bad = 1, SIGSEGV, SI_KERNEL);
	CHECK(!seen_address);
	EQUAL(seen_trap, 13);
}

TEST(segv_of_a_privileged_instruction)
{
	catch(SIGSEGV);
	FAULTS(asm volatile("hlt"), SIGSEGV, SI_KERNEL);
	FAULTS(asm volatile("cli"), SIGSEGV, SI_KERNEL);
}

TEST(segv_of_kernel_addresses)
{
	volatile char *bad = (char *)0xffffffffff000000;

	catch(SIGSEGV);
	FAULTS((void)*bad, SIGSEGV, SEGV_MAPERR);
}

TEST(fpe_of_division)
{
	catch(SIGFPE);
	FAULTS(asm volatile("xor %%edx, %%edx\n mov $1, %%eax\n xor %%ecx, %%ecx\n divl %%ecx"
			    ::: "eax", "ecx", "edx"), SIGFPE, FPE_INTDIV);
	EQUAL((uintptr_t)seen_address, seen_ip);
	EQUAL(seen_trap, 0);
}

TEST(fpe_of_floating_point)
{
	unsigned int mxcsr = 0x1f80 & ~0x200, normal = 0x1f80;

	catch(SIGFPE);
	FAULTS(asm volatile("ldmxcsr %0\n mov $1, %%eax\n cvtsi2sd %%eax, %%xmm0\n"
			    "xorps %%xmm1, %%xmm1\n divsd %%xmm1, %%xmm0" :: "m"(mxcsr)
			    : "eax", "xmm0", "xmm1"), SIGFPE, FPE_FLTDIV);
	asm volatile("ldmxcsr %0" :: "m"(normal));
}

TEST(ill_of_an_undefined_instruction)
{
	catch(SIGILL);
	FAULTS(asm volatile("ud2"), SIGILL, ILL_ILLOPN);
	EQUAL((uintptr_t)seen_address, seen_ip);
	EQUAL(*(unsigned short *)seen_ip, 0x0b0f);
}

TEST(trap_of_a_breakpoint)
{
	catch(SIGTRAP);
	FAULTS(asm volatile("int3"), SIGTRAP, SI_KERNEL);
	EQUAL(*((unsigned char *)seen_ip - 1), 0xcc);
}

static volatile int steps;

static void on_step(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	(void)number;
	CHECK(info->si_code == TRAP_TRACE);
	if (++steps == 3)
		state->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

TEST(trap_of_the_trace_flag)
{
	struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

	OK(sigaction(SIGTRAP, &action, NULL));
	asm volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop\n nop\n nop\n" ::
			     : "cc", "memory");
	EQUAL(steps, 3);
}

TEST(bus_of_a_hole_after_the_end)
{
	volatile char *memory;
	int fd;

	test_write_file("file", "x");
	OK(fd = open("file", O_RDWR));
	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	catch(SIGBUS);
	FAULTS(memory[5000] = 1, SIGBUS, BUS_ADRERR);
	CHECK(seen_address == memory + 5000);
}

TEST(fault_ends_a_program_without_handler)
{
	static const struct {
		const char *name;
		int number;
	} kinds[] = {
		{ "segv", SIGSEGV }, { "fpe", SIGFPE }, { "ill", SIGILL }, { "trap", SIGTRAP }
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		pid_t child = fork();

		if (!child) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			switch (kinds[i].number) {
			case SIGSEGV: *(volatile int *)8 = 1; break;
			case SIGFPE:
				asm volatile("xor %%ecx, %%ecx\n divl %%ecx" ::: "ecx", "eax");
				break;
			case SIGILL: asm volatile("ud2"); break;
			case SIGTRAP: asm volatile("int3"); break;
			}
			_exit(0);
		}
		EQUAL(test_wait(child), 1000 + kinds[i].number);
	}
}

TEST(fault_while_blocked_or_ignored_ends)
{
	sigset_t set;
	pid_t child = fork();

	if (!child) {
		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
		catch(SIGSEGV);
		*(volatile int *)8 = 1;
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGSEGV);
	child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)8 = 1;
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGSEGV);
}

static void fault_again(int number)
{
	(void)number;
	*(volatile int *)16 = 1;
}

TEST(fault_in_its_own_handler_ends)
{
	pid_t child = fork();

	if (!child) {
		signal(SIGSEGV, fault_again);
		*(volatile int *)8 = 1;
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGSEGV);
}

static char *repaired;
static volatile int repairs;

static void repair(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	CHECK(info->si_addr == repaired + 100);
	repairs++;
	OK(mprotect(repaired, 4096, PROT_READ | PROT_WRITE));
}

TEST(handler_repairs_and_the_instruction_goes_on)
{
	struct sigaction action = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };

	repaired = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OK(sigaction(SIGSEGV, &action, NULL));
	for (int i = 0; i < 200; i++) {
		*(volatile char *)(repaired + 100) = 5;
		EQUAL(repaired[100], 5);
		OK(mprotect(repaired, 4096, PROT_NONE));
	}
	EQUAL(repairs, 200);
}

__attribute__((noinline))
static int recurse(int depth)
{
	volatile char space[4096];

	space[0] = depth;
	return depth > (1 << 30) ? 0 : recurse(depth + 1) + space[0];
}

TEST(stack_overflow_on_an_alternate_stack)
{
	static char space[65536];
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	OK(sigaltstack(&stack, NULL));
	OK(sigaction(SIGSEGV, &action, NULL));
	seen_signal = 0;
	for (volatile int i = 0; i < 3; i++) {
		if (!sigsetjmp(back, 1))
			recurse(0);
		EQUAL(seen_signal, SIGSEGV);
	}
	CHECK((uintptr_t)seen_address < (uintptr_t)&stack);
}

TEST(stack_overflow_without_one_ends)
{
	pid_t child = fork();

	if (!child) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 });
		catch(SIGSEGV);
		recurse(0);
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGSEGV);
}

static void *fault_in_thread(void *argument)
{
	(void)argument;
	*(volatile int *)24 = 1;
	return NULL;
}

static pthread_t handler_thread;

static void leave_thread(int number)
{
	(void)number;
	handler_thread = pthread_self();
	pthread_exit((void *)3);
}

TEST(fault_goes_to_its_thread)
{
	pthread_t thread;
	void *result;

	signal(SIGSEGV, leave_thread);
	for (int i = 0; i < 20; i++) {
		ZERO(pthread_create(&thread, NULL, fault_in_thread, NULL));
		ZERO(pthread_join(thread, &result));
		EQUAL((long)result, 3);
		CHECK(pthread_equal(handler_thread, thread));
	}
}

TEST(fault_in_a_thread_ends_the_process)
{
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		pthread_create(&thread, NULL, fault_in_thread, NULL);
		for (;;)
			pause();
	}
	EQUAL(test_wait(child), 1000 + SIGSEGV);
}

TEST(old_system_call_instructions)
{
	/*
	 * int $0x80 with 64-bit code: 32-bit numbers; whatever comes, it is no crash of more than
	 * us.
	 */
	pid_t child = fork();

	if (!child) {
		asm volatile("mov $1, %%eax\n mov $6, %%ebx\n int $0x80" ::
				     : "eax", "ebx", "memory");
		_exit(6);
	}
	int status = test_wait(child);
	CHECK(status == 6 || status == 1000 + SIGSEGV || status == 1000 + SIGSYS);
}

TEST(sigreturn_of_a_forged_frame)
{
	pid_t child = fork();

	if (!child) {
		asm volatile("mov $15, %%eax\n mov $8, %%esp\n syscall" ::
				     : "eax", "rcx", "r11", "memory");
		_exit(0);
	}
	CHECK(test_wait(child) >= 1000);
}

/* Before sites are patched, and after. */
TEST(selector_in_gs_does_no_harm)
{
	pid_t parent = getpid();

	IN_CHILD({
		for (int i = 0; i < 20; i++) {
			if (i == 0 || i == 10)
				asm volatile("mov %w0, %%gs" :: "r"(0));
			EQUAL(syscall(SYS_getppid), parent);
		}
	});
}

TEST(number_of_a_call_has_32_bits)
{
	for (int i = 0; i < 10; i++)
		EQUAL(syscall(SYS_getpid | 1l << 40), getpid());
}
