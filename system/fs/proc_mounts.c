/* SPDX-License-Identifier: MIT */
/* /proc/PID/mounts, mountinfo, mountstats: as the caller's root shows them. No locks of its own. */
#include <linux/mount.h>

#include "core/string.h"
#include "fs/proc.h"
#include "vfs/fs_context.h"
#include "vfs/path.h"

static const struct {
	u32 flag;
	const char *name;
} option_names[] = {
	{ MS_NOSUID, ",nosuid" },
	{ MS_NODEV, ",nodev" },
	{ MS_NOEXEC, ",noexec" },
	{ MS_NOATIME, ",noatime" },
	{ MS_RELATIME, ",relatime" },
};

static void options_print(struct proc_text *text, u32 flags)
{
	proc_print(text, "%s", flags & MS_RDONLY ? "ro" : "rw");
	for (u32 i = 0; i < ARRAY_SIZE(option_names); i++)
		if (flags & option_names[i].flag)
			proc_print(text, "%s", option_names[i].name);
}

/* Blanks in names are written in octal, so that fields stay apart. */
static void name_print(struct proc_text *text, const char *name)
{
	for (; *name; name++) {
		if (*name == ' ' || *name == '\t' || *name == '\n' || *name == '\\')
			proc_print(text, "\\%03o", (u8)*name);
		else
			proc_append(text, name, 1);
	}
}

static void mount_print(void *data, const struct mount *mount, const char *mountpoint,
			const char *inside)
{
	struct proc_text *text = data;

	(void)inside;
	name_print(text, mount->fs->source);
	proc_print(text, " ");
	name_print(text, mountpoint);
	proc_print(text, " %s ", mount->fs->type);
	options_print(text, mount->flags);
	proc_print(text, " 0 0\n");
}

static void mountinfo_print(void *data, const struct mount *mount, const char *mountpoint,
			    const char *inside)
{
	struct proc_text *text = data;

	proc_print(text, "%u %u %u:%u ", mount->id, mount->parent ? mount->parent->id : 0,
		   DEVICE_MAJOR(mount->fs->dev), DEVICE_MINOR(mount->fs->dev));
	name_print(text, inside);
	proc_print(text, " ");
	name_print(text, mountpoint);
	proc_print(text, " ");
	options_print(text, mount->flags);
	proc_print(text, " - %s ", mount->fs->type);
	name_print(text, mount->fs->source);
	proc_print(text, " %s\n", mount->fs->read_only ? "ro" : "rw");
}

static void mountstats_print(void *data, const struct mount *mount, const char *mountpoint,
			     const char *inside)
{
	struct proc_text *text = data;

	(void)inside;
	proc_print(text, "device ");
	name_print(text, mount->fs->source);
	proc_print(text, " mounted on ");
	name_print(text, mountpoint);
	proc_print(text, " with fstype %s\n", mount->fs->type);
}

static int mounts_print(struct proc_text *text,
			void (*print)(void *data, const struct mount *mount, const char *mountpoint,
				      const char *inside))
{
	struct path root;

	fs_context_root(process_current()->fs, &root);
	mount_for_each(&root, print, text);
	path_put(&root);
	return 0;
}

int proc_mounts_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	return mounts_print(text, mount_print);
}

int proc_mountstats_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	return mounts_print(text, mountstats_print);
}

int proc_mountinfo_show(struct proc_text *text, const struct proc_key *key)
{
	(void)key;
	return mounts_print(text, mountinfo_print);
}
