/* SPDX-License-Identifier: MIT */
/*
 * Attempts of a program on the host: it finds the gate's own system call instruction in the layer's
 * text, jumps to it, and asks the host for what no domain may have. The argument names the attempt.
 * Printing "escaped" is the failure; an error, a signal, or the end of the domain is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boundary/layout.h"

static const struct attempt {
	const char *name;
	long number, a, b, c, d, e, f;
} attempts[] = {
	{ "openat", SYS_openat, AT_FDCWD, (long)"/", O_RDONLY },
	{ "open", SYS_open, (long)"/etc/passwd", O_RDONLY },
	{ "socket", SYS_socket, 1, 1 },
	{ "socketpair", SYS_socketpair, 1, 1 },
	{ "execve", SYS_execve, (long)"/bin/true" },
	{ "ptrace", SYS_ptrace, 0 },
	{ "kill", SYS_kill, 1, 0 },
	{ "mount", SYS_mount, (long)"none", (long)"/", (long)"tmpfs" },
	{ "unshare", SYS_unshare, 0x10000000 },
	{ "chroot", SYS_chroot, (long)"/" },
	{ "setuid", SYS_setuid, 0 },
	{ "process_vm_readv", SYS_process_vm_readv, 1 },
	{ "bpf", SYS_bpf, 0 },
	{ "keyctl", SYS_keyctl, 0, -3, 1 },
	{ "io_uring_setup", SYS_io_uring_setup, 1 },
	{ "perf_event_open", SYS_perf_event_open, 0 },
	{ "userfaultfd", SYS_userfaultfd, 1 },
	{ "open_by_handle_at", SYS_open_by_handle_at, 0 },
	{ "mkdir", SYS_mkdir, (long)"/mezzo-escaped", 0755 },
	{ "symlink", SYS_symlink, (long)"x", (long)"/mezzo-escaped" },
	{ "ioctl", SYS_ioctl, 0, 0x5412, (long)"x" },
	{ "prctl", SYS_prctl, 22, 0 },
	{ "personality", SYS_personality, 0x40000 },
	{ "uname", SYS_uname, (long)(char[512]){ 0 } },
	/* Both together would tell what other domains read. */
	{ "mincore", SYS_mincore, 0, 0, 0 },
	{ "pageout", SYS_madvise, 0, 0, MADV_PAGEOUT },
	{ "getpid 32 bit", SYS_getpid | 0x40000000 },
};

/* The address of the first 0f 05 in the layer's text, 0 where it cannot be read. */
static sigjmp_buf back;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static uintptr_t find_gate(void)
{
	const unsigned char *volatile at = (void *)LAYER_TEXT_BASE;

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (sigsetjmp(back, 1))
		return 0;
	for (; at < (unsigned char *)LAYER_TEXT_BASE + (4 << 20); at++) {
		if (at[0] == 0x0f && at[1] == 0x05)
			return (uintptr_t)at;
	}
	return 0;
}

/*
 * What follows the instruction in the gate is not known: it ends in ret sooner or later, or in a
 * fault.
 */
static long call_through(uintptr_t gate, const struct attempt *attempt)
{
	register long r10 asm("r10") = attempt->d;
	register long r8 asm("r8") = attempt->e;
	register long r9 asm("r9") = attempt->f;
	long result;

	asm volatile("push %%rbx\n push %%rbp\n push %%r12\n push %%r13\n push %%r14\n push %%r15\n"
		     "call *%[gate]\n"
		     "pop %%r15\n pop %%r14\n pop %%r13\n pop %%r12\n pop %%rbp\n pop %%rbx\n"
		     : "=a"(result)
		     : "a"(attempt->number), "D"(attempt->a), "S"(attempt->b), "d"(attempt->c),
		       "r"(r10), "r"(r8), "r"(r9), [gate] "b"(gate)
		     : "rcx", "r11", "memory");
	return result;
}

int main(int argc, char **argv)
{
	uintptr_t gate = find_gate();

	if (argc < 2) {
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
			puts(attempts[i].name);
		return 0;
	}
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strcmp(argv[1], attempts[i].name))
			continue;
		printf("trying %s through %lx\n", argv[1], (long)gate);
		fflush(stdout);
		if (!gate)
			return 3;
		if (sigsetjmp(back, 1))
			return 4;
		long result = call_through(gate, &attempts[i]);

		printf("%s: %ld\n", result < 0 && result > -4096 ? "refused" : "escaped", result);
		return 5;
	}
	return 2;
}
