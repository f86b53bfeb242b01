/* SPDX-License-Identifier: MIT */
/* Users and groups of a root file system; see user.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/user.h"

#define FIELDS_MAX 7u

struct field {
	const char *text;
	size_t size;
};

static struct field field_of(const char *text)
{
	return (struct field){ text, strlen(text) };
}

static bool field_is(const struct field *field, const struct field *other)
{
	return field->size == other->size && !memcmp(field->text, other->text, other->size);
}

/* A decimal id. -EINVAL: it is no number; -ERANGE: it is none that an id can be. */
static int field_id(const struct field *field, uint32_t *id)
{
	uint64_t value = 0;

	if (!field->size)
		return -EINVAL;
	for (size_t i = 0; i < field->size; i++) {
		char c = field->text[i];

		if (c < '0' || c > '9')
			return -EINVAL;
		if (value <= UINT32_MAX)
			value = value * 10 + (uint64_t)(c - '0');
	}
	if (value >= UINT32_MAX)
		return -ERANGE;
	*id = (uint32_t)value;
	return 0;
}

/* ---- Lines ---- */

/* What is left of a file. */
struct lines {
	const char *at, *end;
};

/* The next line as fields that ':' parts, the last one with all that follows. False at the end. */
static bool line_next(struct lines *lines, struct field fields[FIELDS_MAX], size_t *count)
{
	const char *end;

	if (lines->at == lines->end)
		return false;
	end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	if (!end)
		end = lines->end;
	for (*count = 0; *count < FIELDS_MAX; ++*count) {
		const char *colon = memchr(lines->at, ':', (size_t)(end - lines->at));

		if (!colon || *count == FIELDS_MAX - 1)
			colon = end;
		fields[*count] = (struct field){ lines->at, (size_t)(colon - lines->at) };
		lines->at = colon;
		if (colon == end)
			break;
		lines->at++;
	}
	++*count;
	lines->at = end + (end < lines->end);
	return true;
}

/* ---- The user ---- */

/* The wanted user: by number where it is one, else by name. */
struct wanted {
	struct field name;
	bool is_id;
	uint32_t id;
};

static bool is_wanted(const struct wanted *wanted, const struct field *name, uint32_t id)
{
	return wanted->is_id ? id == wanted->id : field_is(name, &wanted->name);
}

static int wanted_init(struct wanted *wanted, const char *whole, struct field name,
		       struct error *err)
{
	int result = field_id(&name, &wanted->id);

	*wanted = (struct wanted){ .name = name, .id = wanted->id, .is_id = !result };
	if (result == -ERANGE)
		return error_set(err, 0, "user %.100s: no id is that large", whole);
	return 0;
}

static void home_set(struct user *user, const struct field *home)
{
	if (!home->size || home->size >= sizeof(user->home) || home->text[0] != '/' ||
	    memchr(home->text, '\0', home->size))
		return;
	memcpy(user->home, home->text, home->size);
	user->home[home->size] = '\0';
}

/* Whether passwd has a line of the user; *name is what it calls it. */
static bool passwd_find(const struct user_files *files, const struct wanted *wanted,
			struct user *user, struct field *name)
{
	struct lines lines = { files->passwd, files->passwd + files->passwd_size };
	struct field fields[FIELDS_MAX];
	uint32_t uid, gid;
	size_t count;

	while (line_next(&lines, fields, &count)) {
		if (count < 6 || field_id(&fields[2], &uid) || field_id(&fields[3], &gid) ||
		    !is_wanted(wanted, &fields[0], uid))
			continue;
		user->uid = uid;
		user->gid = gid;
		home_set(user, &fields[5]);
		*name = fields[0];
		return true;
	}
	return false;
}

/* ---- Groups ---- */

static bool has_member(struct field members, const struct field *name)
{
	while (members.size) {
		const char *comma = memchr(members.text, ',', members.size);
		size_t size = comma ? (size_t)(comma - members.text) : members.size;
		struct field member = { members.text, size };

		if (field_is(&member, name))
			return true;
		members.text += size + !!comma;
		members.size -= size + !!comma;
	}
	return false;
}

static void groups_of_member(const struct user_files *files, const struct field *name,
			     struct user *user)
{
	struct lines lines = { files->group, files->group + files->group_size };
	struct field fields[FIELDS_MAX];
	size_t count;
	uint32_t gid;

	while (user->group_count < CONFIG_GROUPS_MAX && line_next(&lines, fields, &count)) {
		if (count >= 4 && !field_id(&fields[2], &gid) && has_member(fields[3], name))
			user->groups[user->group_count++] = gid;
	}
}

/* A group that was asked for. */
static int group_find(const struct user_files *files, const struct wanted *wanted,
		      const char *whole, struct user *user, struct error *err)
{
	struct lines lines = { files->group, files->group + files->group_size };
	struct field fields[FIELDS_MAX];
	size_t count;
	uint32_t gid;

	if (wanted->is_id) {
		user->gid = wanted->id;
		return 0;
	}
	while (line_next(&lines, fields, &count)) {
		if (count < 3 || field_id(&fields[2], &gid) || !is_wanted(wanted, &fields[0], gid))
			continue;
		user->gid = gid;
		return 0;
	}
	return error_set(err, 0, "user %.100s: /etc/group of the root file system has no %.*s",
			 whole, (int)(wanted->name.size < 100 ? wanted->name.size : 100),
			 wanted->name.text);
}

int user_find(const char *text, const struct user_files *files, struct user *user,
	      struct error *err)
{
	const char *colon = strchr(text, ':');
	struct field name = { text, colon ? (size_t)(colon - text) : strlen(text) };
	struct wanted wanted, group;
	struct user found = { 0 };
	struct field known;
	bool is_known;
	int result = wanted_init(&wanted, text, name.size ? name : field_of("0"), err);

	if (!result && colon)
		result = wanted_init(&group, text, field_of(colon + 1), err);
	if (result)
		return result;
	is_known = passwd_find(files, &wanted, &found, &known);
	if (!is_known && !wanted.is_id)
		return error_set(err, 0,
				 "user %.100s: /etc/passwd of the root file system has no %.*s",
				 text, (int)(name.size < 100 ? name.size : 100), name.text);
	if (!is_known) {
		found.uid = wanted.id;
		strcpy(found.home, wanted.id ? "/" : "");
	}
	if (colon && colon[1])
		result = group_find(files, &group, text, &found, err);
	else if (is_known)
		groups_of_member(files, &known, &found);
	if (!result)
		*user = found;
	return result;
}

/* ---- Files of a directory ---- */

/* place: a path descriptor of the file. */
static int read_all(int place, const char *path, char **data, size_t *size, struct error *err)
{
	struct stat status;
	char again[32], *out;
	long done;

	if (fstat(place, &status) || !S_ISREG(status.st_mode))
		return 0;
	if (status.st_size > USER_FILE_MAX)
		return error_set(err, EFBIG, "%s of the root file system", path);
	out = malloc((size_t)status.st_size + 1);
	if (!out)
		return error_set(err, ENOMEM, "%s of the root file system", path);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
	done = fd_read_file(again, out, (size_t)status.st_size + 1);
	if (done < 0) {
		free(out);
		return error_set(err, (int)-done, "%s of the root file system", path);
	}
	*data = out;
	*size = (size_t)done;
	return 0;
}

static int file_read(int root, const char *path, char **data, size_t *size, struct error *err)
{
	/* To look at it opens no device and waits for no writer of a FIFO. */
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int result, fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_set(err, errno, "%s of the root file system", path);
	result = read_all(fd, path, data, size, err);
	close(fd);
	return result;
}

int user_files_read(struct user_files *files, const char *rootfs, struct error *err)
{
	int result, root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*files = (struct user_files){ 0 };
	if (root < 0)
		return error_set(err, errno, "root file system %s", rootfs);
	result = file_read(root, "/etc/passwd", &files->passwd, &files->passwd_size, err);
	if (!result)
		result = file_read(root, "/etc/group", &files->group, &files->group_size, err);
	if (result)
		user_files_release(files);
	fd_close(&root);
	return result;
}

void user_files_release(struct user_files *files)
{
	free(files->passwd);
	free(files->group);
	*files = (struct user_files){ 0 };
}
