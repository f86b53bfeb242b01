/* SPDX-License-Identifier: MIT */
/*
 * Signals as failures; see interrupt.h. All of it is called by the one thread that has them
 * unblocked.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

#include "host/image/interrupt.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;
static struct sigaction former[SIGNAL_COUNT];

static void note_signal(int signal)
{
	caught = signal;
}

void interrupt_catch(void)
{
	/* Reads that wait end with EINTR. */
	struct sigaction action = { .sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		sigaction(signals[i], NULL, &former[i]);
		if (former[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

void interrupt_release(void)
{
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &former[i], NULL);
}

int interrupt_check(struct error *err)
{
	if (!caught)
		return 0;
	error_set(err, 0, "interrupted");
	err->code = EINTR;
	return -EINTR;
}

int interrupt_wait_readable(int fd, struct error *err)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	sigset_t block, open;
	int result;

	/* One that comes between the look and the wait must end the wait. */
	sigemptyset(&block);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&block, signals[i]);
	sigprocmask(SIG_BLOCK, &block, &open);
	do {
		result = interrupt_check(err);
		if (!result && ppoll(&wanted, 1, NULL, &open) < 0)
			result = errno == EINTR ? 1 : error_set(err, errno, "can't wait for input");
	} while (result > 0);
	sigprocmask(SIG_SETMASK, &open, NULL);
	return result;
}

void interrupt_die(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
