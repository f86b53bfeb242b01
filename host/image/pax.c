/* SPDX-License-Identifier: MIT */
/* Headers of tar; see pax.h. No locks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/pax.h"

#define SECOND_NS 1000000000ll
#define OCTAL_MAX(digits) ((1ull << 3 * (digits)) - 1)

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type,
		target[100];
	char magic[8], owner[32], group[32], rdev_major[8], rdev_minor[8], prefix[155], unused[12];
};

_Static_assert(sizeof(struct header) == PAX_BLOCK, "a header is a block");

enum pax_type pax_type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return PAX_DIRECTORY;
	case S_IFLNK:
		return PAX_SYMBOLIC_LINK;
	case S_IFCHR:
		return PAX_CHARACTER;
	case S_IFBLK:
		return PAX_BLOCK_DEVICE;
	case S_IFIFO:
		return PAX_FIFO;
	}
	return PAX_FILE;
}

static int reserve(struct pax *pax, size_t size, struct error *err)
{
	size_t room = 2 * (pax->size + size);
	char *data;

	if (pax->size + size <= pax->room)
		return 0;
	data = realloc(pax->data, room);
	if (!data)
		return error_set(err, ENOMEM, "header of a tar");
	pax->data = data;
	pax->room = room;
	return 0;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too. */
static int add_record(struct pax *pax, const char *key, size_t key_size, const void *value,
		      size_t size, struct error *err)
{
	size_t rest = key_size + size + 3, whole = rest + 1;
	int result;

	while (whole < rest + (size_t)snprintf(NULL, 0, "%zu", whole))
		whole++;
	result = reserve(pax, whole + 1, err);
	if (result)
		return result;
	pax->size += (size_t)sprintf(pax->data + pax->size, "%zu ", whole);
	memcpy(pax->data + pax->size, key, key_size);
	pax->size += key_size;
	pax->data[pax->size++] = '=';
	if (size)
		memcpy(pax->data + pax->size, value, size);
	pax->size += size;
	pax->data[pax->size++] = '\n';
	return 0;
}

static int add_text(struct pax *pax, const char *key, const char *value, struct error *err)
{
	return add_record(pax, key, strlen(key), value, strlen(value), err);
}

/* Where the number does not fit into so many octal digits. */
static int add_number(struct pax *pax, const char *key, uint64_t value, int digits,
		      struct error *err)
{
	char text[24];

	if (value <= OCTAL_MAX(digits))
		return 0;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return add_text(pax, key, text, err);
}

static int add_time(struct pax *pax, int64_t time_ns, struct error *err)
{
	int64_t part = time_ns % SECOND_NS, seconds = time_ns / SECOND_NS;
	char text[48];

	if (!part && seconds >= 0)
		return 0;
	snprintf(text, sizeof(text), "%s%lld.%09lld", time_ns < 0 ? "-" : "", llabs(seconds),
		 llabs(part));
	return add_text(pax, "mtime", text, err);
}

static int is_utf8(const char *text)
{
	return mbstowcs(NULL, text, 0) != (size_t)-1;
}

/* Names that are no UTF-8 are told as the bytes that they are. */
static int add_names(struct pax *pax, const struct pax_entry *entry, struct error *err)
{
	int long_path = strlen(entry->path) > sizeof(((struct header *)0)->name);
	int long_target = entry->target &&
			  strlen(entry->target) > sizeof(((struct header *)0)->target);
	int result = 0;

	if ((long_path && !is_utf8(entry->path)) || (long_target && !is_utf8(entry->target)))
		result = add_text(pax, "hdrcharset", "BINARY", err);
	if (!result && long_path)
		result = add_text(pax, "path", entry->path, err);
	if (!result && long_target)
		result = add_text(pax, "linkpath", entry->target, err);
	return result;
}

int pax_xattr(struct pax *pax, const char *name, size_t name_size, const void *value, size_t size,
	      struct error *err)
{
	static const char prefix[] = "SCHILY.xattr.";
	char key[sizeof(prefix) + 256];

	if (name_size > 255 || memchr(name, '=', name_size))
		return error_set(err, 0, "extended attribute %.*s: tar can't tell such a name",
				 (int)name_size, name);
	memcpy(key, prefix, sizeof(prefix) - 1);
	memcpy(key + sizeof(prefix) - 1, name, name_size);
	return add_record(pax, key, sizeof(prefix) - 1 + name_size, value, size, err);
}

/* All digits and a NUL; a number that does not fit is told by a record, and 0 here. */
static void put_octal(char *field, size_t size, uint64_t value)
{
	char text[24];

	if (value > OCTAL_MAX(size - 1))
		value = 0;
	snprintf(text, sizeof(text), "%0*llo", (int)size - 1, (unsigned long long)value);
	memcpy(field, text, size);
}

static void put_text(char *field, size_t size, const char *text)
{
	memcpy(field, text, strnlen(text, size));
}

static void put_header(struct header *header, const struct pax_entry *entry)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned int sum = 0;

	memset(header, 0, sizeof(*header));
	put_text(header->name, sizeof(header->name), entry->path);
	put_octal(header->mode, sizeof(header->mode), entry->mode & 07777);
	put_octal(header->uid, sizeof(header->uid), entry->uid);
	put_octal(header->gid, sizeof(header->gid), entry->gid);
	put_octal(header->size, sizeof(header->size), entry->size);
	put_octal(header->mtime, sizeof(header->mtime),
		  entry->mtime_ns < 0 ? 0 : (uint64_t)entry->mtime_ns / SECOND_NS);
	header->type = (char)entry->type;
	if (entry->target)
		put_text(header->target, sizeof(header->target), entry->target);
	memcpy(header->magic, "ustar\00000", 8);
	put_octal(header->rdev_major, sizeof(header->rdev_major), entry->rdev_major);
	put_octal(header->rdev_minor, sizeof(header->rdev_minor), entry->rdev_minor);
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_octal(header->checksum, sizeof(header->checksum) - 1, sum);
}

static int add_records(struct pax *pax, const struct pax_entry *entry, struct error *err)
{
	int result = add_names(pax, entry, err);

	if (!result)
		result = add_number(pax, "size", entry->size, 11, err);
	if (!result)
		result = add_number(pax, "uid", entry->uid, 7, err);
	if (!result)
		result = add_number(pax, "gid", entry->gid, 7, err);
	if (!result)
		result = add_number(pax, "SCHILY.devmajor", entry->rdev_major, 7, err);
	if (!result)
		result = add_number(pax, "SCHILY.devminor", entry->rdev_minor, 7, err);
	return result ? result : add_time(pax, entry->mtime_ns, err);
}

int pax_header(struct pax *pax, const struct pax_entry *entry, struct error *err)
{
	struct pax_entry own = { .type = 'x', .path = "PaxHeader", .mode = 0644 };
	size_t records, padded;
	int result = add_records(pax, entry, err);

	if (!result)
		result = reserve(pax, 4 * PAX_BLOCK, err);
	if (result)
		return result;
	own.size = records = pax->size;
	padded = (records + PAX_BLOCK - 1) / PAX_BLOCK * PAX_BLOCK;
	if (records) {
		memmove(pax->data + PAX_BLOCK, pax->data, records);
		put_header((struct header *)pax->data, &own);
		memset(pax->data + PAX_BLOCK + records, 0, padded - records);
		padded += PAX_BLOCK;
	}
	put_header((struct header *)(pax->data + padded), entry);
	pax->size = padded + PAX_BLOCK;
	return 0;
}

void pax_clear(struct pax *pax)
{
	pax->size = 0;
}

void pax_release(struct pax *pax)
{
	free(pax->data);
	*pax = (struct pax){ 0 };
}
