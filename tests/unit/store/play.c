/* SPDX-License-Identifier: MIT */
/* What tests of the object store share; see play.h. */
#include <stdio.h>
#include <stdlib.h>

#include "host/base/id_list.h"
#include "tests/unit/store/play.h"

struct error play_error;
char play_findings[4096];
static char directory[64];
static const char *place = "/tmp";

const char *play_directory(void)
{
	if (!directory[0]) {
		snprintf(directory, sizeof(directory), "%s/mezzo-store-XXXXXX", place);
		if (!mkdtemp(directory))
			abort();
	}
	return directory;
}

void play_in_memory(void)
{
	if (!access("/dev/shm", W_OK))
		place = "/dev/shm";
}

void play_run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

void play_remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", play_directory());
	play_run(command);
	directory[0] = '\0';
}

const char *play_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", play_directory(), name);
	return path;
}

struct store *play_begin(void)
{
	struct store *store;

	must(store_open_disk(play_path("store"), 0, &store, &play_error));
	must(store_begin(store, &play_error));
	return store;
}

void play_commit(struct store *store)
{
	must(store_commit(store, &play_error));
	store_close(store);
}

object_id play_object(struct store *store, const void *bytes, size_t size)
{
	object_id id;

	must(object_create(store, &id, &play_error));
	must(object_write(store, id, bytes, size, 0, &play_error));
	return id;
}

object_id play_sealed(struct store *store, const char *text)
{
	object_id sealed, id = play_object(store, text, strlen(text));

	must(object_seal(store, id, &sealed, &play_error));
	return sealed;
}

const char *play_text(struct store *store, object_id id)
{
	static char text[4096];
	ssize_t size = object_read(store, id, text, sizeof(text) - 1, 0, &play_error);

	if (size < 0)
		fail_msg("%s", play_error.text);
	text[size] = '\0';
	return text;
}

static void note_finding(const char *line, void *data)
{
	size_t used = strlen(play_findings);

	(void)data;
	snprintf(play_findings + used, sizeof(play_findings) - used, "%s\n", line);
}

unsigned play_check(const char *path, bool repair, unsigned *found)
{
	uint64_t found_count, left_count;
	struct id_list lost;

	play_findings[0] = '\0';
	must(store_check(path, repair, note_finding, NULL, &found_count, &left_count, &lost,
			 &play_error));
	free(lost.ids);
	if (found)
		*found = (unsigned)found_count;
	return (unsigned)left_count;
}
