/* SPDX-License-Identifier: MIT */
/*
 * The options of tmpfs. Its limits of size are read and not held: the limit of memory is the
 * domain's. No locks.
 */
#include "syscall/mount_options.h"

#include "core/string.h"
#include "fs/tree.h"

/* A number to the end of text, in this base; false: it is none, or too large. */
static bool number_parse(const char *text, u32 base, u64 *out)
{
	u64 value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text >= (char)('0' + base) || value > UINT32_MAX)
			return false;
		value = value * base + (u64)(*text - '0');
	}
	*out = value;
	return true;
}

/* 64, 64k, 64M, 50% */
static bool size_is_valid(const char *text)
{
	size_t digits = 0;

	while (text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (!digits)
		return false;
	text += digits;
	return !*text || (strchr("kKmMgGtT%", *text) && !text[1]);
}

static int option_apply(const char *name, const char *value, struct tree_options *options)
{
	static const char *const flags[] = { "inode32", "inode64", "noswap" };
	u64 number;

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++)
		if (!value && !strcmp(name, flags[i]))
			return 0;
	if (!value)
		return -EINVAL;
	if (!strcmp(name, "size") || !strcmp(name, "nr_inodes") || !strcmp(name, "nr_blocks"))
		return size_is_valid(value) ? 0 : -EINVAL;
	if (!strcmp(name, "huge") || !strcmp(name, "mpol"))
		return 0;
	if (!number_parse(value, !strcmp(name, "mode") ? 8 : 10, &number) || number > UINT32_MAX)
		return -EINVAL;
	if (!strcmp(name, "mode"))
		options->mode = (u32)number & MODE_PERMISSIONS;
	else if (!strcmp(name, "uid"))
		options->uid = (u32)number;
	else if (!strcmp(name, "gid"))
		options->gid = (u32)number;
	else
		return -EINVAL;
	return 0;
}

int tmpfs_options_parse(char *text, struct tree_options *options)
{
	int error = 0;

	while (text && *text && !error) {
		char *next = strchr(text, ','), *value;

		if (next)
			*next++ = '\0';
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		if (*text)
			error = option_apply(text, value, options);
		text = next;
	}
	return error;
}
