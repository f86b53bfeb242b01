/* SPDX-License-Identifier: MIT */
/*
 * Which inode of an overlay the bytes at a place belong to: to one alone. Whoever names bytes that
 * are another's, or are not there, loses its slot; so nobody reads the same bytes for a million
 * files. See changes.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "boundary/index.h"
#include "host/change/changes.h"
#include "host/change/table.h"

/* Bytes of the overlay, or an object: [id, id + 1) of a space of its own. */
struct claim {
	bool is_object;
	uint64_t start, end;
	struct change_inode *inode;	/* NULL: part of the log, or slots */
};

struct claims {
	struct claim *items;
	size_t count;
};

static int claim_add(struct claims *claims, struct change_inode *inode, bool is_object,
		     uint64_t start, uint64_t size)
{
	struct claim *fresh = size ? TABLE_ADD(claims->items, claims->count) : NULL;

	if (!fresh)
		return size ? -ENOMEM : 0;
	*fresh = (struct claim){ is_object, start, start + size, inode };
	return 0;
}

/* Whether a slot is one that a file can have, as far as that can be known without the image. */
static bool slot_is_good(const struct changes *changes, const struct change_inode *inode)
{
	const struct overlay_slot *slot = inode->slot;
	bool is_own = inode->ino >= OVERLAY_OWN_INO;

	if (OVERLAY_PLACE(slot->data) == OVERLAY_PIECE)
		return overlay_piece_fits(slot, changes->size) &&
		       !(is_own && S_ISLNK(slot->mode) &&
			 (!slot->size || slot->size > INDEX_TARGET_MAX));
	if (is_own && S_ISLNK(slot->mode))
		return false;
	if (OVERLAY_PLACE(slot->data) == OVERLAY_OBJECT)
		return !slot->layer_bits ||
		       (!is_own && overlay_layer_fits(slot, changes->size));
	return OVERLAY_PLACE(slot->data) == OVERLAY_GROUND &&
	       !(is_own && S_ISREG(slot->mode) && slot->size);
}

static int inode_claim(struct claims *claims, struct change_inode *inode)
{
	const struct overlay_slot *slot = inode->slot;
	int result;

	if (OVERLAY_PLACE(slot->data) == OVERLAY_PIECE)
		return claim_add(claims, inode, false, OVERLAY_PIECE_OFFSET(slot->data),
				 OVERLAY_PIECE_CAPACITY(slot->data));
	if (OVERLAY_PLACE(slot->data) != OVERLAY_OBJECT)
		return 0;
	result = claim_add(claims, inode, true, OVERLAY_OBJECT_ID(slot->data), 1);
	if (!result && slot->layer_bits)
		result = claim_add(claims, inode, false, OVERLAY_PIECE_OFFSET(slot->layer_bits),
				   OVERLAY_PIECE_CAPACITY(slot->layer_bits));
	return result;
}

/*
 * What is not a file's comes first; then, of inodes that claim the same, the one with the lowest
 * number.
 */
static int compare_claims(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;

	if (a->is_object != b->is_object)
		return a->is_object - b->is_object;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

static void lose(const struct changes *changes, struct change_inode *inode)
{
	if (inode->slot)
		changes_finding(changes, "inode %" PRIu64 ": its bytes are not there, or are "
				"another's", inode->ino);
	inode->slot = NULL;
}

static void claims_settle(const struct changes *changes, const struct claims *claims)
{
	const struct claim *last = NULL;

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (!last || last->is_object != claim->is_object || claim->start >= last->end) {
			last = claim;
		} else if (claim->inode) {
			lose(changes, claim->inode);
		} else {
			/* Extents and pages of slots do not overlap: so that one is a file's. */
			lose(changes, last->inode);
			last = claim;
		}
	}
}

static int own_claims(struct claims *claims, const struct changes *changes)
{
	int result = 0;

	for (size_t i = 0; i < changes->extent_count && !result; i++)
		result = claim_add(claims, NULL, false, changes->extents[i], OVERLAY_EXTENT);
	for (size_t i = 0; i < changes->slot_page_count && !result; i++)
		result = claim_add(claims, NULL, false, changes->slot_pages[i], OVERLAY_PAGE);
	return result;
}

int changes_claim(struct changes *changes)
{
	struct claims claims = { 0 };
	int result = own_claims(&claims, changes);

	for (size_t i = 0; i < changes->inode_count && !result; i++) {
		struct change_inode *inode = &changes->inodes[i];

		if (inode->slot && !slot_is_good(changes, inode))
			lose(changes, inode);
		else if (inode->slot)
			result = inode_claim(&claims, inode);
	}
	if (!result && claims.count) {
		qsort(claims.items, claims.count, sizeof(*claims.items), compare_claims);
		claims_settle(changes, &claims);
	}
	free(claims.items);
	return result ? error_set(changes->err, -result, "this domain's overlay") : 0;
}
