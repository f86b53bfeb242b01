/* SPDX-License-Identifier: MIT */
/* Records of domains; see record.h. No locks: a record belongs to one thread. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boundary/overlay_read.h"
#include "host/base/fd.h"
#include "host/base/owner.h"
#include "host/domain/record.h"

#define VERSION_LINE "version 2\n"
#define UNGUARDED_LINE "version 1\n"	/* of as many bytes; its last line may lack */
#define VERSION_SIZE (sizeof(VERSION_LINE) - 1)
#define GUARD_FORMAT "guard %08x\n"	/* the last line; of all bytes before it */
#define GUARD_SIZE 15
#define SIZE_MAX_BYTES (16 << 20)	/* the boundary takes 3 MiB of texts, written at 3 to 1 */

enum kind { KIND_TEXT, KIND_LIST, KIND_NUMBER, KIND_FLAG };

#define FIELD(key, kind, member) { key, kind, offsetof(struct domain_record, member) }

static const struct field {
	const char *key;
	enum kind kind;
	size_t offset;
} fields[] = {
	FIELD("image", KIND_TEXT, image),
	FIELD("mapping", KIND_NUMBER, mapping),
	FIELD("config", KIND_TEXT, config),
	FIELD("rootfs", KIND_TEXT, rootfs),
	FIELD("argument", KIND_LIST, arguments),
	FIELD("variable", KIND_LIST, environment),
	FIELD("volume", KIND_LIST, volumes),
	FIELD("workdir", KIND_TEXT, workdir),
	FIELD("user", KIND_TEXT, user),
	FIELD("hostname", KIND_TEXT, hostname),
	FIELD("layer", KIND_TEXT, layer_file),
	FIELD("log-file", KIND_TEXT, log_file),
	FIELD("interactive", KIND_FLAG, interactive),
	FIELD("terminal", KIND_FLAG, terminal),
	FIELD("remove", KIND_FLAG, remove),
	FIELD("trace", KIND_FLAG, trace),
	FIELD("verbose", KIND_FLAG, verbose),
	FIELD("no-key", KIND_FLAG, no_key),
	FIELD("disk", KIND_NUMBER, disk_limit),
	FIELD("log-size", KIND_NUMBER, log_size),
	FIELD("created", KIND_NUMBER, created_ns),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static void *field_of(const struct domain_record *record, const struct field *field)
{
	return (char *)record + field->offset;
}

/* The last line for the bytes before it, whose address is aligned to 8. */
static void print_guard(char line[GUARD_SIZE + 1], const char *text, size_t size)
{
	size_t whole = size / 8 * 8;
	uint64_t last[2] = { 0, size };
	uint32_t sum = overlay_checksum(~0u, text, whole);

	memcpy(last, text + whole, size - whole);
	snprintf(line, GUARD_SIZE + 1, GUARD_FORMAT, overlay_checksum(sum, last, sizeof(last)));
}

/* ---- Reading ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes %XX back, in place. Returns 0 or -EUCLEAN. */
static int unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (digit(text[1]) < 0 || digit(text[2]) < 0)
			return -EUCLEAN;
		*to = (char)(digit(text[1]) << 4 | digit(text[2]));
		if (!*to++)
			return -EUCLEAN;
		text += 2;
	}
	*to = '\0';
	return 0;
}

static int take_number(const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno || *end || end == text ? -EUCLEAN : 0;
}

static int take_value(struct domain_record *record, const struct field *field, char *value)
{
	void *at = field_of(record, field);
	int error;

	if (field->kind == KIND_NUMBER)
		return take_number(value, at);
	if (field->kind == KIND_FLAG) {
		*(bool *)at = !strcmp(value, "1");
		return 0;
	}
	error = unescape(value);
	if (error)
		return error;
	if (field->kind == KIND_LIST)
		return strings_add(at, value);
	*(char **)at = value;
	return 0;
}

static int take_line(struct domain_record *record, char *line)
{
	size_t key_size = strcspn(line, " ");

	if (!line[key_size])
		return -EUCLEAN;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strlen(fields[i].key) == key_size && !strncmp(fields[i].key, line, key_size))
			return take_value(record, &fields[i], line + key_size + 1);
	}
	return strings_add(&record->unknown, line);
}

/*
 * Checks the last line and cuts it off: a key that lost a bit would be one that is not known, and
 * the domain without its user or its limits. Returns 0 or -EUCLEAN.
 */
static int take_guard(char *text, bool is_due)
{
	size_t size = strlen(text), end = size < GUARD_SIZE ? 0 : size - GUARD_SIZE;
	char guard[GUARD_SIZE + 1];

	if (!end || text[end - 1] != '\n' || strncmp(text + end, "guard ", 6))
		return is_due ? -EUCLEAN : 0;
	print_guard(guard, text, end);
	if (strcmp(text + end, guard))
		return -EUCLEAN;
	text[end] = '\0';
	return 0;
}

/* All lines behind the first; each ends with a newline, the last one too. */
static int take_lines(struct domain_record *record, char *text)
{
	int error = 0;

	while (!error && *text) {
		char *end = strchr(text, '\n');

		if (!end)
			return -EUCLEAN;
		*end = '\0';
		error = take_line(record, text);
		text = end + 1;
	}
	if (!error && (!record->arguments.count || !record->hostname || !record->workdir ||
		       !record->image == !record->rootfs))
		error = -EUCLEAN;
	return error;
}

static int read_file(int folder_fd, char **text, struct error *err)
{
	int fd = openat(folder_fd, "record", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	ssize_t size = -1;

	if (fd < 0)
		return error_set(err, errno, "its record");
	if (owner_check(fd, "its record", err)) {
		close(fd);
		return -EPERM;
	}
	*text = NULL;
	if (!fstat(fd, &status) && status.st_size < SIZE_MAX_BYTES)
		*text = malloc((size_t)status.st_size + 1);
	if (*text)
		size = read(fd, *text, (size_t)status.st_size);
	close(fd);
	if (size != status.st_size || !*text) {
		free(*text);
		return error_set(err, EIO, "its record can't be read");
	}
	(*text)[size] = '\0';
	return strlen(*text) == (size_t)size ? 0 : -EUCLEAN;
}

/* ---- The last run ---- */

/* Each time as many bytes, in one sector, so that they are written where they are. */
#define RUN_FORMAT "started %020lld\nfinished %020lld\nstatus %010lld\nmonitor %010lld\n" \
		   "reason %010lld\n"
#define RUN_SIZE 114
#define RUN_SCAN "started %lld finished %lld status %lld monitor %lld reason %lld"

int domain_record_save_run(int folder_fd, const struct domain_record *record, struct error *err)
{
	char text[RUN_SIZE + 1];
	int fd, error = 0;

	snprintf(text, sizeof(text), RUN_FORMAT, (long long)record->started_ns,
		 (long long)record->finished_ns, (long long)record->status,
		 (long long)record->monitor, (long long)record->reason);
	fd = openat(folder_fd, "run", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0600);
	error = fd < 0 ? -errno : fd_pwrite_all(fd, text, RUN_SIZE, 0);
	fd_close(&fd);
	return error ? error_set(err, -error, "can't note how it runs") : 0;
}

void domain_record_load_run(int folder_fd, struct domain_record *record)
{
	int fd = openat(folder_fd, "run", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	long long started, finished, status, monitor = 0, reason = REASON_NONE;
	char text[RUN_SIZE + 1];
	ssize_t size = fd < 0 ? -1 : read(fd, text, RUN_SIZE);

	fd_close(&fd);
	text[size > 0 ? size : 0] = '\0';
	/* Where it is one of a former version, the last ones are not in it. */
	if (sscanf(text, RUN_SCAN, &started, &finished, &status, &monitor, &reason) < 3)
		return;
	record->started_ns = started;
	record->finished_ns = finished;
	record->status = status;
	record->monitor = monitor;
	record->reason = reason;
}

int domain_record_load(int folder_fd, struct domain_record *record, struct error *err)
{
	struct domain_record out = { 0 };
	int error = read_file(folder_fd, &out.storage, err);
	bool is_guarded = !error && !strncmp(out.storage, VERSION_LINE, VERSION_SIZE);

	if (error && error != -EUCLEAN)
		return error;
	if (!error && strncmp(out.storage, "version ", 8))
		error = -EUCLEAN;
	if (!error && !is_guarded && strncmp(out.storage, UNGUARDED_LINE, VERSION_SIZE)) {
		error = error_set(err, EPROTO, "its record is of %.20s and this program knows %.*s",
				  strtok(out.storage, "\n"), (int)VERSION_SIZE - 1, VERSION_LINE);
		free(out.storage);
		return error;
	}
	if (!error)
		error = take_guard(out.storage, is_guarded);
	if (!error)
		error = take_lines(&out, out.storage + VERSION_SIZE);
	if (error) {
		domain_record_release(&out);
		error_set(err, error == -EUCLEAN ? 0 : -error, "its record%s", error == -EUCLEAN ?
			  " is damaged: `mezzo rm` removes it" : "");
		err->code = -error;
		return error;
	}
	domain_record_load_run(folder_fd, &out);
	*record = out;
	return 0;
}

/* ---- Writing ---- */

static void print_value(FILE *file, const char *key, const char *value)
{
	fprintf(file, "%s ", key);
	for (; *value; value++) {
		if (*value == '%' || iscntrl((unsigned char)*value))
			fprintf(file, "%%%02X", (unsigned char)*value);
		else
			fputc(*value, file);
	}
	fputc('\n', file);
}

static void print_field(FILE *file, const struct domain_record *record, const struct field *field)
{
	const void *at = field_of(record, field);
	const struct strings *list = at;

	switch (field->kind) {
	case KIND_TEXT:
		if (*(char *const *)at)
			print_value(file, field->key, *(char *const *)at);
		break;
	case KIND_LIST:
		for (size_t i = 0; i < list->count; i++)
			print_value(file, field->key, list->items[i]);
		break;
	case KIND_NUMBER:
		if (*(const int64_t *)at)
			fprintf(file, "%s %lld\n", field->key, *(const long long *)at);
		break;
	case KIND_FLAG:
		if (*(const bool *)at)
			fprintf(file, "%s 1\n", field->key);
	}
}

/* All of the file but its guard, in memory, to be freed; NULL where there is no room. */
static char *print_record(const struct domain_record *record, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);

	if (!file)
		return NULL;
	fputs(VERSION_LINE, file);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		print_field(file, record, &fields[i]);
	for (size_t i = 0; i < record->unknown.count; i++)
		fprintf(file, "%s\n", record->unknown.items[i]);
	if (!fclose(file))
		return text;
	free(text);
	return NULL;
}

int domain_record_save(int folder_fd, const struct domain_record *record, struct error *err)
{
	size_t size;
	char *text = print_record(record, &size), guard[GUARD_SIZE + 1];
	int error, fd;

	if (!text)
		return error_set(err, ENOMEM, "record of a domain");
	print_guard(guard, text, size);
	fd = openat(folder_fd, "record.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK, 0600);
	error = fd < 0 ? -errno : fd_pwrite_all(fd, text, size, 0);
	if (!error)
		error = fd_pwrite_all(fd, guard, GUARD_SIZE, (long)size);
	/* Before it has its name: a file system may make names durable before bytes. */
	if (!error && fsync(fd))
		error = -errno;
	fd_close(&fd);
	free(text);
	if (!error && renameat(folder_fd, "record.new", folder_fd, "record"))
		error = -errno;
	return error ? error_set(err, -error, "can't write the record") : 0;
}

void domain_record_release(struct domain_record *record)
{
	strings_release(&record->arguments);
	strings_release(&record->environment);
	strings_release(&record->volumes);
	strings_release(&record->unknown);
	free(record->storage);
	*record = (struct domain_record){ 0 };
}

int64_t domain_record_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}
