/* SPDX-License-Identifier: MIT */
/*
 * The file system devpts: a directory that is made up as it is looked at, out of the ptys there
 * are. What is kept is the inodes, each with its pty, so that owner and mode last. No locks of its
 * own.
 */
#include "tty/devpts.h"

#include <linux/magic.h>
#include <linux/mount.h>

#include "core/string.h"
#include "process/process.h"
#include "tty/pty.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define GROUP_TTY	5	/* as distributions mount it: gid=5,mode=620,ptmxmode=666 */
#define MODE_PTS	(S_IFCHR | 0620)
#define MODE_PTMX	(S_IFCHR | 0666)

#define INO_ROOT	1
#define INO_PTMX	2
#define INO_FIRST	3	/* of number 0 */
#define OFFSET_PTMX	2	/* behind "." and ".." */
#define OFFSET_FIRST	3
#define NAME_SIZE	12

static const char ptmx_name[] = "ptmx";

static struct file_system devpts = {
	.type = "devpts",
	.source = "devpts",
	.magic = DEVPTS_SUPER_MAGIC,
	.is_made_up = true,
};
static struct inode *ptmx_inode;	/* constant */
static struct mount *devpts_mounted;	/* constant */

/* ---- Names ---- */

/* As the directory lists it: no sign, no leading zero. PTY_MAX: it is none. */
static u32 number_parse(const char *name, size_t size)
{
	u32 number = 0;

	if (!size || (name[0] == '0' && size > 1))
		return PTY_MAX;
	for (size_t i = 0; i < size && number < PTY_MAX; i++) {
		if (name[i] < '0' || name[i] > '9')
			return PTY_MAX;
		number = number * 10 + (name[i] - '0');
	}
	return MIN(number, PTY_MAX);
}

static struct inode *devpts_lookup(struct inode *directory, const char *name, size_t size)
{
	struct inode *inode;
	struct pty *pty;

	(void)directory;
	if (size == strlen(ptmx_name) && !memcmp(name, ptmx_name, size)) {
		inode_get(ptmx_inode);
		return ptmx_inode;
	}
	pty = pty_find(number_parse(name, size));
	if (!pty)
		return ERROR_PTR(-ENOENT);
	inode = pty->inode;
	inode_get(inode);
	pty_put(pty);
	return inode;
}

static int devpts_iterate(struct file *file, struct directory_sink *sink, u64 *offset)
{
	char name[NAME_SIZE];

	if (!directory_emit_dots(file, sink, offset))
		return 0;
	if (*offset == OFFSET_PTMX) {
		if (!sink->emit(sink, ptmx_name, strlen(ptmx_name), INO_PTMX,
				directory_type(MODE_PTMX), OFFSET_FIRST))
			return 0;
		*offset = OFFSET_FIRST;
	}
	while (*offset - OFFSET_FIRST < PTY_MAX) {
		u32 number = pty_next(*offset - OFFSET_FIRST);
		u64 next = number + OFFSET_FIRST + 1;

		if (number == PTY_MAX)
			break;
		if (!sink->emit(sink, name, format(name, sizeof(name), "%u", number),
				number + INO_FIRST, directory_type(MODE_PTS), next))
			return 0;
		*offset = next;
	}
	return 0;
}

static const struct inode_operations devpts_operations = { .lookup = devpts_lookup };

static const struct file_operations devpts_directory_operations = {
	.read = file_read_directory,
	.seek = file_seek_endless,
	.iterate = devpts_iterate,
};

/* ---- Inodes ---- */

static struct inode *device_create(u64 ino, u32 mode, u32 rdev)
{
	struct inode *inode = inode_create(&devpts, mode, &devpts_operations, NULL);

	if (inode) {
		inode->ino = ino;
		inode->rdev = rdev;
	}
	return inode;
}

struct inode *devpts_inode_create(u32 number)
{
	struct inode *inode =
		device_create(number + INO_FIRST, MODE_PTS, DEVICE(TTY_MAJOR_PTS, number));

	if (inode) {
		inode->uid = process_current()->credentials->fsuid;
		inode->gid = GROUP_TTY;
	}
	return inode;
}

int devpts_open(struct inode *inode, u32 number, u32 flags, struct file **out)
{
	struct process *self = process_current();
	struct walker walker = { self->fs, self->credentials };
	struct path place = { .mount = devpts_mounted };
	char name[NAME_SIZE];
	int size = format(name, sizeof(name), "%u", number), error;

	inode_get(inode);
	place.dentry = dentry_create(devpts_mounted->root, name, size, inode);
	if (!place.dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	error = path_open_known(&walker, &place, flags, 0, out);
	path_put(&place);
	return error;
}

/* ---- Mounting ---- */

struct mount *devpts_mount(const struct path *mountpoint)
{
	struct dentry *root = NULL;
	struct inode *inode;

	file_system_register(&devpts);
	ptmx_inode =
		device_create(INO_PTMX, MODE_PTMX, DEVICE(TTY_MAJOR_AUX, TTY_MINOR_PTMX));
	inode = inode_create(&devpts, S_IFDIR | 0755, &devpts_operations,
			     &devpts_directory_operations);
	if (ptmx_inode && inode) {
		inode->ino = INO_ROOT;
		inode->flags = INODE_UNCACHED;
		root = dentry_create_root(inode);
	}
	if (!root)
		return ERROR_PTR(-ENOMEM);
	devpts_mounted = mount_create(mountpoint, root, &devpts, MS_NOSUID | MS_NOEXEC);
	return devpts_mounted;
}
