/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/ns: all processes of a domain are in the same namespaces, one of each kind. A link
 * leads to a nameless file, by whose number programs compare. No locks of its own.
 */
#include "core/string.h"
#include "fs/proc.h"
#include "vfs/dentry.h"
#include "vfs/file.h"

static struct file_system nsfs = {
	.type = "nsfs",
	.source = "nsfs",
	.magic = 0x6e736673,		/* NSFS_MAGIC */
};

/* The numbers that Linux's first ones have. */
static const struct namespace {
	const char *name;
	u32 ino;
} ipc = { "ipc", 4026531839u }, uts = { "uts", 4026531838u }, user = { "user", 4026531837u },
	pid = { "pid", 4026531836u }, cgroup = { "cgroup", 4026531835u },
	time = { "time", 4026531834u }, net = { "net", 4026531833u }, mnt = { "mnt", 4026531832u };

static const struct inode_operations namespace_inode_operations = { 0 };
static const struct file_operations namespace_file_operations = { 0 };

static int namespace_may_look(const struct proc_key *key)
{
	struct process *process = process_find(key->pid);
	int error;

	if (!process)
		return -ENOENT;
	error = proc_may_inspect(process);
	process_put(process);
	return error;
}

static ssize_t namespace_link(const struct namespace *namespace, const struct proc_key *key,
			      char *to, size_t size)
{
	int error = namespace_may_look(key);

	return error ? error : format(to, size, "%s:[%u]", namespace->name, namespace->ino);
}

static int namespace_follow(const struct namespace *namespace, const struct proc_key *key,
			    struct path *out)
{
	int error = namespace_may_look(key);
	struct inode *inode;

	if (error)
		return error;
	inode = inode_create(&nsfs, S_IFREG | 0444, &namespace_inode_operations,
			     &namespace_file_operations);
	if (!inode)
		return -ENOMEM;
	inode->ino = namespace->ino;
	inode->flags |= INODE_IMMUTABLE;
	out->mount = mount_root();
	out->dentry = dentry_create(out->mount->root, "", 0, inode);
	if (!out->dentry)
		inode_put(inode);
	return out->dentry ? 0 : -ENOMEM;
}

#define NAMESPACE(kind) \
	static ssize_t kind##_link(const struct proc_key *key, char *to, size_t size) \
	{ \
		return namespace_link(&kind, key, to, size); \
	} \
	static int kind##_follow(const struct proc_key *key, struct path *out) \
	{ \
		return namespace_follow(&kind, key, out); \
	}

NAMESPACE(cgroup)
NAMESPACE(ipc)
NAMESPACE(mnt)
NAMESPACE(net)
NAMESPACE(pid)
NAMESPACE(time)
NAMESPACE(user)
NAMESPACE(uts)

static const struct proc_row ns_rows[] = {
	PROC_MAGIC("cgroup", cgroup_link, cgroup_follow),
	PROC_MAGIC("ipc", ipc_link, ipc_follow),
	PROC_MAGIC("mnt", mnt_link, mnt_follow),
	PROC_MAGIC("net", net_link, net_follow),
	PROC_MAGIC("pid", pid_link, pid_follow),
	PROC_MAGIC("pid_for_children", pid_link, pid_follow),
	PROC_MAGIC("time", time_link, time_follow),
	PROC_MAGIC("time_for_children", time_link, time_follow),
	PROC_MAGIC("user", user_link, user_follow),
	PROC_MAGIC("uts", uts_link, uts_follow),
};

const struct proc_directory proc_ns_directory = PROC_TABLE(ns_rows);

void proc_ns_start(void)
{
	file_system_register(&nsfs);
}
