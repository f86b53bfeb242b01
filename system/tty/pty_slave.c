/* SPDX-License-Identifier: MIT */
/* The slave's end of a pseudo-terminal, as a file. pty->lock as said in pty.h. */
#include <asm/poll.h>
#include <linux/capability.h>

#include "core/timer.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/job_control.h"
#include "tty/pty.h"
#include "vfs/file.h"

#define NS_PER_TENTH 100000000ull	/* the unit of VTIME */

static bool file_is_dead(const struct pty *pty, const struct file *file)
{
	return tty_file_is_dead(&pty->tty, file);
}

/* ---- Reading ---- */

/* How long a read waits: VMIN and VTIME. Whatever the modes become later. */
struct patience {
	size_t least;
	u64 first_ns, next_ns;		/* for the first byte, for each one after; FOREVER */
};

static struct patience patience_of(const struct discipline *d)
{
	u64 time_ns = d->modes.cc[VTIME] * NS_PER_TENTH;
	u8 least = d->modes.cc[VMIN];

	if (lflag(d, ICANON))
		return (struct patience){ 0, FOREVER, FOREVER };
	if (!least)
		return (struct patience){ 1, time_ns, FOREVER };
	return (struct patience){ least, FOREVER, time_ns ? time_ns : FOREVER };
}

static u64 deadline_after(u64 wait_ns)
{
	return wait_ns == FOREVER ? FOREVER : clock_monotonic_ns() + wait_ns;
}

/* Moves what there is. -EAGAIN: nothing; -EIO: and there is nobody to type any more. */
static ssize_t read_once(struct pty *pty, struct file *file, struct iter *to)
{
	ssize_t result;

	lock_acquire(&pty->lock);
	pty_settle_locked(pty);
	if (file_is_dead(pty, file))
		result = pty->master_closed ? -EIO : 0;
	else if (discipline_has_input(&pty->discipline, 1))
		result = discipline_take(&pty->discipline, to);
	else
		result = -EAGAIN;
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return result;
}

/* 0: look again; -ETIMEDOUT, -EAGAIN, -ERESTARTSYS. */
static int read_wait(struct pty *pty, struct file *file, u64 deadline_ns)
{
	if (deadline_ns != FOREVER && deadline_ns <= clock_monotonic_ns())
		return -ETIMEDOUT;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event(&pty->slave_queue, discipline_has_input(&pty->discipline, 1) ||
			  file_is_dead(pty, file), deadline_ns);
}

static ssize_t slave_read(struct file *file, struct iter *to, u64 *offset)
{
	struct pty *pty = file->private;
	ssize_t moved = 0, result = 0;
	struct patience patience;
	u64 deadline_ns;

	(void)offset;
	if (file_is_dead(pty, file))
		return 0;
	result = job_control_check(&pty->tty, SIGTTIN);
	if (result)
		return result;
	lock_acquire(&pty->lock);
	patience = patience_of(&pty->discipline);
	lock_release(&pty->lock);
	deadline_ns = deadline_after(patience.first_ns);
	while (to->left) {
		result = read_once(pty, file, to);
		if (result == -EAGAIN) {
			result = read_wait(pty, file, deadline_ns);
			if (result)
				break;
			continue;
		}
		moved += MAX(result, 0);
		if (result <= 0 || (size_t)moved >= patience.least)
			break;
		deadline_ns = deadline_after(patience.next_ns);
	}
	if (moved)
		return moved;
	return result == -ETIMEDOUT ? 0 : result;
}

/* ---- Writing ---- */

static ssize_t slave_write(struct file *file, struct iter *from, u64 *offset)
{
	struct pty *pty = file->private;
	ssize_t moved = 0, result = 0;

	(void)offset;
	if (!file_is_dead(pty, file) && READ_ONCE(pty->discipline.modes.lflag) & TOSTOP)
		result = job_control_check(&pty->tty, SIGTTOU);
	while (!result && from->left) {
		lock_acquire(&pty->lock);
		result = file_is_dead(pty, file) ? -EIO : discipline_write(&pty->discipline, from);
		lock_release(&pty->lock);
		if (result > 0) {
			if (!wait_queue_idle(&pty->master_queue))
				wait_queue_wake(&pty->master_queue, POLLIN | POLLRDNORM);
			moved += result;
			result = 0;
		} else if (!result) {
			result = file->flags & O_NONBLOCK ? -EAGAIN :
				 wait_event(&pty->slave_queue,
					    discipline_has_room(&pty->discipline) ||
					    file_is_dead(pty, file), FOREVER);
		}
	}
	return moved ? moved : result;
}

static u32 slave_poll(struct file *file, struct poll_request *request)
{
	struct pty *pty = file->private;
	struct discipline *d = &pty->discipline;
	const u8 *cc = d->modes.cc;
	u32 least, state = 0;

	poll_wait(request, &pty->slave_queue);
	if (file_is_dead(pty, file))
		return TTY_DEAD_STATE;
	least = READ_ONCE(cc[VTIME]) || !READ_ONCE(cc[VMIN]) ? 1 : READ_ONCE(cc[VMIN]);
	if (discipline_has_input(d, least))
		state |= POLLIN | POLLRDNORM;
	if (discipline_has_room(d))
		state |= POLLOUT | POLLWRNORM;
	return state;
}

/* ---- Opening and closing ---- */

static long slave_ioctl(struct file *file, u32 command, uptr argument)
{
	struct pty *pty = file->private;

	return tty_ioctl(&pty->tty, file, command, argument);
}

static void slave_release(struct file *file)
{
	struct pty *pty = file->private;

	lock_acquire(&pty->lock);
	if (!file_is_dead(pty, file) && !--pty->slave_files)
		WRITE_ONCE(pty->slave_closed, true);
	lock_release(&pty->lock);
	pty_wake(pty);
	pty_put(pty);
}

static const struct file_operations slave_operations = {
	.read = slave_read,
	.write = slave_write,
	.poll = slave_poll,
	.ioctl = slave_ioctl,
	.release = slave_release,
};

static int open_check_locked(const struct pty *pty)
{
	if (pty->tty.exclusive &&
	    !credentials_capable(process_current()->credentials, CAP_SYS_ADMIN))
		return -EBUSY;
	return pty->master_closed || pty->locked ? -EIO : 0;
}

int pty_slave_open(struct tty *tty, struct file *file)
{
	struct pty *pty = pty_of_tty(tty);
	int error;

	lock_acquire(&pty->lock);
	error = open_check_locked(pty);
	if (!error) {
		pty_get(pty);
		pty->slave_files++;
		WRITE_ONCE(pty->slave_closed, false);
		tty_file_note(tty, file);
	}
	lock_release(&pty->lock);
	if (error)
		return error;
	file->operations = &slave_operations;
	file->private = pty;
	return 0;
}
