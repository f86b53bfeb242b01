/* SPDX-License-Identifier: MIT */
/* Volumes of a plan: read from the command line, checked, found; see plan.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/launch/plan.h"

static int refuse(struct error *err, const char *text, const char *why)
{
	return error_set(err, 0, "-v %s: %s", text, why);
}

/* Takes SOURCE:PATH[:ro] apart, in volume->text. Returns SOURCE, or NULL, and err says why. */
static char *split(struct plan_volume *volume, const char *text, struct error *err)
{
	char *source = volume->text, *path = strchr(source, ':'), *option;

	if (!path || path == source || !path[1]) {
		refuse(err, text, "want SOURCE:PATH or SOURCE:PATH:ro");
		return NULL;
	}
	*path++ = '\0';
	option = strchr(path, ':');
	if (option)
		*option++ = '\0';
	if (option && strcmp(option, "ro") && strcmp(option, "rw")) {
		refuse(err, text, "want ro, rw or nothing behind PATH");
		return NULL;
	}
	volume->read_only = option && !strcmp(option, "ro");
	volume->path = path;
	return source;
}

/*
 * Where the layer has something of its own, and what is no plain way down from the root, nothing
 * can be mounted.
 */
static const char *path_is_wrong(char *path)
{
	size_t size = strlen(path);

	if (path[0] != '/')
		return "PATH is to be absolute";
	while (size > 1 && path[size - 1] == '/')
		path[--size] = '\0';
	if (size == 1)
		return "a volume can't be the root itself";
	if (strstr(path, "/../") || strstr(path, "/./") || !strcmp(path + size - 2, "/.") ||
	    (size > 2 && !strcmp(path + size - 3, "/..")))
		return "PATH has . or .. in it";
	if (strstr(path, "//"))
		return "PATH has an empty name in it";
	for (size_t i = 0; i < 2; i++) {
		const char *place = i ? "/sys" : "/proc";
		size_t length = strlen(place);

		if (!strncmp(path, place, length) && (!path[length] || path[length] == '/'))
			return "nothing can be mounted in /proc and /sys";
	}
	return NULL;
}

/*
 * From here on the volume is this directory, whatever its name leads to when the domain starts. The
 * name has no links in it: one that has some now is not the directory that was meant.
 */
static int open_source(struct plan_volume *volume, struct error *err)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };

	volume->fd = (int)syscall(SYS_openat2, AT_FDCWD, volume->source, &how, sizeof(how));
	if (volume->fd >= 0)
		return 0;
	if (errno == ELOOP)
		return error_set(err, 0, "volume %s: it is a link by now, or behind one",
				 volume->source);
	if (errno == ENOTDIR)
		return error_set(err, 0, "volume %s: it is no directory, and only directories can "
				 "be shared: share the one that it is in", volume->source);
	return error_set(err, errno, "volume %s", volume->source);
}

int plan_set_volume(struct plan_volume *volume, const char *source, int use, struct error *err)
{
	int error;

	volume->source = strdup(source);
	if (!volume->source)
		return error_set(err, ENOMEM, "volume %s", volume->name);
	error = open_source(volume, err);
	if (!error)
		volume->use = use;
	return error;
}

static int take(struct plan *plan, struct plan_volume *volume, const char *text, bool is_known,
		struct error *err)
{
	char *source = split(volume, text, err);
	const char *wrong = source ? path_is_wrong((char *)volume->path) : NULL;

	if (!source)
		return -EINVAL;
	if (wrong)
		return refuse(err, text, wrong);
	for (size_t i = 0; i < plan->volume_count; i++) {
		if (!strcmp(volume->path, plan->volumes[i].path))
			return refuse(err, text, "another volume is there");
	}
	if (source[0] != '/' && source[0] != '.') {
		if (strchr(source, '/'))
			return refuse(err, text, "a relative directory is to begin with ./ or ../");
		volume->name = source;
		return 0;
	}
	volume->source = is_known ? strdup(source) : realpath(source, NULL);
	if (!volume->source)
		return error_set(err, errno, "-v %s", text);
	if (strchr(volume->source, ':'))
		return refuse(err, text, "the directory's whole name has a colon in it");
	return open_source(volume, err);
}

static void volume_release(struct plan_volume *volume)
{
	free(volume->text);
	free(volume->source);
	fd_close(&volume->fd);
	fd_close(&volume->use);
}

static int add(struct plan *plan, const char *text, bool is_known, struct error *err)
{
	struct plan_volume fresh = { .fd = -1, .use = -1 }, *volume = &fresh;
	size_t place = plan->volume_count;
	int error;

	if (plan->volume_count == VOLUME_MAX)
		return error_set(err, 0, "-v %s: at most %u volumes", text, VOLUME_MAX);
	volume->text = strdup(text);
	if (!volume->text)
		return error_set(err, ENOMEM, "-v %s", text);
	error = take(plan, volume, text, is_known, err);
	if (error) {
		volume_release(volume);
		return error;
	}
	/* One that lies in another is mounted after that. */
	while (place && strlen(plan->volumes[place - 1].path) > strlen(volume->path))
		place--;
	memmove(&plan->volumes[place + 1], &plan->volumes[place],
		(plan->volume_count - place) * sizeof(*volume));
	plan->volumes[place] = *volume;
	plan->volume_count++;
	return 0;
}

int plan_add_volume(struct plan *plan, const char *text, struct error *err)
{
	return add(plan, text, false, err);
}

int plan_add_known_volume(struct plan *plan, const char *text, struct error *err)
{
	return add(plan, text, true, err);
}

int plan_check_volumes(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->volume_count; i++) {
		if (faccessat(plan->volumes[i].fd, ".", X_OK, 0))
			return error_set(err, errno, "volume %s", plan->volumes[i].source);
	}
	return 0;
}

void plan_release_volumes(struct plan *plan)
{
	for (size_t i = 0; i < plan->volume_count; i++)
		volume_release(&plan->volumes[i]);
	plan->volume_count = 0;
}

bool plan_path_is_shared(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->volume_count; i++) {
		size_t size = strlen(plan->volumes[i].path);

		if (!strncmp(path, plan->volumes[i].path, size) &&
		    (!path[size] || path[size] == '/'))
			return true;
	}
	return false;
}
