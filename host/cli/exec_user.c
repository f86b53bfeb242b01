/* SPDX-License-Identifier: MIT */
/* Users of a domain that runs; see exec_user.h. No locks. */
#include <errno.h>
#include <string.h>

#include "host/change/resolve.h"
#include "host/cli/exec_user.h"

/* A file that is not there is an empty one. */
static int read_file(const struct merged *merged, const char *path, char **data, size_t *size,
		     struct error *err)
{
	int result = path_read(merged, path, USER_FILE_MAX, data, size, err);

	return result == -ENOENT ? 0 : result;
}

static int read_merged(const struct domains *domains, const struct folder *folder,
		       struct user_files *files, struct error *err)
{
	struct merged merged;
	int result = merged_open(&merged, domains, folder->name, STORE_READ_ONLY, MERGED_LIVE,
				 NULL, NULL, err);

	*files = (struct user_files){ 0 };
	if (result)
		return result;
	result = read_file(&merged, "/etc/passwd", &files->passwd, &files->passwd_size, err);
	if (!result)
		result = read_file(&merged, "/etc/group", &files->group, &files->group_size, err);
	merged_close(&merged);
	if (result)
		user_files_release(files);
	return result;
}

static int read_files(const struct domains *domains, const struct folder *folder,
		      struct user_files *files, struct error *err)
{
	struct domain_record record;
	int result = domain_record_load(folder->fd, &record, err);

	if (result)
		return result;
	if (record.rootfs)
		result = user_files_read(files, record.rootfs, err);
	else
		result = read_merged(domains, folder, files, err);
	domain_record_release(&record);
	return result;
}

int exec_user_find(const struct domains *domains, const struct folder *folder, const char *text,
		   struct user *user, struct error *err)
{
	struct user_files files = { 0 };
	/* Of UID:GID the files tell nothing that is asked for. */
	bool is_told = strchr(text, ':') && !text[strspn(text, "0123456789:")];
	int result = is_told ? 0 : read_files(domains, folder, &files, err);

	if (result) {
		error_context(err, "domain %s", folder->name);
		return result;
	}
	result = user_find(text, &files, user, err);
	user_files_release(&files);
	if (is_told)
		user->home[0] = '\0';
	return result;
}
