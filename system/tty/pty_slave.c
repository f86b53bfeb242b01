/* SPDX-License-Identifier: MIT */
/* The slave's end of a pseudo-terminal, as a file and a terminal. pty->lock as said in pty.h. */
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

/* ---- What a terminal does ---- */

static void slave_get(struct tty *tty)
{
	pty_get(pty_of_tty(tty));
}

static void slave_put(struct tty *tty)
{
	pty_put(pty_of_tty(tty));
}

static void slave_hang_up(struct tty *tty)
{
	pty_hang_up(pty_of_tty(tty));
}

static void slave_modes_get(struct tty *tty, struct tty_modes *modes)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	*modes = pty->discipline.modes;
	lock_release(&pty->lock);
}

/* VSTOP and VSTART are ^S and ^Q, and mean something: a master in packet mode may do it itself. */
static bool flow_is_usual(const struct tty_modes *modes)
{
	return modes->iflag & IXON && modes->cc[VSTOP] == TTY_DEFAULT_STOP &&
	       modes->cc[VSTART] == TTY_DEFAULT_START;
}

static u8 modes_note(u8 notes, const struct tty_modes *old, const struct tty_modes *new)
{
	bool usual = flow_is_usual(new);

	if (usual != flow_is_usual(old)) {
		notes &= ~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
		notes |= usual ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	}
	return notes | ((old->lflag | new->lflag) & EXTPROC ? TIOCPKT_IOCTL : 0);
}

static int slave_modes_set(struct tty *tty, const struct tty_modes *modes, bool flush)
{
	struct pty *pty = pty_of_tty(tty);
	struct tty_modes new = *modes, old;

	/* No wire: there are no other sizes of bytes, and no parity. */
	new.cflag = (new.cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	lock_acquire(&pty->lock);
	old = pty->discipline.modes;
	if (flush)
		discipline_flush_input(&pty->discipline);
	discipline_set_modes(&pty->discipline, &new);
	pty_settle_locked(pty);
	if (pty->packet)
		pty->packet_notes = modes_note(pty->packet_notes, &old, &new);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

static void slave_window_get(struct tty *tty, struct tty_window *window)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	*window = pty->window;
	lock_release(&pty->lock);
}

static int slave_window_set(struct tty *tty, const struct tty_window *window)
{
	struct pty *pty = pty_of_tty(tty);
	bool same;

	lock_acquire(&pty->lock);
	same = pty->window.rows == window->rows && pty->window.columns == window->columns &&
	       pty->window.width == window->width && pty->window.height == window->height;
	pty->window = *window;
	lock_release(&pty->lock);
	if (!same)
		job_control_signal(tty, SIGWINCH);
	return 0;
}

/* What was written is with the master's bytes at once. */
static int slave_drain(struct tty *tty)
{
	(void)tty;
	return 0;
}

static void slave_flush(struct tty *tty, bool input, bool output)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	if (input)
		discipline_flush_input(&pty->discipline);
	if (output)
		discipline_flush_output(&pty->discipline);
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
}

static void flow_locked(struct discipline *d, u32 action)
{
	u8 byte = d->modes.cc[action == TCIOFF ? VSTOP : VSTART];

	switch (action) {
	case TCOOFF:
		discipline_stop(d);
		d->stopped_by_call = true;
		break;
	case TCOON:
		d->stopped_by_call = false;
		discipline_start(d);
		break;
	default:
		if (byte != DISCIPLINE_DISABLED && byte_ring_room(d->output))
			byte_ring_put(d->output, &byte, sizeof(byte));
	}
}

static int slave_flow(struct tty *tty, u32 action)
{
	struct pty *pty = pty_of_tty(tty);

	if (action > TCION)
		return -EINVAL;
	lock_acquire(&pty->lock);
	flow_locked(&pty->discipline, action);
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

static u32 slave_input_count(struct tty *tty)
{
	struct pty *pty = pty_of_tty(tty);
	u32 count;

	lock_acquire(&pty->lock);
	count = discipline_count(&pty->discipline);
	lock_release(&pty->lock);
	return count;
}

static u32 slave_output_count(struct tty *tty)
{
	(void)tty;
	return 0;
}

static int slave_push(struct tty *tty, u8 byte)
{
	struct pty *pty = pty_of_tty(tty);

	lock_acquire(&pty->lock);
	discipline_receive(&pty->discipline, &byte, sizeof(byte));
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
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

static int slave_open(struct tty *tty, struct file *file)
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

const struct tty_driver pty_driver = {
	.open = slave_open,
	.get = slave_get,
	.put = slave_put,
	.hang_up = slave_hang_up,
	.modes_get = slave_modes_get,
	.modes_set = slave_modes_set,
	.window_get = slave_window_get,
	.window_set = slave_window_set,
	.drain = slave_drain,
	.flush = slave_flush,
	.flow = slave_flow,
	.input_count = slave_input_count,
	.output_count = slave_output_count,
	.push = slave_push,
};
