/* SPDX-License-Identifier: MIT */
/*
 * The table of host calls that a domain may make, and its compiler to BPF; see filter.h.
 *
 * The order of the table is the order of the tests: the hottest calls come first. To allow a call
 * add a row; to bound an argument add a check to it. A row needs a reason, which docs/boundary.md
 * repeats. Checks look at the low 32 bits where the kernel takes an int, at all 64 where it takes a
 * long.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "boundary/abi.h"
#include "host/base/kernel.h"
#include "host/launch/filter.h"

enum check_kind {
	CHECK_NONE,
	CHECK_EQUALS,		/* int argument == value */
	CHECK_BITS,		/* int argument has no bits but those of value */
	CHECK_BITS_LONG,	/* the same, all 64 bits */
	CHECK_SET,		/* int argument n < 32, and bit n of value is set */
	/* as CHECK_SET, after the PRIVATE and CLOCK_REALTIME flags are taken away */
	CHECK_FUTEX,
};

struct check {
	enum check_kind kind;
	uint8_t argument;
	uint32_t value;
};

struct rule {
	uint16_t number;
	const char *name;
	const char *reason;
	struct check checks[3];
};

#define ROW(call, why, ...) \
	{ .number = SYS_##call, .name = #call, .reason = why, .checks = { __VA_ARGS__ } }
#define BIT(n) (1u << (n))

#define MAP_FLAGS_ALLOWED (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_FIXED_NOREPLACE | \
			   MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK)
#define PROT_ALLOWED (PROT_READ | PROT_WRITE | PROT_EXEC)
#define MREMAP_ALLOWED (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

/*
 * Threads and processes; no namespaces, no tracing, no handles to processes, no escape from init.
 */
#define CLONE_ALLOWED (0xff | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | \
		       CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT | \
		       CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

/*
 * NORMAL..DONTNEED, FREE, REMOVE, HUGEPAGE.. DODUMP, POPULATE_*, COLLAPSE; not DONTFORK, nor COLD
 * and PAGEOUT, which take pages of files from everybody's cache, so that one domain could see when
 * another one reads them.
 */
#define ADVICE_ALLOWED                                                                      \
	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(9) | BIT(14) | BIT(15) | \
	 BIT(16) | BIT(17) | BIT(22) | BIT(23) | BIT(25))

/* WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET; no priority inheritance. */
#define FUTEX_ALLOWED (BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(9) | BIT(10))
#define FUTEX_FLAGS (128u | 256u)

/* QUERY, the expedited ones and SYNC_CORE, with their registrations. */
#define MEMBARRIER_ALLOWED (8u | 16u | 32u | 64u)

/*
 * MFD_CLOEXEC, ALLOW_SEALING, NOEXEC_SEAL, EXEC; no huge pages, which are a scarce thing of the
 * host.
 */
#define MEMFD_ALLOWED (1u | 2u | 8u | 16u)

static const struct rule rules[] = {
	ROW(futex, "every wait of a domain ends here",
	    { CHECK_FUTEX, 1, FUTEX_ALLOWED }),
	ROW(pread64, "reading a granted object"),
	ROW(pwrite64, "writing a private object"),
	ROW(mmap, "address spaces of programs, windows onto objects",
	    { CHECK_BITS, 2, PROT_ALLOWED }, { CHECK_BITS_LONG, 3, MAP_FLAGS_ALLOWED }),
	ROW(munmap, "address spaces of programs"),
	ROW(mprotect, "address spaces of programs",
	    { CHECK_BITS_LONG, 2, PROT_ALLOWED }),
	ROW(madvise,
	    "giving memory back, filling it in bulk; never DONTFORK, which would drop the layer",
	    { CHECK_SET, 2, ADVICE_ALLOWED }),
	ROW(clone, "threads and processes of the domain; no namespaces, no tracing",
	    { CHECK_BITS_LONG, 0, CLONE_ALLOWED }),
	ROW(wait4, "reaping host processes of the domain"),
	ROW(tgkill, "interrupting a thread of the domain, with the kick signal only",
	    { CHECK_EQUALS, 2, KICK_SIGNAL }),
	ROW(exit, "end of a thread"),
	ROW(exit_group, "end of a process"),
	ROW(mremap, "growing and moving memory of programs",
	    { CHECK_BITS_LONG, 3, MREMAP_ALLOWED }),
	ROW(memfd_create, "young private objects",
	    { CHECK_BITS, 1, MEMFD_ALLOWED }),
	ROW(ftruncate, "size of a private object"),
	ROW(close, "giving a handle back"),
	ROW(sendmsg, "requests, to the monitor's socket only",
	    { CHECK_EQUALS, 0, HANDLE_MONITOR }),
	ROW(recvmsg, "replies and granted handles, from the monitor's socket only",
	    { CHECK_EQUALS, 0, HANDLE_MONITOR }),
	ROW(preadv, "reading a granted object into several places"),
	ROW(pwritev, "writing a private object from several places"),
	ROW(fallocate, "holes in a private object; space is the monitor's to give",
	    { CHECK_EQUALS, 1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE }),
	ROW(copy_file_range, "copy-up of an object without a trip through memory"),
	ROW(sendfile, "the same where copy_file_range can't cross file systems"),
	ROW(fstat, "size and blocks of an object"),
	ROW(lseek, "holes of an object (SEEK_DATA, SEEK_HOLE); no offset is ever relied on",
	    { CHECK_SET, 2, BIT(3) | BIT(4) }),
	ROW(fsync, "durability of an object"),
	ROW(fdatasync, "durability of an object"),
	ROW(msync, "durability of a mapped object"),
	ROW(mlock, "what a program may ask of its own memory"),
	ROW(mlock2, "what a program may ask of its own memory"),
	ROW(munlock, "what a program may ask of its own memory"),
	ROW(mlockall, "what a program may ask of its own memory"),
	ROW(munlockall, "what a program may ask of its own memory"),
	ROW(pkey_mprotect, "the key that guards the heap",
	    { CHECK_BITS_LONG, 2, PROT_ALLOWED }),
	ROW(prctl,
	    "traps every call that a program makes, from wherever; see docs/protection-key.md",
	    { CHECK_EQUALS, 0, PR_SET_SYSCALL_USER_DISPATCH }),
	ROW(gettid, "whether a host signal came to the thread that it says it came to"),
	ROW(mseal, "mappings of the layer that no program may change"),
	ROW(rt_sigaction, "the layer's own traps and kick"),
	ROW(rt_sigprocmask, "the layer's own traps and kick"),
	ROW(sigaltstack, "the stack for the layer's traps"),
	ROW(restart_syscall, "the host kernel goes on with a wait that a stop interrupted"),
	ROW(set_robust_list, "a host thread that dies unasked is noticed"),
	ROW(futex_waitv, "the layer's event thread waits for events and for such deaths"),
	ROW(clock_gettime, "clocks that the vDSO does not serve"),
	ROW(clock_getres, "clocks that the vDSO does not serve"),
	ROW(clock_nanosleep, "sleeping on a given clock"),
	ROW(getrandom, "randomness"),
	ROW(getcpu, "which processor: for spinning only where that helps"),
	ROW(sched_yield, "what a program may ask"),
	ROW(sched_getaffinity, "how many processors"),
	ROW(sched_setaffinity, "what a program may ask for its own threads"),
	ROW(getrusage, "processor time and faults of programs"),
	ROW(membarrier, "instruction caches after patching; what programs may ask",
	    { CHECK_BITS, 0, MEMBARRIER_ALLOWED }),
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

#define DATA(field) ((uint32_t)offsetof(struct seccomp_data, field))
#define ARGUMENT_LOW(n) (DATA(args) + 8u * (n))
#define ARGUMENT_HIGH(n) (DATA(args) + 8u * (n) + 4u)

/* Append one instruction. An overlong program keeps its count, which filter_build() looks at. */
static void emit(struct filter *filter, uint16_t code, uint32_t k, uint8_t if_true,
		 uint8_t if_false)
{
	if (filter->count < FILTER_CODE_MAX)
		filter->code[filter->count] = (struct sock_filter){ code, if_true, if_false, k };
	filter->count++;
}

static void emit_load(struct filter *filter, uint32_t offset)
{
	emit(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void emit_return(struct filter *filter, uint32_t action)
{
	emit(filter, BPF_RET | BPF_K, action, 0, 0);
}

/* Return the action unless the comparison (BPF_JEQ and so on) of the accumulator with k holds. */
static void emit_require(struct filter *filter, uint16_t comparison, uint32_t k, uint32_t action)
{
	emit(filter, BPF_JMP | BPF_K | comparison, k, 1, 0);
	emit_return(filter, action);
}

/* Return the action if the comparison holds. */
static void emit_refuse(struct filter *filter, uint16_t comparison, uint32_t k, uint32_t action)
{
	emit(filter, BPF_JMP | BPF_K | comparison, k, 0, 1);
	emit_return(filter, action);
}

/* The accumulator, a number below 32, must be a member of the set. */
static void emit_member(struct filter *filter, uint32_t set)
{
	emit_refuse(filter, BPF_JGT, 31, SECCOMP_RET_KILL_PROCESS);
	emit(filter, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit(filter, BPF_LD | BPF_IMM, 1, 0, 0);
	emit(filter, BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0);
	emit_require(filter, BPF_JSET, set, SECCOMP_RET_KILL_PROCESS);
}

static void emit_check(struct filter *filter, const struct check *check)
{
	switch (check->kind) {
	case CHECK_NONE:
		return;
	case CHECK_EQUALS:
		emit_load(filter, ARGUMENT_LOW(check->argument));
		emit_require(filter, BPF_JEQ, check->value, SECCOMP_RET_KILL_PROCESS);
		return;
	case CHECK_BITS_LONG:
		emit_load(filter, ARGUMENT_HIGH(check->argument));
		emit_require(filter, BPF_JEQ, 0, SECCOMP_RET_KILL_PROCESS);
		/* fall through */
	case CHECK_BITS:
		emit_load(filter, ARGUMENT_LOW(check->argument));
		emit_refuse(filter, BPF_JSET, ~check->value, SECCOMP_RET_KILL_PROCESS);
		return;
	case CHECK_FUTEX:
		emit_load(filter, ARGUMENT_LOW(check->argument));
		emit(filter, BPF_ALU | BPF_AND | BPF_K, ~FUTEX_FLAGS, 0, 0);
		emit_member(filter, check->value);
		return;
	case CHECK_SET:
		emit_load(filter, ARGUMENT_LOW(check->argument));
		emit_member(filter, check->value);
		return;
	}
}

/*
 * One row: skipped whole where the number is another one, so that the accumulator keeps the number.
 */
static void emit_rule(struct filter *filter, const struct rule *rule)
{
	size_t test = filter->count;

	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, rule->number, 0, 0);
	for (size_t i = 0; i < sizeof(rule->checks) / sizeof(rule->checks[0]); i++)
		emit_check(filter, &rule->checks[i]);
	emit_return(filter, SECCOMP_RET_ALLOW);
	if (filter->count <= FILTER_CODE_MAX)
		filter->code[test].jf = (uint8_t)(filter->count - test - 1);
}

int filter_build(struct filter *filter, uint64_t gate_start, uint64_t gate_end, struct error *err)
{
	const uint32_t ip_low = DATA(instruction_pointer), ip_high = ip_low + 4;

	filter->count = 0;
	if (gate_start >> 32 != gate_end >> 32)
		return error_set(err, 0, "the gate crosses a 4 GiB line");
	emit_load(filter, ip_high);
	emit_require(filter, BPF_JEQ, (uint32_t)(gate_start >> 32), SECCOMP_RET_TRAP);
	emit_load(filter, ip_low);
	emit_require(filter, BPF_JGE, (uint32_t)gate_start, SECCOMP_RET_TRAP);
	emit_refuse(filter, BPF_JGE, (uint32_t)gate_end, SECCOMP_RET_TRAP);
	emit_load(filter, DATA(arch));
	emit_require(filter, BPF_JEQ, AUDIT_ARCH_X86_64, SECCOMP_RET_KILL_PROCESS);
	emit_load(filter, DATA(nr));
	for (size_t i = 0; i < RULE_COUNT; i++)
		emit_rule(filter, &rules[i]);
	emit_return(filter, SECCOMP_RET_KILL_PROCESS);
	if (filter->count > FILTER_CODE_MAX)
		return error_set(err, E2BIG, "the filter has %zu instructions", filter->count);
	return 0;
}

static void print_check(FILE *out, const struct check *check)
{
	bool first = true;

	switch (check->kind) {
	case CHECK_NONE:
		return;
	case CHECK_EQUALS:
		fprintf(out, " arg%u=%u", check->argument, check->value);
		return;
	case CHECK_BITS:
	case CHECK_BITS_LONG:
		fprintf(out, " arg%u within 0x%x", check->argument, check->value);
		return;
	case CHECK_SET:
	case CHECK_FUTEX:
		fprintf(out, " arg%u of ", check->argument);
		for (unsigned int n = 0; n < 32; n++) {
			if (!(check->value & BIT(n)))
				continue;
			fprintf(out, "%s%u", first ? "" : ",", n);
			first = false;
		}
		return;
	}
}

void filter_print(FILE *out)
{
	fprintf(out,
		"A domain's processes may make these system calls, from the layer's gate alone.\n"
		"From the gate any other call, or other arguments, end the process; calls from\n"
		"elsewhere never reach the host kernel: they trap to the system layer.\n\n");
	for (size_t i = 0; i < RULE_COUNT; i++) {
		fprintf(out, "%-18s %s", rules[i].name, rules[i].reason);
		if (rules[i].checks[0].kind != CHECK_NONE)
			fprintf(out, "\n%-18s only", "");
		for (size_t j = 0; j < 3; j++)
			print_check(out, &rules[i].checks[j]);
		fputc('\n', out);
	}
}
