/* SPDX-License-Identifier: MIT */
/* The stream to mezzo-receive as a sink of copies; see copy.h and host/receive/stream.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/change/copy.h"
#include "host/image/progress.h"
#include "host/receive/stream.h"

#define BUFFER_SIZE (128u << 10)

struct stream_sink {
	struct copy_sink sink;
	int fd;
	bool archive;
	struct progress *progress;
	size_t used;			/* of buffer */
	char buffer[BUFFER_SIZE];
};

static struct stream_sink *of(struct copy_sink *sink)
{
	return (struct stream_sink *)sink;
}

/* ---- Bytes ---- */

static int write_all(int fd, const char *data, size_t size, struct error *err)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set(err, errno, "can't send");
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static int flush(struct stream_sink *stream, struct error *err)
{
	size_t size = stream->used;

	stream->used = 0;
	return write_all(stream->fd, stream->buffer, size, err);
}

static int put(struct stream_sink *stream, const void *data, size_t size, struct error *err)
{
	int result = 0;

	if (size > sizeof(stream->buffer) - stream->used)
		result = flush(stream, err);
	if (!result && size > sizeof(stream->buffer))
		return write_all(stream->fd, data, size, err);
	if (!result) {
		memcpy(stream->buffer + stream->used, data, size);
		stream->used += size;
	}
	return result;
}

/* ---- Entries ---- */

static size_t attributes_size(const struct copy_entry *entry)
{
	size_t size = 0;

	for (size_t i = 0; i < entry->attribute_count; i++)
		size += sizeof(struct stream_attribute) + entry->attributes[i].name_size +
			entry->attributes[i].value_size;
	return size;
}

static int put_attributes(struct stream_sink *stream, const struct copy_entry *entry,
			  struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < entry->attribute_count && !result; i++) {
		const struct merged_attribute *from = &entry->attributes[i];
		struct stream_attribute head = { from->name_size, from->value_size };

		result = put(stream, &head, sizeof(head), err);
		if (!result)
			result = put(stream, from->name, from->name_size, err);
		if (!result)
			result = put(stream, from->value, from->value_size, err);
	}
	return result;
}

static int put_entry(struct stream_sink *stream, const struct copy_entry *entry, struct error *err)
{
	const char *target = entry->hard_link ? entry->hard_link : entry->target;
	struct stream_record record = {
		.type = STREAM_ENTRY, .mode = entry->mode, .uid = entry->uid, .gid = entry->gid,
		.rdev_major = entry->rdev_major, .rdev_minor = entry->rdev_minor,
		.path_size = (uint32_t)strlen(entry->path),
		.target_size = target ? (uint32_t)strlen(target) : 0,
		.is_hard_link = entry->hard_link != NULL,
		.mtime_ns = entry->mtime_ns, .size = entry->size,
	};
	size_t attributes = stream->archive && !entry->hard_link ? attributes_size(entry) : 0;
	int result;

	if (!stream->archive) {
		record.uid = record.gid = 0;
		record.mode &= S_IFMT | 0777;
	}
	if (record.path_size > STREAM_PATH_MAX || record.target_size > STREAM_TARGET_MAX)
		return error_set(err, ENAMETOOLONG, "can't send it");
	if (attributes > STREAM_ATTRIBUTES_MAX)
		return error_set(err, E2BIG, "its extended attributes");
	record.attributes_size = (uint32_t)attributes;
	result = put(stream, &record, sizeof(record), err);
	if (!result)
		result = put(stream, entry->path, record.path_size, err);
	if (!result && target)
		result = put(stream, target, record.target_size, err);
	return result || !attributes ? result : put_attributes(stream, entry, err);
}

static int stream_add(struct copy_sink *sink, const struct copy_entry *entry, struct error *err)
{
	bool is_device = S_ISCHR(entry->mode) || S_ISBLK(entry->mode);

	if (S_ISSOCK(entry->mode) || (is_device && !of(sink)->archive)) {
		sink->left_out++;
		return 0;
	}
	progress_add(of(sink)->progress, 1, 0);
	return put_entry(of(sink), entry, err);
}

static int stream_bytes(struct copy_sink *sink, const void *data, size_t size, uint64_t offset,
			struct error *err)
{
	struct stream_record record = { .type = STREAM_BYTES, .size = size, .offset = offset };
	int result = put(of(sink), &record, sizeof(record), err);

	progress_add(of(sink)->progress, 0, size);
	return result ? result : put(of(sink), data, size, err);
}

static int stream_end(struct copy_sink *sink, struct error *err)
{
	struct stream_record record = { .type = STREAM_END };

	return put(of(sink), &record, sizeof(record), err);
}

/* Who receives keeps no file that has not ended. */
static int stream_drop(struct copy_sink *sink, struct error *err)
{
	(void)sink;
	(void)err;
	return 0;
}

static int stream_finish(struct copy_sink *sink, struct error *err)
{
	struct stream_record record = { .type = STREAM_FINISH };
	int result = put(of(sink), &record, sizeof(record), err);

	return result ? result : flush(of(sink), err);
}

/* ---- Making one ---- */

struct copy_sink *stream_sink_create(int fd, enum stream_kind kind, const char *name, bool archive,
				     struct progress *progress, struct error *err)
{
	struct stream_head head = { .version = STREAM_VERSION, .kind = kind,
				    .name_size = (uint32_t)strlen(name) };
	struct stream_sink *stream = NULL;

	if (head.name_size > STREAM_NAME_MAX)
		error_set(err, ENAMETOOLONG, "%.100s", name);
	else if (!(stream = calloc(1, sizeof(*stream))))
		error_set(err, ENOMEM, "copy");
	if (!stream)
		return NULL;
	stream->sink = (struct copy_sink){ .add = stream_add, .bytes = stream_bytes,
					   .end = stream_end, .drop = stream_drop,
					   .finish = stream_finish };
	stream->fd = fd;
	stream->archive = archive;
	stream->progress = progress;
	memcpy(head.magic, STREAM_MAGIC, sizeof(head.magic));
	if (!put(stream, &head, sizeof(head), err) && !put(stream, name, head.name_size, err))
		return &stream->sink;
	free(stream);
	return NULL;
}

void stream_sink_free(struct copy_sink *sink)
{
	free(sink);
}
