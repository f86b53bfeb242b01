/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: bytes as what a domain writes into its overlay: records with the right checksums,
 * and slots with the right guards, of whatever contents, over a small image. Whatever comes of it
 * must be readable to its last byte, or be an error with a message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/change/diff.h"
#include "host/image/index_write.h"
#include "tests/unit/change/overlay_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static struct merged merged;
static char buffer[MERGED_BUFFER];

static void need(bool condition)
{
	if (!condition)
		abort();
}

/* ---- The image, made once ---- */

static struct tree_inode *add(struct tree *tree, struct tree_inode *dir, const char *name,
			      uint32_t mode)
{
	struct tree_entry *entry = tree_add(tree, dir, name, strlen(name), NULL, mode);

	need(entry);
	return entry->inode;
}

static void image_make(void)
{
	static struct index_file file;
	struct tree_inode *dir, *one;
	struct tree tree;
	struct error err;
	object_id id;

	need(!store_open_memory(&merged.store, &err) && !store_begin(merged.store, &err));
	need(!object_create(merged.store, &id, &err));
	need(object_write(merged.store, id, "bytes", 5, 0, &err) == 5);
	need(!tree_init(&tree));
	dir = add(&tree, tree.root, "dir", S_IFDIR | 0755);
	one = add(&tree, dir, "one", S_IFREG | 0644);
	one->size = 5;
	one->object = id;
	need(tree_add(&tree, tree.root, "two", 3, one, 0));
	need(!tree_set_xattr(one, "user.a", "b", 1));
	add(&tree, dir, "sub", S_IFDIR | 0755);
	add(&tree, tree.root, "link", S_IFLNK | 0777)->target = strdup("dir/one");
	need(!index_write(&tree, &file, &err));
	tree_release(&tree);
	need(!mapping_create(merged.store, 0, &merged.mapping, &err));
	need(!mapping_set(merged.store, merged.mapping, 1, id, &err));
	need(!index_init(&merged.index, file.data, file.size, &err));
	merged.own.fd = -1;
}

/* ---- The overlay ---- */

/* So many bytes of the input, zeros behind its end. */
static void take(struct input *input, void *to, size_t size)
{
	size_t there = size < input->size ? size : input->size;

	memset(to, 0, size);
	if (there)
		memcpy(to, input->data, there);
	input->data += there;
	input->size -= there;
}

static uint8_t take_byte(struct input *input)
{
	uint8_t byte;

	take(input, &byte, 1);
	return byte;
}

/* Mostly one that is there. */
static uint64_t take_ino(struct input *input)
{
	uint8_t byte = take_byte(input);
	uint64_t any;

	if (byte < 8)
		return byte;
	if (byte < 240)
		return OVERLAY_OWN_INO + byte % 12;
	take(input, &any, sizeof(any));
	return any;
}

static void make_name(struct made *made, struct input *input)
{
	uint16_t change = take_byte(input) % 4, size = take_byte(input) % 12;
	uint64_t parent = take_ino(input), ino = take_ino(input);
	char text[12];

	take(input, text, sizeof(text));
	made_name(made, change, parent, ino, text, size);
}

static void make_slot(struct made *made, struct input *input)
{
	struct overlay_slot *slot = made_slot(made, take_ino(input), 0);
	uint64_t ino = slot ? slot->ino : 0;
	uint32_t guard = slot ? slot->guard : 0;

	if (!slot)
		return;
	take(input, slot, sizeof(*slot));
	slot->ino = ino;
	slot->guard = guard;
	if (take_byte(input) % 4)
		slot->mode = (uint32_t[]){ S_IFREG, S_IFDIR, S_IFLNK }[slot->mode % 3] | 0644;
	if (take_byte(input) % 4)
		slot->data = OVERLAY_PIECE_DATA(MADE_PIECES + slot->data % 16 * OVERLAY_UNIT,
						slot->size % 4 * OVERLAY_UNIT);
}

static void make_record(struct made *made, struct input *input)
{
	uint32_t kind = take_byte(input) % 6, count = take_byte(input), size = take_byte(input);

	if (made->at + 512 > MADE_LOG + OVERLAY_EXTENT)
		return;
	take(input, made_room(made), 256);
	made_record(made, kind, count, size);
}

static void make(struct made *made, struct input *input)
{
	uint64_t place;

	while (input->size) {
		switch (take_byte(input) % 8) {
		case 0:
			make_record(made, input);
			break;
		case 1:
			take(input, &place, sizeof(place));
			made_place(made, take_byte(input) % 2 ? OVERLAY_RECORD_SLOTS
							      : OVERLAY_RECORD_NEXT, place);
			break;
		case 2:
			made_xattr(made, take_ino(input), "user.x",
				   take_byte(input) % 2 ? "y" : NULL);
			break;
		case 3:
		case 4:
			make_slot(made, input);
			break;
		default:
			make_name(made, input);
		}
	}
}

/* ---- Reading all of it ---- */

static int take_bytes(const void *data, size_t size, uint64_t offset, void *user)
{
	volatile char *sum = user;

	(void)offset;
	for (size_t i = 0; i < size; i++)
		*sum += ((const char *)data)[i];
	return 0;
}

static void read_inode(const struct merged_inode *inode)
{
	char target[INDEX_TARGET_MAX + 1], sum = 0;
	struct merged_attribute *attributes;
	struct merged_file file;
	struct error err;
	size_t count;

	if (!merged_xattrs(&merged, inode->ino, &attributes, &count, &err)) {
		for (size_t i = 0; i < count; i++)
			take_bytes(attributes[i].value, attributes[i].value_size, 0, &sum);
		free(attributes);
	}
	if (S_ISLNK(inode->mode) && !merged_target(&merged, inode, target, &err))
		need(target[0]);
	if (S_ISREG(inode->mode) && !merged_file_open(&merged, inode, &file, &err)) {
		merged_file_read(&file, buffer, take_bytes, &sum, &err);
		merged_file_close(&file);
	}
}

static int visit(const struct merged_entry *entry, void *data)
{
	uint64_t ino = 0;
	struct error err;

	(void)data;
	need(strlen(entry->path) <= MERGED_PATH_MAX);
	need(!merged_lookup(&merged, entry->parent, entry->name, strlen(entry->name), &ino, &err));
	need(ino == entry->inode.ino);
	read_inode(&entry->inode);
	return 0;
}

static void read_tree(void)
{
	struct error err = { 0 };
	struct diff diff;

	if (merged_walk(&merged, MERGED_ROOT, visit, NULL, &err))
		need(err.text[0]);
	err.text[0] = '\0';
	if (diff_make(&merged, &diff, &err))
		need(err.text[0]);
	else
		diff_release(&diff);
}

static void hear(const char *line, void *data)
{
	(void)data;
	need(line[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct error err = { 0 };
	struct made made;

	if (!merged.store)
		image_make();
	need(made_init(&made));
	make(&made, &input);
	if (!changes_read(&merged.changes, made.data, MADE_SIZE, NULL, NULL, &err))
		read_tree();
	else
		need(err.text[0]);
	changes_release(&merged.changes);
	need(!changes_read(&merged.changes, made.data, MADE_SIZE, hear, NULL, &err));
	read_tree();
	changes_release(&merged.changes);
	free(made.data);
	return 0;
}
