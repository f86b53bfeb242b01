/* SPDX-License-Identifier: MIT */
/*
 * Reads an overlay's log where it lies in memory, for both sides of the boundary. Nothing is
 * believed before it is checked; the memory must not change meanwhile.
 */
#ifndef BOUNDARY_OVERLAY_READ_H
#define BOUNDARY_OVERLAY_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "boundary/overlay.h"

/* CRC-32C by the processor's instruction, which all that have FSGSBASE have. Whole words. */
static inline uint32_t overlay_checksum(uint32_t from, const void *data, size_t size)
{
	const uint64_t *word = (const uint64_t *)data;
	uint64_t sum = from;

	for (size_t i = 0; i < size / 8; i++)
		__asm__("crc32q %1, %0" : "+r"(sum) : "rm"(word[i]));
	return (uint32_t)sum;
}

/* What tells a slot from bytes of programs, which don't know the seed. */
static inline uint32_t overlay_guard(uint64_t seed, uint64_t offset, uint64_t ino)
{
	uint64_t words[3] = { seed, offset, ino };

	return overlay_checksum(0, words, sizeof(words));
}

/* The checksum of a record behind one with the checksum before. */
static inline uint32_t overlay_record_checksum(uint32_t before,
					       const struct overlay_record *record)
{
	uint64_t head[2] = { record->size, (uint64_t)record->kind << 32 | record->count };

	return overlay_checksum(overlay_checksum(before, head, sizeof(head)), record + 1,
				record->size - sizeof(*record));
}

/* Before the first record of a log that header.log (OVERLAY_LOG()) names. */
static inline uint32_t overlay_first_checksum(uint64_t seed, uint64_t log)
{
	uint64_t words[2] = { seed, log };

	return overlay_checksum(~0u, words, sizeof(words));
}

/* A walk along the log. */
struct overlay_log {
	const char *base;	/* of the overlay */
	uint64_t size;		/* of the overlay */
	uint64_t at, end;	/* where the next record is, and the end of its extent */
	uint64_t seen;		/* bytes of extents, so that no walk goes in circles */
	uint64_t synced;	/* header.synced; 0 once the walk has come there */
	uint32_t checksum;
};

static inline bool overlay_extent_fits(const struct overlay_log *log, uint64_t offset)
{
	return offset >= OVERLAY_PAGE && !(offset % OVERLAY_PAGE) && log->size >= OVERLAY_EXTENT &&
	       offset <= log->size - OVERLAY_EXTENT && log->seen <= log->size - OVERLAY_EXTENT;
}

/* False: the header is none of an overlay of this version. */
static inline bool overlay_header_is_good(const struct overlay_header *header)
{
	return !__builtin_memcmp(header->magic, OVERLAY_MAGIC, sizeof(header->magic)) &&
	       header->version == OVERLAY_VERSION && header->header_size == sizeof(*header);
}

/* Begins at the first extent; the header is good. */
static inline void overlay_log_begin(struct overlay_log *log, const void *base, uint64_t size)
{
	const struct overlay_header *header = (const struct overlay_header *)base;
	uint64_t first = OVERLAY_LOG_FIRST(header->log);

	*log = (struct overlay_log){ .base = (const char *)base, .size = size,
				     .synced = header->synced };
	log->checksum = overlay_first_checksum(header->seed, header->log);
	if (first && overlay_extent_fits(log, first)) {
		log->at = first;
		log->end = log->at + OVERLAY_EXTENT;
		log->seen = OVERLAY_EXTENT;
	}
}

/*
 * Whether the walk came as far as the log was durable once. Where it ends before that, something
 * was damaged: a power failure only takes what was written later.
 */
static inline bool overlay_log_is_whole(const struct overlay_log *log)
{
	return !log->synced;
}

/*
 * The next record, whole and as it was written, or NULL: the log ends at log->at. A record
 * OVERLAY_RECORD_NEXT is handed out too; the walk goes on where it leads.
 */
static inline const struct overlay_record *overlay_log_next(struct overlay_log *log)
{
	const struct overlay_record *record = (const struct overlay_record *)(log->base + log->at);
	uint64_t room = log->end - log->at, next;

	if (room < sizeof(*record) || record->size < sizeof(*record) || record->size > room ||
	    record->size % 8 ||
	    overlay_record_checksum(log->checksum, record) != record->checksum)
		return NULL;
	next = log->at + record->size;
	if (record->kind == OVERLAY_RECORD_NEXT) {
		if (record->size < sizeof(*record) + sizeof(struct overlay_place_of))
			return NULL;
		next = ((const struct overlay_place_of *)(record + 1))->offset;
		if (!overlay_extent_fits(log, next))
			return NULL;
		log->end = next + OVERLAY_EXTENT;
		log->seen += OVERLAY_EXTENT;
	}
	/* The log ended here once, whether it goes on in this extent or in the next one. */
	if (log->at + record->size == log->synced)
		log->synced = 0;
	log->checksum = record->checksum;
	log->at = next;
	return record;
}

static inline uint32_t overlay_name_size(uint32_t name_size)
{
	return (uint32_t)(offsetof(struct overlay_name, name) + name_size + 7) & ~7u;
}

/*
 * The change of a name behind previous (NULL: the first) in a record of names. NULL: there are no
 * more, or what is there is none.
 */
static inline const struct overlay_name *overlay_name_next(const struct overlay_record *record,
							   const struct overlay_name *previous)
{
	const char *end = (const char *)record + record->size;
	const char *at = previous ? (const char *)previous + overlay_name_size(previous->name_size)
				  : (const char *)(record + 1);
	const struct overlay_name *name = (const struct overlay_name *)at;

	if (end - at < (long)sizeof(*name) || end - at < (long)overlay_name_size(name->name_size))
		return NULL;
	if (!name->name_size || name->name_size > 255)
		return NULL;
	for (uint32_t i = 0; i < name->name_size; i++) {
		if (!name->name[i] || name->name[i] == '/')
			return NULL;
	}
	if (name->name[0] == '.' &&
	    (name->name_size == 1 || (name->name_size == 2 && name->name[1] == '.')))
		return NULL;
	return name;
}

/* Whether a record of names has as many as it says: then all of them, or none, are believed. */
static inline bool overlay_names_are_whole(const struct overlay_record *record)
{
	const struct overlay_name *name = NULL;

	for (uint32_t i = 0; i < record->count; i++) {
		name = overlay_name_next(record, name);
		if (!name)
			return false;
	}
	return true;
}

/* The attribute in a record OVERLAY_RECORD_XATTR, or NULL. */
static inline const struct overlay_xattr *overlay_xattr_of(const struct overlay_record *record)
{
	const struct overlay_xattr *xattr = (const struct overlay_xattr *)(record + 1);
	uint64_t room = record->size - sizeof(*record);

	if (room < sizeof(*xattr) || !xattr->name_size || xattr->name_size > 255 ||
	    xattr->value_size > OVERLAY_XATTR_MAX ||
	    sizeof(*xattr) + xattr->name_size + xattr->value_size > room)
		return NULL;
	return xattr;
}

/* The slot at an offset, if it is in use and whole; else NULL. */
static inline const struct overlay_slot *overlay_slot_at(const void *base, uint64_t size,
							 uint64_t offset)
{
	const struct overlay_slot *slot =
		(const struct overlay_slot *)((const char *)base + offset);

	if (size < sizeof(*slot) || offset > size - sizeof(*slot) || !slot->ino ||
	    slot->guard != overlay_guard(((const struct overlay_header *)base)->seed, offset,
					 slot->ino))
		return NULL;
	return slot;
}

/* Whether a slot's piece lies within the overlay. */
static inline bool overlay_piece_fits(const struct overlay_slot *slot, uint64_t size)
{
	uint64_t offset = OVERLAY_PIECE_OFFSET(slot->data);
	uint64_t capacity = OVERLAY_PIECE_CAPACITY(slot->data);

	return offset >= OVERLAY_PAGE && capacity <= OVERLAY_PIECE_MAX && size >= capacity &&
	       offset <= size - capacity && slot->size <= capacity;
}

/* Whether a slot's layer is one: its bits lie within the overlay. */
static inline bool overlay_layer_fits(const struct overlay_slot *slot, uint64_t size)
{
	uint64_t offset = OVERLAY_PIECE_OFFSET(slot->layer_bits);
	uint64_t capacity = OVERLAY_PIECE_CAPACITY(slot->layer_bits);

	return OVERLAY_PLACE(slot->layer_bits) == OVERLAY_PIECE && offset >= OVERLAY_PAGE &&
	       capacity <= OVERLAY_PIECE_MAX && size >= capacity && offset <= size - capacity &&
	       slot->layer_shift >= 12 && slot->layer_shift < 48;
}

#endif
