/* SPDX-License-Identifier: MIT */
/* Records of images; see record.h. No locks. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/image/record.h"

#define LATEST ":latest"

_Static_assert(sizeof(struct record_head) == 72, "struct record_head is a file format");

static bool is_name(const char *text)
{
	size_t size = strcspn(text, ":");
	const char *tag = text[size] ? text + size + 1 : NULL;

	if (!size || !isalnum((unsigned char)text[0]) || strstr(text, "//") || strstr(text, ".."))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("._-/", text[i]))
			return false;
	}
	if (text[size - 1] == '/')
		return false;
	for (size_t i = 0; tag && tag[i]; i++) {
		if (!isalnum((unsigned char)tag[i]) && !strchr("._-", tag[i]))
			return false;
	}
	return !tag || tag[0];
}

int image_name(const char *text, char name[IMAGE_NAME_SIZE], struct error *err)
{
	size_t size = strlen(text), suffix = strlen(LATEST);

	if (!is_name(text))
		return error_set(err, 0,
				 "'%.100s' is no name of an image: NAME[:TAG] of letters, digits "
				 "and ._-/",
				 text);
	if (size >= IMAGE_NAME_SIZE)
		return error_set(err, 0, "name %.60s...: longer than %u bytes", text,
				 RECORD_NAME_MAX);
	memcpy(name, text, size + 1);
	if (size > suffix && !strcmp(name + size - suffix, LATEST))
		name[size - suffix] = '\0';
	return 0;
}

int image_decode(const void *value, size_t size, struct image *image, struct error *err)
{
	struct image out = { 0 };
	const char *at = (const char *)value + sizeof(out.head);

	if (size < sizeof(out.head) || memcmp(value, RECORD_MAGIC, sizeof(out.head.magic)))
		return error_set(err, EUCLEAN, "the record of an image is damaged");
	memcpy(&out.head, value, sizeof(out.head));
	if (out.head.version < 1 || out.head.version > RECORD_VERSION)
		return error_set(err, EPROTO,
				 "the record of an image has version %u and this program knows %u",
				 out.head.version, RECORD_VERSION);
	size -= sizeof(out.head);
	if ((uint64_t)out.head.source_size + out.head.config_size + out.head.launch_size != size)
		return error_set(err, EUCLEAN, "the record of an image is damaged");
	out.source = strndup(at, out.head.source_size);
	at += out.head.source_size;
	out.config = strndup(at, out.head.config_size);
	out.launch = malloc(out.head.launch_size + 1);
	if (out.source && out.config && out.launch) {
		memcpy(out.launch, at + out.head.config_size, out.head.launch_size);
	} else {
		image_release(&out);
		return error_set(err, ENOMEM, "record of an image");
	}
	*image = out;
	return 0;
}

static int no_image(const char *name, struct error *err)
{
	error_set(err, 0, "there is no image %s: see `mezzo image ls`", name);
	return -ENOENT;
}

int image_load(struct store *store, const char *name, struct image *image, struct error *err)
{
	char *value = malloc(RECORD_VALUE_MAX);
	ssize_t size;
	int result;

	if (!value)
		return error_set(err, ENOMEM, "image %s", name);
	size = record_get(store, RECORD_IMAGE, name, value, RECORD_VALUE_MAX, err);
	if (size == -ENOENT)
		result = no_image(name, err);
	else
		result = size < 0 ? (int)size : image_decode(value, (size_t)size, image, err);
	free(value);
	return result;
}

void image_release(struct image *image)
{
	free(image->source);
	free(image->config);
	free(image->launch);
	*image = (struct image){ 0 };
}

int image_save(struct store *store, const char *name, const struct image *image, bool replace,
	       struct error *err)
{
	struct record_head head = image->head;
	size_t source_size = strlen(image->source), config_size = strlen(image->config);
	size_t size = sizeof(head) + source_size + config_size + head.launch_size;
	char *value;
	int result;

	if (size > RECORD_VALUE_MAX)
		return error_set(err, E2BIG, "the config has %zu bytes, more than a record takes",
				 config_size);
	memcpy(head.magic, RECORD_MAGIC, sizeof(head.magic));
	head.version = RECORD_VERSION;
	head.source_size = (uint32_t)source_size;
	head.config_size = (uint32_t)config_size;
	value = malloc(size);
	if (!value)
		return error_set(err, ENOMEM, "image %s", name);
	memcpy(value, &head, sizeof(head));
	memcpy(value + sizeof(head), image->source, source_size);
	memcpy(value + sizeof(head) + source_size, image->config, config_size);
	if (head.launch_size)
		memcpy(value + size - head.launch_size, image->launch, head.launch_size);
	result = record_put(store, RECORD_IMAGE, name, value, size, !replace, err);
	free(value);
	return result;
}

int image_check_there(struct store *store, const char *name, struct error *err)
{
	ssize_t size = record_get(store, RECORD_IMAGE, name, NULL, 0, err);

	if (size < 0)
		return size == -ENOENT ? no_image(name, err) : (int)size;
	return 0;
}

int image_check_free(struct store *store, const char *name, struct error *err)
{
	ssize_t size = record_get(store, RECORD_IMAGE, name, NULL, 0, err);

	if (size < 0)
		return size == -ENOENT ? 0 : (int)size;
	error_set(err, 0, "there is an image %s already: say --replace, or another name", name);
	err->code = EEXIST;
	return -EEXIST;
}

int image_delete(struct store *store, const char *name, struct error *err)
{
	struct image image;
	int result = image_load(store, name, &image, err);

	if (result)
		return result;
	result = mapping_delete(store, image.head.mapping, err);
	if (!result)
		result = record_delete(store, RECORD_IMAGE, name, err);
	image_release(&image);
	return result;
}

struct copy {
	struct store *store;
	mapping_id to;
	struct error *err;
};

static int copy_entry(uint64_t local, object_id object, void *data)
{
	struct copy *copy = data;
	int result = object_get(copy->store, object, copy->err);

	return result ? result : mapping_set(copy->store, copy->to, local, object, copy->err);
}

int image_copy(struct store *store, const char *from, const char *to, bool replace,
	       struct error *err)
{
	struct copy copy = { .store = store, .err = err };
	struct image image;
	mapping_id mapping;
	int result = image_load(store, from, &image, err);

	if (result)
		return result;
	result = mapping_create(store, 0, &copy.to, err);
	mapping = image.head.mapping;
	if (!result)
		result = mapping_visit(store, mapping, copy_entry, &copy, err);
	if (!result && replace && record_get(store, RECORD_IMAGE, to, NULL, 0, err) >= 0)
		result = image_delete(store, to, err);
	image.head.mapping = copy.to;
	if (!result)
		result = image_save(store, to, &image, replace, err);
	image_release(&image);
	return result;
}

int image_index(struct store *store, mapping_id mapping, struct index *index,
		struct error *err)
{
	object_id object;
	int fd, result = mapping_get(store, mapping, IMAGE_INDEX_LOCAL, &object, err);

	if (result)
		return result;
	fd = object_open(store, object, false, err);
	if (fd < 0)
		return fd;
	result = index_open(index, fd, err);
	close(fd);
	return result;
}
