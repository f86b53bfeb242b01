/* SPDX-License-Identifier: MIT */
/* A tar as a sink of copies; see copy.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/copy.h"
#include "host/image/tar_write.h"

struct tar_sink {
	struct copy_sink sink;
	struct tar_output output;
	uint64_t at, size;		/* of the file that is told */
};

static struct tar_sink *of(struct copy_sink *sink)
{
	return (struct tar_sink *)sink;
}

static int tar_add(struct copy_sink *sink, const struct copy_entry *entry, struct error *err)
{
	struct tar_sink *tar = of(sink);
	struct pax_entry header = {
		.type = entry->hard_link ? PAX_HARD_LINK : pax_type_of(entry->mode),
		.path = entry->path,
		.target = entry->hard_link ? entry->hard_link : entry->target,
		.mode = entry->mode, .uid = entry->uid, .gid = entry->gid,
		.rdev_major = entry->rdev_major, .rdev_minor = entry->rdev_minor,
		.size = entry->size, .mtime_ns = entry->mtime_ns,
	};
	int result = 0;

	if (entry->hard_link)
		header.size = 0;
	for (size_t i = 0; !entry->hard_link && i < entry->attribute_count && !result; i++) {
		const struct merged_attribute *attribute = &entry->attributes[i];

		result = pax_xattr(&tar->output.pax, attribute->name, attribute->name_size,
				   attribute->value, attribute->value_size, err);
	}
	tar->at = 0;
	tar->size = header.size;
	return result ? result : tar_output_header(&tar->output, &header, err);
}

/* Zeros up to an offset of the file. */
static int tar_zeros(struct tar_sink *tar, uint64_t to, struct error *err)
{
	static const char zeros[65536];
	int result = 0;

	while (tar->at < to && !result) {
		size_t size = to - tar->at < sizeof(zeros) ? (size_t)(to - tar->at)
							   : sizeof(zeros);

		result = tar_output_bytes(&tar->output, zeros, size, err);
		tar->at += size;
	}
	return result;
}

static int tar_bytes(struct copy_sink *sink, const void *data, size_t size, uint64_t offset,
		     struct error *err)
{
	struct tar_sink *tar = of(sink);
	int result = tar_zeros(tar, offset, err);

	tar->at += size;
	return result ? result : tar_output_bytes(&tar->output, data, size, err);
}

static int tar_end(struct copy_sink *sink, struct error *err)
{
	struct tar_sink *tar = of(sink);
	int result = tar_zeros(tar, tar->size, err);

	return result ? result : tar_output_pad(&tar->output, err);
}

static int tar_finish(struct copy_sink *sink, struct error *err)
{
	return tar_output_end(&of(sink)->output, err);
}

struct copy_sink *tar_sink_create(int fd, struct error *err)
{
	struct tar_sink *tar = calloc(1, sizeof(*tar));

	if (!tar) {
		error_set(err, ENOMEM, "archive");
		return NULL;
	}
	tar->sink = (struct copy_sink){ .add = tar_add, .bytes = tar_bytes, .end = tar_end,
					.drop = tar_end, .finish = tar_finish };
	if (!tar_output_open(&tar->output, fd, NULL, err))
		return &tar->sink;
	free(tar);
	return NULL;
}

void tar_sink_free(struct copy_sink *sink)
{
	tar_output_release(&of(sink)->output);
	free(sink);
}
