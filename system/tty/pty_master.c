/* SPDX-License-Identifier: MIT */
/* The master's end of a pseudo-terminal, as a file. pty->lock as said in pty.h. */
#include <asm/ioctls.h>
#include <asm/poll.h>

#include "memory/usercopy.h"
#include "process/process.h"
#include "signal/signal.h"
#include "tty/devpts.h"
#include "tty/job_control.h"
#include "tty/pty.h"
#include "vfs/file.h"
#include "vfs/inode.h"

/* What one read finds at most, as it were the master's own input. */
static u32 master_count(const struct pty *pty)
{
	return MIN(byte_ring_used(&pty->to_master), DISCIPLINE_INPUT - 1);
}

/* ---- Bytes ---- */

static bool master_has_input(const struct pty *pty)
{
	return byte_ring_used(&pty->to_master) ||
	       (READ_ONCE(pty->packet) && READ_ONCE(pty->packet_notes));
}

/* In packet mode a byte comes first that says what follows. Bytes, or -EFAULT. */
static ssize_t master_take_locked(struct pty *pty, struct iter *to)
{
	u8 note = pty->packet_notes;
	ssize_t moved;

	if (!pty->packet)
		return byte_ring_take(&pty->to_master, to);
	if (iter_copy_to(to, &note, sizeof(note)) != sizeof(note))
		return -EFAULT;
	pty->packet_notes = 0;
	if (note)
		return sizeof(note);
	moved = byte_ring_take(&pty->to_master, to);
	return moved < 0 ? moved : moved + (ssize_t)sizeof(note);
}

static ssize_t master_read(struct file *file, struct iter *to, u64 *offset)
{
	struct pty *pty = file->private;
	ssize_t result = 0;

	(void)offset;
	while (to->left && !result) {
		bool ended;

		lock_acquire(&pty->lock);
		if (master_has_input(pty))
			result = master_take_locked(pty, to);
		pty_settle_locked(pty);
		ended = pty->slave_closed;
		lock_release(&pty->lock);
		if (result)
			pty_wake(pty);
		else if (ended)
			result = -EIO;
		else if (file->flags & O_NONBLOCK)
			result = -EAGAIN;
		else
			result = wait_event(&pty->master_queue, master_has_input(pty) ||
					    READ_ONCE(pty->slave_closed), FOREVER);
	}
	return result;
}

static bool master_has_room(const struct pty *pty)
{
	return !READ_ONCE(pty->master_stopped) && byte_ring_room(&pty->to_slave);
}

static ssize_t master_write(struct file *file, struct iter *from, u64 *offset)
{
	struct pty *pty = file->private;
	ssize_t moved = 0, result = 0;

	(void)offset;
	while (from->left) {
		lock_acquire(&pty->lock);
		result = pty->master_stopped ? 0 : byte_ring_fill(&pty->to_slave, from);
		pty_settle_locked(pty);
		lock_release(&pty->lock);
		pty_wake(pty);
		if (result > 0)
			moved += result;
		if (result < 0 || !from->left)
			break;
		if (result)
			continue;
		result = file->flags & O_NONBLOCK ? -EAGAIN :
			 wait_event(&pty->master_queue, master_has_room(pty), FOREVER);
		if (result)
			break;
	}
	return moved ? moved : result;
}

static u32 master_poll(struct file *file, struct poll_request *request)
{
	struct pty *pty = file->private;
	u32 state = 0;

	poll_wait(request, &pty->master_queue);
	if (master_has_input(pty))
		state |= POLLIN | POLLRDNORM;
	if (READ_ONCE(pty->packet) && READ_ONCE(pty->packet_notes))
		state |= POLLPRI;
	if (READ_ONCE(pty->slave_closed))
		state |= POLLHUP;
	if (master_has_room(pty))
		state |= POLLOUT | POLLWRNORM;
	return state;
}

/* ---- Commands ---- */

static long packet_set(struct pty *pty, uptr argument)
{
	s32 on;

	if (get_user(on, argument))
		return -EFAULT;
	lock_acquire(&pty->lock);
	if (on && !pty->packet)
		pty->packet_notes = 0;
	WRITE_ONCE(pty->packet, on);
	lock_release(&pty->lock);
	return 0;
}

static long lock_set(struct pty *pty, uptr argument)
{
	s32 on;

	if (get_user(on, argument))
		return -EFAULT;
	WRITE_ONCE(pty->locked, on);
	return 0;
}

static long peer_open(struct pty *pty, u32 flags)
{
	struct file *file;
	int error = devpts_open(pty->inode, pty->number, flags & ~O_CLOEXEC, &file);
	int fd;

	if (error)
		return error;
	fd = current_fd_install(file, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

static long signal_slave(struct pty *pty, uptr number)
{
	if (number != SIGINT && number != SIGQUIT && number != SIGTSTP)
		return -EINVAL;
	job_control_signal(&pty->tty, number);
	return 0;
}

static long master_flush(struct pty *pty, uptr which)
{
	if (which > TTY_FLUSH_BOTH)
		return -EINVAL;
	lock_acquire(&pty->lock);
	if (which != TTY_FLUSH_OUTPUT)
		byte_ring_drop(&pty->to_master, master_count(pty));
	if (which != TTY_FLUSH_INPUT)
		byte_ring_cut(&pty->to_slave, 0);
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

/* To stop the slave's output, the master types what does that by default. */
static long master_flow(struct pty *pty, uptr action)
{
	u8 byte = action == TCIOFF ? TTY_DEFAULT_STOP : TTY_DEFAULT_START;

	if (action > TCION)
		return -EINVAL;
	lock_acquire(&pty->lock);
	if (action == TCOOFF || action == TCOON)
		WRITE_ONCE(pty->master_stopped, action == TCOOFF);
	else if (byte_ring_room(&pty->to_slave))
		byte_ring_put(&pty->to_slave, &byte, sizeof(byte));
	pty_settle_locked(pty);
	lock_release(&pty->lock);
	pty_wake(pty);
	return 0;
}

static long master_ioctl(struct file *file, u32 command, uptr argument)
{
	struct pty *pty = file->private;
	s32 value = 0;

	switch (command) {
	case TIOCPKT:
		return packet_set(pty, argument);
	case TIOCGPKT:
		value = READ_ONCE(pty->packet);
		return put_user(value, argument);
	case TIOCSPTLCK:
		return lock_set(pty, argument);
	case TIOCGPTLCK:
		value = READ_ONCE(pty->locked);
		return put_user(value, argument);
	case TIOCGPTN:
		return put_user(pty->number, argument);
	case TIOCGPTPEER:
		return peer_open(pty, argument);
	case TIOCSIG:
		return signal_slave(pty, argument);
	case FIONREAD:
		value = master_count(pty);
		/* fall through */
	case TIOCOUTQ:
		return put_user(value, argument);
	case TCFLSH:
		return master_flush(pty, argument);
	case TCXONC:
		return master_flow(pty, argument);
	}
	value = tty_ioctl_shared(&pty->tty, file, command, argument);
	return value == -ENOIOCTLCMD ? -ENOTTY : value;
}

/* ---- Opening and closing ---- */

static void master_release(struct file *file)
{
	struct pty *pty = file->private;

	lock_acquire(&pty->lock);
	WRITE_ONCE(pty->master_closed, true);
	lock_release(&pty->lock);
	pty_hang_up(pty);
	pty_put(pty);
}

static const struct file_operations master_operations = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};

int pty_master_open(struct file *file)
{
	struct pty *pty = pty_create();

	if (IS_ERROR(pty))
		return PTR_ERROR(pty);
	file->operations = &master_operations;
	file->private = pty;
	return 0;
}
