/* SPDX-License-Identifier: MIT */
/*
 * Attempts of a program on the second wall: it reads and writes the layer's memory, jumps into the
 * ways in and out with registers of its choice, forges the GS base, asks the host through the gate.
 * And what honest programs need of the wall: registers and keys that survive calls and signals. Run
 * in a domain on a processor with protection keys.
 *
 * Addresses inside the layer come from the symbols of its file, whose name is in MEZZO_LAYER.
 */
#include "tests/linux/test.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "boundary/layout.h"

#define CLOSED		(1u << 2 * LAYER_KEY | 2u << 2 * SELECTOR_KEY)
#define OPEN_PAGES	0x6000			/* of a thread block: what has no key */

static uint32_t pkru_get(void)
{
	uint32_t value, high;

	asm volatile("rdpkru" : "=a"(value), "=d"(high) : "c"(0));
	return value;
}

static void pkru_set(uint32_t value)
{
	asm volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static uintptr_t own_block(void)
{
	uintptr_t base;

	asm volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static uintptr_t symbol(const char *name)
{
	static const char *image;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;

	if (!image) {
		const char *path = getenv("MEZZO_LAYER");
		int fd = open(path ? path : "", O_RDONLY);
		struct stat stat;

		OK(fd);
		OK(fstat(fd, &stat));
		image = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		CHECK(image != MAP_FAILED);
		close(fd);
	}
	header = (const void *)image;
	sections = (const void *)(image + header->e_shoff);
	for (int i = 0; i < header->e_shnum; i++) {
		const Elf64_Sym *symbols = (const void *)(image + sections[i].sh_offset);
		const char *names = image + sections[sections[i].sh_link].sh_offset;

		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		for (size_t j = 0; j < sections[i].sh_size / sizeof(*symbols); j++)
			if (!strcmp(names + symbols[j].st_name, name))
				return symbols[j].st_value;
	}
	test_fail(__FILE__, __LINE__, "the layer has no symbol %s", name);
}

static void still_alive(void)
{
	CHECK(pkru_get() & CLOSED);
	CHECK(getppid() > 0);
	IN_CHILD(CHECK(pkru_get() & CLOSED));
}

/* ---- Touching ---- */

static sigjmp_buf back;
static volatile int faults;

static void on_fault(int number)
{
	(void)number;
	faults++;
	siglongjmp(back, 1);
}

static void faults_catch(void)
{
	faults = 0;
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	signal(SIGILL, on_fault);
}

static bool can_read(uintptr_t address)
{
	faults = 0;
	if (!sigsetjmp(back, 1))
		(void)*(volatile char *)address;
	return !faults;
}

static bool can_write(uintptr_t address)
{
	faults = 0;
	if (!sigsetjmp(back, 1))
		*(volatile char *)address = 0;
	return !faults;
}

static void *memory_is_closed(void *argument)
{
	const uintptr_t places[] = {
		HEAP_BASE, HEAP_BASE + HEAP_SIZE - PAGE_SIZE, CHANNEL_BASE, SPACE_PAGE, own_block(),
		own_block() + PAGE_SIZE, own_block() + OPEN_PAGES - 8, symbol("boot_thread_block"),
		symbol("boot_thread_block") + OPEN_PAGES, symbol("key_in_use"),
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (can_read(places[i]))
			test_fail(__FILE__, __LINE__, "%#lx can be read", places[i]);
		if (can_write(places[i]))
			test_fail(__FILE__, __LINE__, "%#lx can be written", places[i]);
	}
	CHECK(!can_write(LAYER_TEXT_BASE));
	CHECK(!can_write(SELECTORS_BASE));
	return argument;
}

TEST(memory_is_closed_to_each_thread)
{
	pthread_t thread;

	faults_catch();
	memory_is_closed(NULL);
	ZERO(pthread_create(&thread, NULL, memory_is_closed, NULL));
	ZERO(pthread_join(thread, NULL));
	IN_CHILD(memory_is_closed(NULL));
	still_alive();
}

static void *block_of_thread(void *block)
{
	*(uintptr_t *)block = own_block();
	syscall(SYS_getpid);
	return block;
}

TEST(open_pages_of_others_are_closed)
{
	uintptr_t parent = own_block() + OPEN_PAGES, other;
	pthread_t thread;

	faults_catch();
	CHECK(can_read(parent));
	IN_CHILD(CHECK(!can_read(parent)); CHECK(!can_write(parent)));
	ZERO(pthread_create(&thread, NULL, block_of_thread, &other));
	ZERO(pthread_join(thread, NULL));
	/*
	 * The thread has ended: its block stays here, for the next thread of this address space and
	 * for no other.
	 */
	IN_CHILD(CHECK(!can_read(other + OPEN_PAGES)); CHECK(own_block() != other));
	IN_CHILD(CHECK(own_block() != other));
	still_alive();
}

static void *block_of_thread_in_child(void *parents)
{
	CHECK(own_block() != *(uintptr_t *)parents);
	return parents;
}

TEST(open_pages_stay_with_their_address_space)
{
	enum { ROUNDS = 50 };
	uintptr_t mine;
	pthread_t thread;

	faults_catch();
	for (int i = 0; i < ROUNDS; i++) {
		ZERO(pthread_create(&thread, NULL, block_of_thread, &mine));
		ZERO(pthread_join(thread, NULL));
		IN_CHILD(CHECK(!can_read(mine + OPEN_PAGES));
			 ZERO(pthread_create(&thread, NULL, block_of_thread_in_child, &mine));
			 ZERO(pthread_join(thread, NULL)));
	}
	still_alive();
}

/* ---- Through the gate ---- */

static long gate_call(long number, long a, long b, long c, long d, long e, long f)
{
	const unsigned char *at = (void *)symbol("gate_start");
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long result;

	while (at[0] != 0x0f || at[1] != 0x05)
		at++;
	asm volatile("call *%[at]"
		     : "=a"(result), "+r"(r10), "+r"(r8), "+r"(r9)
		     : "0"(number), "D"(a), "S"(b), "d"(c), [at] "r"(at) : "rcx", "r11", "memory");
	return result;
}

static void gate_refuses(long number, long a, long b, long c, long d, long e, long f)
{
	pid_t child = fork();

	OK(child);
	if (!child) {
		gate_call(number, a, b, c, d, e, f);
		_exit(0);
	}
	EQUAL(test_wait(child), 1000 + SIGSYS);
}

TEST(gate_serves_the_layer_alone)
{
	gate_refuses(SYS_mmap, 0x10000000, 4096, 3, MAP_SHARED | MAP_FIXED, 1, 0);
	gate_refuses(SYS_pkey_mprotect, HEAP_BASE, 4096, 3, 0, 0, 0);
	gate_refuses(SYS_prctl, 59, 0, 0, 0, 0, 0);
	gate_refuses(SYS_pread64, 1, (long)&back, 8, 0, 0, 0);
	gate_refuses(SYS_gettid, 0, 0, 0, 0, 0, 0);
	still_alive();
}

/* ---- Jumps ---- */

/* Shared with the children that jump: 1 where one came back with the key open. */
volatile int *opened;

/* Where a jump that came through ends. It has no stack that it could count on. */
asm("landing:\n\t"
    "xor %ecx, %ecx\n\t"
    "rdpkru\n\t"
    "test $4, %eax\n\t"
    "jnz 1f\n\t"
    "mov opened(%rip), %rax\n\t"
    "movl $1, (%rax)\n\t"
    "1: mov $60, %eax\n\t"
    "xor %edi, %edi\n\t"
    "syscall\n\t"
    "ud2");
extern const char landing[];

struct attempt {
	uint64_t rax, rcx, rdx, rdi, rsp, gs;
};

__attribute__((noreturn)) static void jump_with(uintptr_t to, const struct attempt *a)
{
	asm volatile("wrgsbase %[gs]\n\t"
		     "mov %[landing], %%r11\n\t"
		     "mov %%r11, %%rbx\n\t mov %%r11, %%rsi\n\t"
		     "mov %%r11, %%r9\n\t mov %%r11, %%r10\n\t"
		     "mov %%r11, %%r12\n\t mov %%r11, %%r13\n\t mov %%r11, %%r14\n\t"
		     "mov %[rsp], %%rsp\n\t"
		     "jmp *%[to]"
		     : : [to] "r"((uint64_t)to) , [gs] "r"(a->gs), [landing] "r"(landing),
			 [rsp] "r"(a->rsp), "a"(a->rax), "c"(a->rcx), "d"(a->rdx), "D"(a->rdi)
		     : "memory");
	__builtin_unreachable();
}

static void jump_in_child(uintptr_t to, const struct attempt *a)
{
	pid_t child = fork();

	OK(child);
	if (!child) {
		struct attempt own = *a;

		if (!own.gs)
			own.gs = own_block();
		if (own.rsp < 0x8000)			/* within the own thread block */
			own.rsp += own_block();
		alarm(5);
		jump_with(to, &own);
	}
	test_wait(child);
	if (*opened)
		test_fail(__FILE__, __LINE__,
			  "jump to %#lx with rax %#lx rcx %#lx rsp %#lx: came back with "
			  "the key open",
			  to, a->rax, a->rcx, a->rsp);
}

/* A stack full of the address of landing: whatever pops it, lands. */
static uintptr_t stack_make(void)
{
	uint64_t *stack =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	for (size_t i = 0; i < 65536 / sizeof(*stack); i++)
		stack[i] = (uint64_t)landing;
	return (uintptr_t)stack + 32768;
}

static void jumps_between(const char *from, const char *to)
{
	uintptr_t stack = stack_make();
	const struct attempt attempts[] = {
		{ 0, 0, 0, SIGSYS, stack },
		{ 0, (uintptr_t)landing, 0, SIGSEGV, 0x6400 },	/* the own host signal stack */
		{ ~3ul, 0, 0, 64, stack },
		{ 0, 0, stack, SIGTRAP, stack, stack & -32768ul },
		{ 0x55555550, 0, 0, 64, stack, symbol("boot_thread_block") },
	};

	opened = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(opened != MAP_FAILED);
	for (uintptr_t at = symbol(from), end = symbol(to); at < end; at++)
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
			jump_in_child(at, &attempts[i]);
	still_alive();
}

TEST_TIMEOUT(jumps_into_the_way_in, 300)
{
	jumps_between("entry_stub_key", "exit_key_begin");
}

TEST_TIMEOUT(jumps_into_the_way_out, 300)
{
	jumps_between("exit_key_begin", "entry_signal_key");
}

TEST_TIMEOUT(jumps_into_the_signal_handler, 300)
{
	jumps_between("entry_signal_key", "thread_go_to_program");
}

TEST_TIMEOUT(jumps_into_the_gate, 300)
{
	jumps_between("gate_start", "gate_end");
}

/* ---- What honest programs need ---- */

/* A call whose site is patched sooner or later. */
__attribute__((noinline)) static long call(long number)
{
	long result;

	asm volatile("syscall\n\t cmp $-4095, %%rax" : "=a"(result) : "0"(number) :
		     "rcx", "r11", "memory", "cc");
	return result;
}

static int calls_with_gs(uintptr_t base)
{
	pid_t child = fork();

	OK(child);
	if (!child) {
		asm volatile("wrgsbase %0" : : "r"(base));
		for (int n = 0; n < 100; n++)
			call(SYS_getpid);
		_exit(0);
	}
	return test_wait(child);
}

TEST(forged_gs_base)
{
	char *memory =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t own = ((uintptr_t)memory + 32767) & -32768ul;

	for (int i = 0; i < 100; i++)
		call(SYS_getpid);
	/* What the program can't write faults, and GS is put right. */
	EQUAL(calls_with_gs(0), 0);
	EQUAL(calls_with_gs(HEAP_BASE), 0);
	EQUAL(calls_with_gs(symbol("boot_thread_block")), 0);
	/* What it can write is no thread block. */
	*(uintptr_t *)own = own;
	EQUAL(calls_with_gs(own), 1000 + SIGILL);
	EQUAL(calls_with_gs(own + 8), 1000 + SIGILL);
	still_alive();
}

TEST(keys_of_the_program_survive)
{
	/*
	 * The layer chooses what the keys 0 and SELECTOR_KEY allow; all others are the program's.
	 */
	const uint32_t selectors = 3u << 2 * SELECTOR_KEY;
	const uint32_t own = (0x55555554 & ~(3u << 10 | selectors)) | 2u << 2 * SELECTOR_KEY;

	pkru_set(own);
	for (int i = 0; i < 100; i++) {
		call(SYS_getpid);
		EQUAL(pkru_get(), own);
	}
	syscall(SYS_sched_yield);
	EQUAL(pkru_get(), own);
}

static volatile unsigned long signals_seen;

static void on_alarm(int number)
{
	uint64_t noise[2] = { 0x1122334455667788, number };

	asm volatile("movups %0, %%xmm3\n\t movups %0, %%xmm15" : : "m"(noise) : "xmm3", "xmm15");
	signals_seen++;
}

/*
 * int registers_survive(void): a call with a value of its own in each register that it must leave
 * alone.
 */
asm("registers_survive:\n\t"
    "push %rbx\n\t push %rbp\n\t push %r12\n\t push %r13\n\t push %r14\n\t push %r15\n\t"
    "mov $0x123456789, %rcx\n\t movq %rcx, %xmm3\n\t movq %rcx, %xmm15\n\t"
    "mov $101, %edi\n\t mov $102, %esi\n\t mov $103, %edx\n\t mov $104, %r8d\n\t mov $105, %r9d\n\t"
    "mov $106, %r10d\n\t mov $107, %ebx\n\t mov %rsp, %rbp\n\t mov $109, %r12d\n\t mov $110, "
    "%r13d\n\t"
    "mov $111, %r14d\n\t mov $112, %r15d\n\t"
    "mov $110, %eax\n\t" /* getppid */
    "syscall\n\t cmp $-4095, %rax\n\t jae 1f\n\t"
    "cmp $101, %rdi\n\t jne 1f\n\t cmp $102, %rsi\n\t jne 1f\n\t cmp $103, %rdx\n\t jne 1f\n\t"
    "cmp $104, %r8\n\t jne 1f\n\t cmp $105, %r9\n\t jne 1f\n\t cmp $106, %r10\n\t jne 1f\n\t"
    "cmp $107, %rbx\n\t jne 1f\n\t cmp %rsp, %rbp\n\t jne 1f\n\t cmp $109, %r12\n\t jne 1f\n\t"
    "cmp $110, %r13\n\t jne 1f\n\t cmp $111, %r14\n\t jne 1f\n\t cmp $112, %r15\n\t jne 1f\n\t"
    "mov $0x123456789, %rcx\n\t movq %xmm3, %rdx\n\t cmp %rcx, %rdx\n\t jne 1f\n\t"
    "movq %xmm15, %rdx\n\t cmp %rcx, %rdx\n\t jne 1f\n\t"
    "mov $1, %eax\n\t jmp 2f\n\t"
    "1: xor %eax, %eax\n\t"
    "2: pop %r15\n\t pop %r14\n\t pop %r13\n\t pop %r12\n\t pop %rbp\n\t pop %rbx\n\t ret");
int registers_survive(void);

static void *calls_make(void *argument)
{
	(void)argument;
	while (signals_seen < 2000)
		CHECK(registers_survive());
	return NULL;
}

static void *signals_send(void *target)
{
	pid_t process = getpid();
	pid_t *thread = target;

	while (signals_seen < 2000) {
		syscall(SYS_tgkill, process, thread[0], SIGUSR1);
		syscall(SYS_tgkill, process, thread[1], SIGUSR1);
		for (int i = rand() % 1000; i; i--)
			__builtin_ia32_pause();
	}
	return NULL;
}

static void *calls_make_known(void *id)
{
	*(volatile pid_t *)id = syscall(SYS_gettid);
	return calls_make(NULL);
}

/* The signals strike on the way in, on the way out, and everywhere else. */
TEST_TIMEOUT(registers_survive_signals, 120)
{
	volatile pid_t ids[2] = { syscall(SYS_gettid), 0 };
	pthread_t caller, sender;

	signal(SIGUSR1, on_alarm);
	ZERO(pthread_create(&caller, NULL, calls_make_known, (void *)&ids[1]));
	while (!ids[1])
		test_pause_ms(1);
	ZERO(pthread_create(&sender, NULL, signals_send, (void *)ids));
	calls_make(NULL);
	ZERO(pthread_join(caller, NULL));
	ZERO(pthread_join(sender, NULL));
	still_alive();
}

static void *threads_churn(void *argument)
{
	for (int i = 0; i < 50; i++)
		CHECK(registers_survive());
	return argument;
}

TEST_TIMEOUT(threads_and_forks_in_turn, 120)
{
	for (int i = 0; i < 20; i++) {
		pthread_t threads[4];

		for (int j = 0; j < 4; j++)
			ZERO(pthread_create(&threads[j], NULL, threads_churn, NULL));
		IN_CHILD(CHECK(registers_survive()); CHECK(pkru_get() & CLOSED));
		for (int j = 0; j < 4; j++)
			ZERO(pthread_join(threads[j], NULL));
	}
	still_alive();
}
