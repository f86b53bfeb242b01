/* SPDX-License-Identifier: MIT */
/*
 * mount(2) and umount2(2): what may be asked for, and by whom. There is one set of mounts in a
 * domain, for all its processes. No locks of its own.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "core/heap.h"
#include "core/string.h"
#include "fs/tree.h"
#include "memory/usercopy.h"
#include "process/credentials.h"
#include "process/process.h"
#include "syscall/mount_options.h"
#include "syscall/path.h"
#include "syscalls.h"
#include "vfs/mount.h"

#define MNT_FORCE	1u
#define MNT_DETACH	2u
#define MNT_EXPIRE	4u
#define UMOUNT_NOFOLLOW	8u

#define MOUNT_FLAGS	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define ATIME_FLAGS	(MS_NOATIME | MS_NODIRATIME | MS_RELATIME)
#define PROPAGATION	(MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* The arguments of mount(2), in the layer's memory; too long for the kernel stack. */
struct mount_call {
	struct path target;
	u64 flags;
	bool has_source, has_type;
	char source[PATH_MAX], type[PATH_MAX], data[PAGE_SIZE];
};

static bool may_mount(void)
{
	return credentials_capable(process_current()->credentials, CAP_SYS_ADMIN);
}

static u32 flags_of_mount(u64 flags)
{
	u32 result = (u32)flags & (MOUNT_FLAGS | ATIME_FLAGS);

	/* Linux's default. */
	return flags & (MS_NOATIME | MS_STRICTATIME) ? result & ~(u32)MS_RELATIME
						     : result | MS_RELATIME;
}

/* ---- New ones ---- */

/* The same again over itself is an error. */
static int cover_check(const struct path *target, const struct dentry *root)
{
	if (path_is_mount(target) && target->dentry == root)
		return -EBUSY;
	return inode_is_directory(target->dentry->inode) ? 0 : -ENOTDIR;
}

static int mount_tmpfs(struct mount_call *call)
{
	const struct credentials *credentials = process_current()->credentials;
	struct tree_options options = {
		.source = call->has_source ? call->source : "none", .mode = 01777,
		.uid = credentials->fsuid, .gid = credentials->fsgid,
		.mount_flags = flags_of_mount(call->flags),
	};
	int error = tmpfs_options_parse(call->data, &options);

	if (!error)
		error = cover_check(&call->target, NULL);
	return error ? error : tree_mount_tmpfs(&call->target, &options);
}

/* Of these there is one instance, which the start has mounted. */
static int mount_again(struct mount_call *call)
{
	struct mount *lasting = mount_lasting(call->type), *mount;
	int error;

	if (!lasting)
		return -ENODEV;
	error = cover_check(&call->target, lasting->root);
	if (error)
		return error;
	dentry_get(lasting->root);
	mount = mount_add(&call->target, lasting->root, lasting->fs,
			  flags_of_mount(call->flags) | lasting->flags);
	if (!IS_ERROR(mount))
		return 0;
	dentry_put(lasting->root);
	return (int)PTR_ERROR(mount);
}

static int mount_new(struct mount_call *call)
{
	static const char *const single[] = { "proc", "sysfs", "devpts", "devtmpfs" };

	if (!call->has_type)
		return -EINVAL;
	if (!strcmp(call->type, "tmpfs") || !strcmp(call->type, "ramfs"))
		return mount_tmpfs(call);
	for (u32 i = 0; i < ARRAY_SIZE(single); i++)
		if (!strcmp(call->type, single[i]))
			return mount_again(call);
	return -ENODEV;
}

/* ---- Changes ---- */

static int mount_from(struct mount_call *call)
{
	struct process *process = process_current();
	struct walker walker = { process->fs, process->credentials };
	struct path from;
	int error;

	if (!call->has_source || !call->source[0])
		return -EINVAL;
	error = path_walk(&walker, NULL, call->source, WALK_FOLLOW, &from);
	if (error)
		return error;
	error = call->flags & MS_BIND ? mount_bind(&from, &call->target, call->flags & MS_REC)
				      : mount_move(&from, &call->target);
	path_put(&from);
	return error;
}

static int mount_change_flags(struct mount_call *call)
{
	struct mount *mount = call->target.mount;
	u32 fresh = flags_of_mount(call->flags);

	if (!path_is_mount(&call->target))
		return -EINVAL;
	/* What is not said of access times stays. */
	if (!(call->flags & (ATIME_FLAGS | MS_STRICTATIME)))
		fresh = (fresh & ~(u32)ATIME_FLAGS) | (READ_ONCE(mount->flags) & ATIME_FLAGS);
	WRITE_ONCE(mount->flags, fresh);
	return 0;
}

/* There is one set of mounts: each is private, as a slave without a master. */
static int mount_change_kind(struct mount_call *call)
{
	u64 kind = call->flags & ~(u64)(MS_REC | MS_SILENT);

	if ((kind != MS_PRIVATE && kind != MS_SLAVE) || !path_is_mount(&call->target))
		return -EINVAL;
	return 0;
}

static int mount_do(struct mount_call *call)
{
	if ((call->flags & MS_MGC_MSK) == MS_MGC_VAL)
		call->flags &= ~(u64)MS_MGC_MSK;
	if (call->flags & MS_NOUSER)
		return -EINVAL;
	if (!may_mount())
		return -EPERM;
	if (call->flags & MS_REMOUNT)
		return mount_change_flags(call);
	if (call->flags & MS_BIND)
		return mount_from(call);
	if (call->flags & PROPAGATION)
		return mount_change_kind(call);
	return call->flags & MS_MOVE ? mount_from(call) : mount_new(call);
}

/* A string that may be absent. 0, -EFAULT, -EINVAL: too long. */
static int text_get(char *to, uptr address, bool *present)
{
	ssize_t length;

	*present = address != 0;
	if (!address)
		return 0;
	length = copy_string_from_user(to, address, PATH_MAX);
	return length == -ENAMETOOLONG ? -EINVAL : (int)MIN(length, (ssize_t)0);
}

/* A page of options, of which what is readable counts. */
static int data_get(char *to, uptr address)
{
	size_t missed;

	to[0] = '\0';
	if (!address)
		return 0;
	missed = copy_from_user_partial(to, address, PAGE_SIZE);
	if (missed == PAGE_SIZE)
		return -EFAULT;
	to[MIN(PAGE_SIZE - missed, PAGE_SIZE - 1)] = '\0';
	return 0;
}

static long mount_with(struct mount_call *call, uptr source, uptr target, uptr type, uptr data)
{
	long error = text_get(call->type, type, &call->has_type);

	if (!error)
		error = text_get(call->source, source, &call->has_source);
	if (!error)
		error = data_get(call->data, data);
	if (!error)
		error = path_argument_walk(AT_FDCWD, target, 0, WALK_FOLLOW, &call->target);
	if (error)
		return error;
	error = mount_do(call);
	path_put(&call->target);
	return error;
}

long sys_mount(uptr source, uptr target, uptr type, u64 flags, uptr data)
{
	struct mount_call *call = heap_alloc(sizeof(*call));
	long error;

	if (!call)
		return -ENOMEM;
	call->flags = flags;
	error = mount_with(call, source, target, type, data);
	heap_free(call);
	return error;
}

/* ---- umount ---- */

static int remove_check(const struct path *place, u64 flags)
{
	if (!may_mount())
		return -EPERM;
	if (!path_is_mount(place))
		return -EINVAL;
	return flags & MNT_EXPIRE && flags & (MNT_FORCE | MNT_DETACH) ? -EINVAL : 0;
}

long sys_umount2(uptr target, u64 flags)
{
	struct path place;
	long error;

	if ((u32)flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	error = path_argument_walk(AT_FDCWD, target, 0,
				   flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &place);
	if (error)
		return error;
	error = remove_check(&place, flags);
	if (!error)
		error = mount_remove(&place, (u32)flags);
	path_put(&place);
	return error;
}
