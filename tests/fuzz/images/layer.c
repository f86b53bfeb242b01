/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: bytes as an OCI layer, fed to a builder. Whatever is taken must make an index that
 * passes its check.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/image/index_read.h"
#include "host/image/tar_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void check_index(struct builder *builder)
{
	struct index_file file;
	struct index index;
	struct error err;

	if (builder_finish(builder, &file, &err))
		return;
	need(!index_init(&index, file.data, file.size, &err));
	need(!index_check(&index, &err));
	index_file_release(&file);
}

static void feed(struct store *store, int fd, size_t size)
{
	struct blob blob = { .name = "layer", .fd = fd, .size = size };
	struct progress progress = { .what = "fuzz" };
	struct archive_entry *entry;
	struct tar_stream stream;
	struct builder builder;
	struct error err;

	need(!builder_init(&builder, store, &progress, 1 << 16, &err));
	if (!tar_open(&stream, &blob, NULL, NULL, &progress, &err) &&
	    tar_next(&stream, &entry, &err) > 0 && !tar_feed(&stream, entry, &builder, true, &err))
		check_index(&builder);
	else
		need(err.text[0]);
	tar_close(&stream);
	builder_release(&builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("layer", 0);
	struct store *store;
	struct error err;

	need(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	need(!store_open_memory(&store, &err) && !store_begin(store, &err));
	feed(store, fd, size);
	store_close(store);
	close(fd);
	return 0;
}
