/* SPDX-License-Identifier: MIT */
/* Opening an index; see index_read.h. No locks. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "host/image/index_read.h"

int index_init(struct index *index, const void *data, size_t size, struct error *err)
{
	const struct index_header *header = data;
	int result = index_begin(index, data, size);

	if (result == -EPROTO)
		return error_set(err, EPROTO,
				 "an index of version %u, and this program knows version %u: "
				 "import the image again",
				 header->version, INDEX_VERSION);
	if (!result)
		return 0;
	if (size >= sizeof(*header) && !memcmp(header->magic, INDEX_MAGIC, sizeof(header->magic)))
		return error_set(err, EUCLEAN, "a damaged index: its parts do not fit into it");
	return error_set(err, EUCLEAN, "this is no index of an image");
}

int index_open(struct index *index, int fd, struct error *err)
{
	struct stat status;
	void *data;
	int result;

	if (fstat(fd, &status))
		return error_set(err, errno, "index");
	if (status.st_size < (off_t)sizeof(struct index_header))
		return error_set(err, EUCLEAN, "this is no index of an image");
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return error_set(err, errno, "index");
	result = index_init(index, data, (size_t)status.st_size, err);
	if (result)
		munmap(data, (size_t)status.st_size);
	else
		index->mapped = true;
	return result;
}

void index_release(struct index *index)
{
	if (index->mapped)
		munmap((void *)(uintptr_t)index->data, index->size);
	*index = (struct index){ 0 };
}
