/* SPDX-License-Identifier: MIT */
/*
 * Overlays in memory, as a system layer would have written them but for what a test wants wrong:
 * header, one extent of the log, two pages of slots, and room for pieces.
 */
#ifndef TESTS_UNIT_CHANGE_OVERLAY_MAKE_H
#define TESTS_UNIT_CHANGE_OVERLAY_MAKE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boundary/overlay_read.h"

#define MADE_LOG	OVERLAY_PAGE
#define MADE_SLOTS	(MADE_LOG + OVERLAY_EXTENT)
#define MADE_SLOT_COUNT	(2 * OVERLAY_PAGE / OVERLAY_UNIT)
#define MADE_PIECES	(MADE_SLOTS + 2 * OVERLAY_PAGE)
#define MADE_SIZE	(MADE_PIECES + 8 * OVERLAY_PAGE)

struct made {
	char *data;			/* MADE_SIZE bytes, of malloc() */
	uint64_t at;			/* the end of the log */
	uint32_t checksum;
	uint32_t slots;			/* so many are in use */
};

static inline struct overlay_header *made_header(const struct made *made)
{
	return (struct overlay_header *)made->data;
}

/* Where the next record's contents go. */
static inline void *made_room(const struct made *made)
{
	return made->data + made->at + sizeof(struct overlay_record);
}

/* Ends a record with so many bytes of contents. False: the extent is full. */
static inline bool made_record(struct made *made, uint32_t kind, uint32_t count, uint32_t size)
{
	struct overlay_record *record = (struct overlay_record *)(made->data + made->at);
	uint32_t whole = (uint32_t)sizeof(*record) + ((size + 7) & ~7u);

	if (made->at + whole > MADE_LOG + OVERLAY_EXTENT)
		return false;
	*record = (struct overlay_record){ .size = whole, .kind = kind, .count = count };
	record->checksum = overlay_record_checksum(made->checksum, record);
	made->checksum = record->checksum;
	made->at += whole;
	return true;
}

static inline bool made_place(struct made *made, uint32_t kind, uint64_t offset)
{
	struct overlay_place_of *place = made_room(made);

	if (made->at + 64 > MADE_LOG + OVERLAY_EXTENT)
		return false;
	place->offset = offset;
	return made_record(made, kind, 1, sizeof(*place));
}

static inline bool made_name(struct made *made, uint16_t change, uint64_t parent, uint64_t ino,
			     const char *text, uint16_t size)
{
	struct overlay_name *name = made_room(made);

	if (made->at + 512 > MADE_LOG + OVERLAY_EXTENT)
		return false;
	memset(name, 0, overlay_name_size(size));
	*name = (struct overlay_name){ .parent = parent, .ino = ino, .change = change,
				       .name_size = size };
	memcpy(name->name, text, size);
	return made_record(made, OVERLAY_RECORD_NAMES, 1, overlay_name_size(size));
}

static inline bool made_xattr(struct made *made, uint64_t ino, const char *name,
			      const char *value)
{
	struct overlay_xattr *xattr = made_room(made);
	uint32_t name_size = (uint32_t)strlen(name), value_size = value ? (uint32_t)strlen(value)
									: 0;

	if (made->at + 1024 > MADE_LOG + OVERLAY_EXTENT)
		return false;
	memset(xattr, 0, sizeof(*xattr) + name_size + value_size + 8);
	*xattr = (struct overlay_xattr){ .ino = ino, .name_size = (uint16_t)name_size,
					 .removed = !value, .value_size = value_size };
	memcpy(xattr->text, name, name_size);
	if (value)
		memcpy(xattr->text + name_size, value, value_size);
	return made_record(made, OVERLAY_RECORD_XATTR, 1,
			   (uint32_t)sizeof(*xattr) + name_size + value_size);
}

/* The next slot, with its guard; what else is in it the caller fills. NULL: there are no more. */
static inline struct overlay_slot *made_slot(struct made *made, uint64_t ino, uint32_t mode)
{
	uint64_t offset = MADE_SLOTS + made->slots * OVERLAY_UNIT;
	struct overlay_slot *slot = (struct overlay_slot *)(made->data + offset);

	if (made->slots == MADE_SLOT_COUNT)
		return NULL;
	made->slots++;
	*slot = (struct overlay_slot){
		.ino = ino, .mode = mode, .nlink = 1,
		.guard = overlay_guard(made_header(made)->seed, offset, ino),
	};
	return slot;
}

/* Bytes in a piece of a page's size, by the page's number. */
static inline void made_piece(struct made *made, struct overlay_slot *slot, uint32_t page,
			      const char *text)
{
	uint64_t offset = MADE_PIECES + (uint64_t)page * OVERLAY_PAGE;

	strcpy(made->data + offset, text);
	slot->size = strlen(text);
	slot->data = OVERLAY_PIECE_DATA(offset, OVERLAY_PAGE);
}

static inline bool made_init(struct made *made)
{
	*made = (struct made){ .data = calloc(1, MADE_SIZE), .at = MADE_LOG };
	if (!made->data)
		return false;
	*made_header(made) = (struct overlay_header){
		.magic = OVERLAY_MAGIC, .version = OVERLAY_VERSION,
		.header_size = sizeof(struct overlay_header), .seed = 12345,
		.log = OVERLAY_LOG(MADE_LOG, 1),
	};
	made->checksum = overlay_first_checksum(made_header(made)->seed, made_header(made)->log);
	return made_place(made, OVERLAY_RECORD_SLOTS, MADE_SLOTS) &&
	       made_place(made, OVERLAY_RECORD_SLOTS, MADE_SLOTS + OVERLAY_PAGE);
}

#endif
