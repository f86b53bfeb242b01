/* SPDX-License-Identifier: MIT */
/* The outer terminal; see terminal.h. Used by the monitor's main thread alone: no locks. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/monitor/terminal.h"

_Static_assert(sizeof(struct termios) == sizeof(struct terminal_modes), "modes are a termios");

struct window_size {
	uint16_t rows, columns, width, height;
};

/* The kernel's own structures, which C libraries hide behind theirs. */
static int control(int fd, unsigned long command, const void *argument)
{
	return (int)syscall(SYS_ioctl, fd, command, argument);
}

void terminal_init(struct terminal_keeper *keeper, const int fds[STREAM_COUNT],
		   const uint32_t stream_flags[STREAM_COUNT], struct terminal *shared)
{
	*keeper = (struct terminal_keeper){ .fd = -1, .shared = shared };
	for (int i = 0; i < STREAM_COUNT && keeper->fd < 0; i++) {
		if (stream_flags[i] & STREAM_IS_TTY)
			keeper->fd = fds[i];
	}
	if (keeper->fd < 0 || control(keeper->fd, TCGETS, &keeper->first)) {
		keeper->fd = -1;
		return;
	}
	shared->modes = keeper->first;
	terminal_resize(keeper);
}

int terminal_set(struct terminal_keeper *keeper, const struct terminal_modes *modes,
		 bool flush_input)
{
	if (keeper->fd < 0)
		return -ENOTTY;
	if (flush_input)
		control(keeper->fd, TCFLSH, (void *)TCIFLUSH);
	if (control(keeper->fd, TCSETS, modes))
		return -errno;
	keeper->changed = true;
	return 0;
}

void terminal_resize(const struct terminal_keeper *keeper)
{
	struct window_size size;

	if (keeper->fd < 0 || control(keeper->fd, TIOCGWINSZ, &size))
		return;
	keeper->shared->rows = size.rows;
	keeper->shared->columns = size.columns;
	keeper->shared->width = size.width;
	keeper->shared->height = size.height;
}

void terminal_let_go_on(struct terminal_keeper *keeper)
{
	struct terminal_modes modes;

	if (keeper->fd < 0 || control(keeper->fd, TCGETS, &modes))
		return;
	modes.iflag &= ~(uint32_t)IXON;
	terminal_set(keeper, &modes, false);
}

void terminal_restore(struct terminal_keeper *keeper)
{
	sigset_t set, former;

	if (!keeper->changed)
		return;
	/* Also from the background, where a change of modes would stop us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &former);
	control(keeper->fd, TCSETS, &keeper->first);
	sigprocmask(SIG_SETMASK, &former, NULL);
	keeper->changed = false;
}
