/* SPDX-License-Identifier: MIT */
/* Where things lie; see place.h. No locks. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/place.h"

static int set_path(char path[PLACE_SIZE], struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int set_path(char path[PLACE_SIZE], struct error *err, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(path, PLACE_SIZE, format, args);
	va_end(args);
	return size < 0 || size >= PLACE_SIZE ? error_set(err, ENAMETOOLONG, "%.200s...", path) : 0;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

int place_store(const char *option, char path[PLACE_SIZE], struct error *err)
{
	const char *place = option ? option : variable("MEZZO_STORE");

	if (place)
		return set_path(path, err, "%s", place);
	if (!geteuid())
		return set_path(path, err, "/var/lib/mezzo");
	if (variable("XDG_DATA_HOME"))
		return set_path(path, err, "%s/mezzo", variable("XDG_DATA_HOME"));
	if (variable("HOME"))
		return set_path(path, err, "%s/.local/share/mezzo", variable("HOME"));
	return error_set(err, 0, "where is the store? HOME is not set: say --store DIR");
}

int place_make_parents(const char *path, struct error *err)
{
	char part[PLACE_SIZE];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t size = (size_t)(slash - path);

		if (size >= sizeof(part))
			return error_set(err, ENAMETOOLONG, "%.200s...", path);
		memcpy(part, path, size);
		part[size] = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return error_set(err, errno, "can't make %s", part);
	}
	return 0;
}

int place_open_installed(const char *name, const char *what, char path[PLACE_SIZE],
			 struct error *err)
{
	static const char *const places[] = { ".", "../libexec/mezzo" };
	char own[PLACE_SIZE - 300];
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;
	int fd;

	if (size < 0)
		return error_set(err, errno, "can't find mezzo's own file by /proc/self/exe");
	own[size] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, PLACE_SIZE, "%s/%s/%.200s", own, places[i], name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return error_set(err, errno, "%s is neither %s/%s nor in %s/%s", what, own, name, own,
			 places[1]);
}
