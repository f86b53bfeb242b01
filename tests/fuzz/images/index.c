/* SPDX-License-Identifier: MIT */
/* Fuzz target: bytes as an index. Whatever the check passes must be readable to its last name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/index_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct visit {
	const struct index *index;
	bool checked;
	uint32_t names;
};

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void read_inode(const struct visit *visit, uint32_t number)
{
	struct index_attribute attribute;
	uint32_t offset = 0, size;
	const char *target;
	volatile char sum = 0;
	int result;

	while (!(result = index_xattr(visit->index, number, &offset, &attribute))) {
		for (uint32_t i = 0; i < attribute.value_size; i++)
			sum += attribute.value[i];
	}
	need(!visit->checked || result == -ENODATA);
	result = index_target(visit->index, number, &target, &size);
	need(!visit->checked || result == 0 || result == -EINVAL);
	for (uint32_t i = 0; !result && i < size; i++)
		sum += target[i];
}

static int visit_name(const char *path, const struct index_name *name, void *data)
{
	struct visit *visit = data;
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	const struct index_inode *inode = index_inode(visit->index, name->inode);
	uint32_t found;

	need(inode && strlen(last) == name->name_size &&
	     !memcmp(last, name->name, name->name_size));
	if (visit->checked && !slash) {
		need(!index_lookup(visit->index, INDEX_ROOT, last, name->name_size, &found));
		need(found == name->inode);
	}
	read_inode(visit, name->inode);
	return ++visit->names == 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned, and of exactly this size, so that a byte beyond is seen. */
	void *copy = malloc(size ? size : 1);
	struct index index;
	struct visit visit = { .index = &index };
	struct error err;
	uint32_t found;
	int result;

	need(copy);
	memcpy(copy, data, size);
	if (!index_init(&index, copy, size, &err)) {
		visit.checked = !index_check(&index, &err);
		result = index_walk(&index, INDEX_ROOT, visit_name, &visit);
		need(!visit.checked || result >= 0);
		index_lookup(&index, INDEX_ROOT, "etc", 3, &found);
		index_release(&index);
	}
	free(copy);
	return 0;
}
