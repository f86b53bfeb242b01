/* SPDX-License-Identifier: MIT */
/*
 * Links of /proc/PID that lead to places themselves, not to their names: exe, cwd, root, fd/N;
 * and what fdinfo says of descriptors. No locks of its own.
 */
#include "core/heap.h"
#include "core/string.h"
#include "fs/proc.h"
#include "vfs/dentry.h"
#include "vfs/file.h"
#include "vfs/fs_context.h"
#include "vfs/path.h"

/* The name of a place as the caller sees it. */
static ssize_t place_name(const struct path *path, char *to, size_t size)
{
	char *buffer = heap_alloc(PATH_MAX);
	struct path root;
	ssize_t length;

	if (!buffer)
		return -ENOMEM;
	fs_context_root(process_current()->fs, &root);
	length = path_of(path, &root, buffer, PATH_MAX);
	path_put(&root);
	if (length >= 0)
		strlcpy(to, buffer, size);
	heap_free(buffer);
	return length;
}

/* Finds a place of a process that the caller may look into, with a reference. */
static int place_find(const struct proc_key *key,
		      int (*get)(struct process *process, struct path *out), struct path *out)
{
	struct process *process = process_find(key->pid);
	int error;

	if (!process)
		return -ENOENT;
	error = proc_may_inspect(process);
	if (!error)
		error = get(process, out);
	process_put(process);
	return error;
}

static ssize_t place_link(const struct proc_key *key,
			  int (*get)(struct process *process, struct path *out), char *to,
			  size_t size)
{
	struct path path;
	ssize_t result = place_find(key, get, &path);

	if (result)
		return result;
	result = place_name(&path, to, size);
	path_put(&path);
	return result;
}

static int exe_get(struct process *process, struct path *out)
{
	struct file *exe = proc_exe_get(process);

	if (!exe)
		return -ENOENT;
	*out = (struct path){ exe->mount, exe->dentry };
	path_get(out);
	file_put(exe);
	return 0;
}

static int fs_place_get(struct process *process, struct path *out,
			void (*read)(struct fs_context *fs, struct path *path))
{
	struct fs_context *fs = proc_fs_get(process);

	if (!fs)
		return -ENOENT;
	read(fs, out);
	fs_context_put(fs);
	return 0;
}

static int cwd_get(struct process *process, struct path *out)
{
	return fs_place_get(process, out, fs_context_cwd);
}

static int root_get(struct process *process, struct path *out)
{
	return fs_place_get(process, out, fs_context_root);
}

#define PLACE(name) \
	int proc_##name##_follow(const struct proc_key *key, struct path *out) \
	{ \
		return place_find(key, name##_get, out); \
	} \
	ssize_t proc_##name##_link(const struct proc_key *key, char *to, size_t size) \
	{ \
		return place_link(key, name##_get, to, size); \
	}

PLACE(exe)
PLACE(cwd)
PLACE(root)

/* ---- Descriptors ---- */

static struct file *fd_file(const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	struct fd_table *files = NULL;
	struct file *file = NULL;

	if (!process)
		return NULL;
	if (!proc_may_inspect(process))
		files = proc_files_get(process);
	process_put(process);
	if (!files)
		return NULL;
	file = fd_get(files, key->fd);
	fd_table_put(files);
	return file;
}

static u32 fd_next(const struct proc_key *key, u32 from)
{
	struct process *process = process_find(key->pid);
	struct fd_table *files = NULL;
	u32 fd = from;

	if (process) {
		if (!proc_may_inspect(process))
			files = proc_files_get(process);
		process_put(process);
	}
	if (!files)
		return PROC_NONE;
	lock_acquire(&files->lock);
	while (fd < files->capacity && !files->entries[fd].file)
		fd++;
	if (fd >= files->capacity)
		fd = PROC_NONE;
	lock_release(&files->lock);
	fd_table_put(files);
	return fd;
}

static void fd_key_set(struct proc_key *key, u32 number)
{
	key->fd = number;
}

/* A pipe is "pipe:[inode]", as are sockets; the others of this kind have a name alone. */
static ssize_t anonymous_name(const struct file *file, char *to, size_t size)
{
	const char *name = file_anonymous_name(file);

	if (!strchr(name, ':'))
		return format(to, size, "%s:[%llu]", name, (unsigned long long)file->inode->ino);
	return format(to, size, "%s", name);
}

static ssize_t fd_link(const struct proc_key *key, char *to, size_t size)
{
	struct file *file = fd_file(key);
	struct path path;
	ssize_t length;

	if (!file)
		return -ENOENT;
	path = (struct path){ file->mount, file->dentry };
	length = path.dentry ? place_name(&path, to, size) : anonymous_name(file, to, size);
	file_put(file);
	return length;
}

/* A file without a name in the tree gets a nameless dentry, so that it can be opened again. */
static int fd_follow(const struct proc_key *key, struct path *out)
{
	struct file *file = fd_file(key);

	if (!file)
		return -ENOENT;
	*out = (struct path){ file->mount, file->dentry };
	if (out->dentry) {
		path_get(out);
		file_put(file);
		return 0;
	}
	inode_get(file->inode);
	out->mount = mount_root();
	out->dentry = dentry_create(out->mount->root, "", 0, file->inode);
	if (!out->dentry)
		inode_put(file->inode);
	file_put(file);
	return out->dentry ? 0 : -ENOMEM;
}

struct text_details {
	struct file_details details;
	struct proc_text *text;
};

static void text_details_add(struct file_details *details, const char *line)
{
	proc_append(container_of(details, struct text_details, details)->text, line, strlen(line));
}

static int fdinfo_show(struct proc_text *text, const struct proc_key *key)
{
	struct text_details details = { .details.add = text_details_add, .text = text };
	struct file *file = fd_file(key);

	if (!file)
		return -ENOENT;
	proc_print(text, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		   (unsigned long long)(file->dentry ? READ_ONCE(file->position) : 0), file->flags,
		   file->mount ? file->mount->id : 0, (unsigned long long)file->inode->ino);
	if (file->operations->describe)
		file->operations->describe(file, &details.details);
	file_put(file);
	return 0;
}

/* What the file was opened for, which lsof shows. */
static u32 fd_permissions(const struct proc_key *key)
{
	struct file *file = fd_file(key);
	u32 permissions = 0;

	if (!file)
		return 0;
	if (!(file->flags & O_PATH)) {
		permissions |= FILE_READABLE(file) ? S_IRUSR | S_IXUSR : 0;
		permissions |= FILE_WRITABLE(file) ? S_IWUSR | S_IXUSR : 0;
	}
	file_put(file);
	return permissions;
}

static const struct proc_row fd_row = {
	.name = "",
	.mode = S_IFLNK | 0700,
	.link = fd_link,
	.follow = fd_follow,
	.permissions = fd_permissions,
};
static const struct proc_row fdinfo_row = PROC_FILE("", 0444, fdinfo_show);

static const struct proc_numbers fd_numbers = {
	.next = fd_next,
	.key_set = fd_key_set,
	.row = &fd_row,
};

static const struct proc_numbers fdinfo_numbers = {
	.next = fd_next,
	.key_set = fd_key_set,
	.row = &fdinfo_row,
};

const struct proc_directory proc_fd_directory = { .numbers = &fd_numbers };
const struct proc_directory proc_fdinfo_directory = { .numbers = &fdinfo_numbers };
