/* SPDX-License-Identifier: MIT */
/* The devices that terminals are opened by. No locks of its own. */
#include "process/process.h"
#include "tty/job_control.h"
#include "tty/pty.h"
#include "tty/terminal.h"
#include "vfs/file.h"
#include "vfs/inode.h"
#include "vfs/special.h"

/* Takes over the reference. */
static int open_and_put(struct tty *tty, struct file *file)
{
	int error = tty ? tty->driver->open(tty, file) : -ENXIO;

	if (tty)
		tty->driver->put(tty);
	return error;
}

/* /dev/console is a session's own terminal too; without one, that of the first program. */
static int aux_open(struct inode *inode, struct file *file)
{
	switch (DEVICE_MINOR(inode->rdev)) {
	case TTY_MINOR_CURRENT:
		return open_and_put(job_control_own(), file);
	case TTY_MINOR_CONSOLE:
		return open_and_put(job_control_own() ?: terminal_first(), file);
	case TTY_MINOR_PTMX:
		return pty_master_open(file);
	}
	return -ENXIO;
}

/* The name may outlive its pty, and the number be another's by now. */
static int pts_open(struct inode *inode, struct file *file)
{
	struct pty *pty = pty_find(DEVICE_MINOR(inode->rdev));
	int error = -EIO;

	if (!pty)
		return -EIO;
	if (pty->inode == inode)
		error = pty->tty.driver->open(&pty->tty, file);
	if (!error && !(file->flags & O_NOCTTY))
		job_control_open(&pty->tty, file);
	pty_put(pty);
	return error;
}

static void inode_release_nothing(struct inode *inode)
{
	(void)inode;
}

static const struct special_operations aux_special = {
	.open = aux_open,
	.release_inode = inode_release_nothing,
};

static const struct special_operations pts_special = {
	.open = pts_open,
	.release_inode = inode_release_nothing,
};

void tty_register(void)
{
	special_register_device(false, TTY_MAJOR_AUX, &aux_special);
	special_register_device(false, TTY_MAJOR_PTS, &pts_special);
}
