/* SPDX-License-Identifier: MIT */
/*
 * Tries to read and to write what the system layer has mapped of the domain's files: the image's
 * index and the overlay (boundary/layout.h). Prints "held" or what it got.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boundary/layout.h"

static void read_it(volatile unsigned long *at)
{
	printf("read %lx\n", *at);
}

static void write_it(volatile unsigned long *at)
{
	*at = *at + 1;
	printf("written\n");
}

static void protect_it(volatile unsigned long *at)
{
	if (!mprotect((void *)at, PAGE_SIZE, PROT_READ | PROT_WRITE))
		printf("protected anew\n");
	read_it(at);
}

static void map_it(volatile unsigned long *at)
{
	if (mmap((void *)at, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != MAP_FAILED)
		printf("mapped over\n");
	read_it(at);
}

static int holds(const char *what, void (*attack)(volatile unsigned long *at), unsigned long at)
{
	pid_t child = fork();
	int status;

	if (!child) {
		attack((volatile unsigned long *)at);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return 1;
	printf("%s: status %x\n", what, (unsigned)status);
	return 0;
}

int main(void)
{
	const unsigned long places[] = { INDEX_BASE, OVERLAY_BASE, OVERLAY_BASE + PAGE_SIZE };
	int held = 1;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < 3; i++) {
		held &= holds("reading", read_it, places[i]);
		held &= holds("writing", write_it, places[i]);
		held &= holds("mprotect", protect_it, places[i]);
		held &= holds("mmap", map_it, places[i]);
	}
	puts(held ? "held" : "open");
	return !held;
}
