/* SPDX-License-Identifier: MIT */
/* An image's launch and the command line become a plan; see image_launch.h. No locks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/fd.h"
#include "host/base/place.h"
#include "host/cli/image_launch.h"
#include "host/image/image_file.h"
#include "host/image/record.h"
#include "host/launch/user.h"

/* ---- The command ---- */

static size_t list_append(char **to, char **list)
{
	size_t count = 0;

	for (; list[count]; count++)
		to[count] = list[count];
	return count;
}

static size_t list_count(char **list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return count;
}

/* Who names another entrypoint does not mean the arguments that the image has for its own. */
static int set_command(struct plan *plan, struct image_use *use, struct error *err)
{
	char *chosen[] = { (char *)plan->entrypoint, NULL }, *nothing[] = { NULL };
	char **entrypoint = use->launch.entrypoint, **command = plan->argv;
	size_t used;

	if (!command[0])
		command = plan->entrypoint ? nothing : use->launch.cmd;
	if (plan->entrypoint)
		entrypoint = plan->entrypoint[0] ? chosen : nothing;
	use->argv = calloc(list_count(entrypoint) + list_count(command) + 1, sizeof(char *));
	if (!use->argv)
		return error_set(err, ENOMEM, "image %s", plan->image);
	used = list_append(use->argv, entrypoint);
	list_append(use->argv + used, command);
	plan->argv = use->argv;
	if (plan->argv[0])
		return 0;
	return error_set(err, 0, "no command given, and image %s has none of its own: try "
			 "`mezzo run --help`", plan->image);
}

/* ---- Environment and directory ---- */

static int set_environment(struct plan *plan, const struct image_use *use, struct error *err)
{
	int error = 0;

	for (char **variable = use->launch.env; *variable && !error; variable++)
		error = strings_set_variable(&plan->environment, *variable);
	for (size_t i = 0; i < plan->variables.count && !error; i++)
		error = strings_set_variable(&plan->environment, plan->variables.items[i]);
	return error ? error_set(err, -error, "environment of image %s", plan->image) : 0;
}

static int set_workdir(struct plan *plan, const struct image_use *use, struct error *err)
{
	const char *workdir = use->launch.workdir;
	char *path;

	if (plan->cwd_is_chosen || !workdir[0])
		return 0;
	if (asprintf(&path, "%s%s", workdir[0] == '/' ? "" : "/", workdir) < 0)
		return error_set(err, ENOMEM, "directory to start in");
	free(plan->cwd);
	plan->cwd = path;
	return 0;
}

/* ---- The user ---- */

static int set_user(struct plan *plan, const char *text, const struct user_files *files,
		    struct error *err)
{
	struct user user;
	int result = user_find(text, files, &user, err);

	return result ? result : plan_set_user(plan, &user, err);
}

int rootfs_launch_apply(struct plan *plan, struct error *err)
{
	struct user_files files;
	int result;

	if (plan->entrypoint)
		return error_set(err, 0, "--entrypoint goes with an image: with --rootfs the "
				 "command is all that is run");
	if (!plan->user)
		return 0;
	result = user_files_read(&files, plan->rootfs, err);
	if (result)
		return result;
	result = set_user(plan, plan->user, &files, err);
	/* HOME of the command line goes over that of passwd. */
	for (size_t i = 0; i < plan->variables.count && !result; i++)
		result = strings_set_variable(&plan->environment, plan->variables.items[i]);
	user_files_release(&files);
	return result;
}

/* A file that is not there is an empty one. */
static int read_file(struct store *store, mapping_id mapping, const struct index *index,
		     const char *path, char **data, size_t *size, struct error *err)
{
	int result = image_file_read(store, mapping, index, path, USER_FILE_MAX, data, size, err);

	return result == -ENOENT ? 0 : result;
}

static int set_user_of_image(struct plan *plan, struct store *store, struct error *err)
{
	struct user_files files = { 0 };
	struct index index;
	int result = image_index(store, plan->mapping, &index, err);

	if (result)
		return result;
	result = read_file(store, plan->mapping, &index, "/etc/passwd", &files.passwd,
			   &files.passwd_size, err);
	if (!result)
		result = read_file(store, plan->mapping, &index, "/etc/group", &files.group,
				   &files.group_size, err);
	if (!result)
		result = set_user(plan, plan->user ? plan->user : "", &files, err);
	user_files_release(&files);
	index_release(&index);
	return result;
}

/* ---- All ---- */

static int apply(struct plan *plan, struct image_use *use, struct store *store,
		 const struct image *image, struct error *err)
{
	int result = launch_decode(image->launch, image->head.launch_size, &use->launch, err);

	if (result)
		return result;
	plan->mapping = image->head.mapping;
	if (!plan->user && use->launch.user[0])
		plan->user = use->launch.user;
	result = set_command(plan, use, err);
	if (!result)
		result = set_user_of_image(plan, store, err);
	/* After the user, whose HOME it may replace. */
	if (!result)
		result = set_environment(plan, use, err);
	if (!result)
		result = set_workdir(plan, use, err);
	return result;
}

static int open_store(const struct plan *plan, struct store **store, struct error *err)
{
	char path[PLACE_SIZE];
	int result = place_store(plan->store, path, err);

	if (!result)
		result = store_open_disk(path, STORE_READ_ONLY, store, err);
	if (result == -ENOENT)
		error_set(err, 0, "there is no image %s, since there is no store in %s: see "
			  "`mezzo image import --help`", plan->image, path);
	return result;
}

int image_user_apply(struct plan *plan, struct error *err)
{
	struct store *store = NULL;
	int result = open_store(plan, &store, err);

	if (!result)
		result = set_user_of_image(plan, store, err);
	store_close(store);
	return result;
}

/* An image that is replaced between its record and the pin is looked for again. */
static int load_and_pin(struct store *store, const char *name, struct image *image,
			struct error *err)
{
	mapping_id mapping, former = 0;

	for (;;) {
		int result = image_load(store, name, image, err);

		if (result)
			return result;
		mapping = image->head.mapping;
		result = mapping_pin(store, mapping, err);
		if (!result)
			return 0;
		image_release(image);
		/* A record that leads nowhere twice is damage. */
		if (result != -ENOENT || mapping == former)
			return result;
		former = mapping;
	}
}

int image_pin(const char *store_path, mapping_id mapping, struct error *err)
{
	struct store *store;
	int result = store_open_disk(store_path, STORE_READ_ONLY, &store, err);

	if (result)
		return result;
	result = mapping_pin(store, mapping, err);
	if (!result)
		result = store_keep_pins(store, err);
	store_close(store);
	return result;
}

int image_launch_apply(struct plan *plan, struct image_use *use, struct error *err)
{
	struct store *store = NULL;
	struct image image;
	int result;

	*use = (struct image_use){ .pin = -1 };
	result = image_name(plan->image, use->name, err);
	if (!result)
		result = open_store(plan, &store, err);
	if (!result)
		result = load_and_pin(store, use->name, &image, err);
	if (!result) {
		result = apply(plan, use, store, &image, err);
		use->config = image.config;
		image.config = NULL;
		image_release(&image);
	}
	if (!result) {
		use->pin = store_keep_pins(store, err);
		result = use->pin < 0 ? use->pin : 0;
	}
	store_close(store);
	return result;
}

void image_use_release(struct image_use *use)
{
	launch_release(&use->launch);
	free(use->config);
	free(use->argv);
	fd_close(&use->pin);
	*use = (struct image_use){ .pin = -1 };
}
