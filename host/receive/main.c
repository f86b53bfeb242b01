/* SPDX-License-Identifier: MIT */
/*
 * `mezzo-receive DEST`: reads the stream on standard input and makes what it tells; see receive.h.
 * Its exit status says nothing: the last line of the answer does.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/receive/receive.h"

/* Of the entry that is told; each ends in NUL. */
static char path[STREAM_PATH_MAX + 1], target[STREAM_TARGET_MAX + 1];
static char attributes[STREAM_ATTRIBUTES_MAX];

/* ---- Reading ---- */

static bool entry_read(struct entry *entry)
{
	const struct stream_record *record = &entry->record;

	if (!record->path_size || record->path_size > STREAM_PATH_MAX ||
	    record->target_size > STREAM_TARGET_MAX ||
	    record->attributes_size > STREAM_ATTRIBUTES_MAX)
		return false;
	if (!input_read(path, record->path_size) || !input_read(target, record->target_size) ||
	    !input_read(attributes, record->attributes_size))
		return false;
	path[record->path_size] = target[record->target_size] = '\0';
	entry->path = path;
	entry->target = target;
	entry->attributes = attributes;
	return path[0] == '.' && (!path[1] || path[1] == '/');
}

static bool bytes_take(struct maker *maker, const struct stream_record *record)
{
	uint64_t left = record->size, offset = record->offset;

	while (left) {
		const char *bytes;
		size_t size = input_piece(left < SIZE_MAX ? (size_t)left : SIZE_MAX, &bytes);

		if (!size)
			return false;
		maker_bytes(maker, bytes, size, offset);
		offset += size;
		left -= size;
	}
	return true;
}

/* True where all was told. */
static bool records_take(struct maker *maker)
{
	struct entry entry;

	while (!maker->is_full && input_read(&entry.record, sizeof(entry.record))) {
		switch (entry.record.type) {
		case STREAM_ENTRY:
			maker_break_off(maker);
			if (!entry_read(&entry))
				return false;
			maker_add(maker, &entry);
			break;
		case STREAM_BYTES:
			if (!bytes_take(maker, &entry.record))
				return false;
			break;
		case STREAM_END:
			maker_end(maker);
			break;
		default:
			return entry.record.type == STREAM_FINISH;
		}
	}
	return false;
}

static bool head_read(struct stream_head *head, char name[STREAM_NAME_MAX + 1])
{
	if (!input_read(head, sizeof(*head)))
		return false;
	if (memcmp(head->magic, STREAM_MAGIC, sizeof(head->magic)) ||
	    head->version != STREAM_VERSION || head->name_size > STREAM_NAME_MAX) {
		answer_error("mezzo-receive", "it is of another build than mezzo", EPROTO);
		return false;
	}
	name[head->name_size] = '\0';
	return input_read(name, head->name_size);
}

/* ---- Receiving ---- */

static char receive(const char *to)
{
	static struct maker maker = { .file = -1, .parent = -1 };
	char name[STREAM_NAME_MAX + 1];
	struct stream_head head;
	bool is_whole;

	if (!head_read(&head, name) || destination_open(to, head.kind, name, &maker.to))
		return ANSWER_NOTHING;
	maker.makes_parents = head.kind == STREAM_OF_ARCHIVE;
	is_whole = records_take(&maker);
	maker_break_off(&maker);
	maker_settle(&maker);
	if (is_whole && !maker.failed)
		return ANSWER_DONE;
	if (!maker.made)
		return ANSWER_NOTHING;
	return is_whole ? ANSWER_PART : ANSWER_STOPPED;
}

int main(int argc, char **argv)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
	char how;

	if (fd_secure_standard() || argc != 2 || !*argv[1])
		return EXIT_FAILURE;
	umask(0);
	/* Then the stream ends, too: what is half is removed before we go. */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	how = receive(argv[1]);
	answer_end(how);
	return how == ANSWER_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
