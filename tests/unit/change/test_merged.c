/* SPDX-License-Identifier: MIT */
/*
 * The merged tree: an image with changes that are as they should be, and with such as only a
 * hostile domain writes, field by field.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/change/diff.h"
#include "host/image/index_write.h"
#include "tests/unit/change/overlay_make.h"
#include "tests/unit/unit.h"

#define OWN(n) (OVERLAY_OWN_INO + (n))
#define LARGE_SIZE 20000u

/* An image, an overlay that is made by the test, and what is read of both. */
#define OWN_PATH "/tmp/mezzo-merged-XXXXXX"

struct fixture {
	struct index_file file;
	struct merged merged;
	struct made made;
	uint32_t dir, sub, one, plain, large, link;
	char own_path[sizeof(OWN_PATH)];	/* of the folder of own objects */
	struct error err;
};

static struct fixture *fix;		/* of the test that runs */

/* ---- The image ---- */

static struct tree_inode *add(struct tree *tree, struct tree_inode *dir, const char *name,
			      uint32_t mode)
{
	struct tree_entry *entry = tree_add(tree, dir, name, strlen(name), NULL, mode);

	assert_non_null(entry);
	return entry->inode;
}

static object_id object_of(const char *text, size_t size)
{
	object_id id, sealed;

	assert_int_equal(object_create(fix->merged.store, &id, &fix->err), 0);
	assert_int_equal(object_write(fix->merged.store, id, text, size, 0, &fix->err), size);
	assert_int_equal(object_seal(fix->merged.store, id, &sealed, &fix->err), 0);
	return sealed;
}

static void fill(struct tree_inode *inode, const char *text, size_t size)
{
	inode->size = size;
	inode->object = object_of(text, size);
}

static uint32_t number_of(uint32_t dir, const char *name)
{
	uint32_t number;

	assert_int_equal(index_lookup(&fix->merged.index, dir, name, strlen(name), &number), 0);
	return number;
}

/* /dir/{one,two}, one file; /dir/sub/deep; /plain; /large; /link */
static void image_make(void)
{
	static char large[LARGE_SIZE];
	struct tree_inode *dir, *one;
	struct tree tree;

	memset(large, 'i', sizeof(large));
	assert_int_equal(tree_init(&tree), 0);
	dir = add(&tree, tree.root, "dir", S_IFDIR | 0755);
	one = add(&tree, dir, "one", S_IFREG | 0644);
	fill(one, "one", 3);
	assert_non_null(tree_add(&tree, dir, "two", 3, one, 0));
	fill(add(&tree, add(&tree, dir, "sub", S_IFDIR | 0755), "deep", S_IFREG | 0644), "deep", 4);
	fill(add(&tree, tree.root, "plain", S_IFREG | 0644), "plain", 5);
	fill(add(&tree, tree.root, "large", S_IFREG | 0644), large, sizeof(large));
	add(&tree, tree.root, "link", S_IFLNK | 0777)->target = strdup("dir/one");
	assert_int_equal(tree_set_xattr(one, "user.b", "old", 3), 0);
	assert_int_equal(tree_set_xattr(one, "user.d", "keep", 4), 0);
	assert_int_equal(index_write(&tree, &fix->file, &fix->err), 0);
	tree_release(&tree);
	assert_int_equal(mapping_create(fix->merged.store, 0, &fix->merged.mapping, &fix->err), 0);
	for (uint64_t i = 0; i < fix->file.object_count; i++)
		assert_int_equal(mapping_set(fix->merged.store, fix->merged.mapping, i + 1,
					     fix->file.objects[i], &fix->err), 0);
}

static int set_up(void **state)
{
	fix = calloc(1, sizeof(*fix));
	assert_non_null(fix);
	*state = fix;
	fix->merged.own.fd = fix->merged.lock = fix->merged.folder.fd = -1;
	assert_int_equal(store_open_memory(&fix->merged.store, &fix->err), 0);
	assert_int_equal(store_begin(fix->merged.store, &fix->err), 0);
	image_make();
	assert_int_equal(index_init(&fix->merged.index, fix->file.data, fix->file.size, &fix->err),
			 0);
	fix->dir = number_of(INDEX_ROOT, "dir");
	fix->sub = number_of(fix->dir, "sub");
	fix->one = number_of(fix->dir, "one");
	fix->plain = number_of(INDEX_ROOT, "plain");
	fix->large = number_of(INDEX_ROOT, "large");
	fix->link = number_of(INDEX_ROOT, "link");
	assert_true(made_init(&fix->made));
	return 0;
}

static int tear_down(void **state)
{
	merged_close(&fix->merged);
	index_file_release(&fix->file);
	free(fix->made.data);
	free(*state);
	return 0;
}

/* ---- Changes ---- */

static void name(uint16_t change, uint64_t parent, uint64_t ino, const char *text)
{
	assert_true(made_name(&fix->made, change, parent, ino, text, (uint16_t)strlen(text)));
}

static struct overlay_slot *slot(uint64_t ino, uint32_t mode)
{
	struct overlay_slot *made = made_slot(&fix->made, ino, mode);

	assert_non_null(made);
	return made;
}

/* The slot of a file of the image, with nothing changed. */
static struct overlay_slot *slot_of_image(uint32_t number)
{
	const struct index_inode *inode = index_inode(&fix->merged.index, number);
	struct overlay_slot *made = slot(number, inode->mode);

	made->size = S_ISREG(inode->mode) ? inode->size : 0;
	made->mtime_ns = inode->mtime_ns;
	return made;
}

static int read_changes(void)
{
	changes_release(&fix->merged.changes);
	return changes_read(&fix->merged.changes, fix->made.data, MADE_SIZE, NULL, NULL,
			    &fix->err);
}

/* Compares the differences with "A /x\nC /y\n". */
static void check_diff(const char *expected)
{
	char text[4096];
	size_t used = 0;
	struct diff diff;

	assert_int_equal(read_changes(), 0);
	assert_int_equal(diff_make(&fix->merged, &diff, &fix->err), 0);
	text[0] = '\0';
	for (size_t i = 0; i < diff.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%c %s\n",
					 diff.lines[i].kind, diff.lines[i].path);
	diff_release(&diff);
	assert_string_equal(text, expected);
}

static uint64_t find(uint64_t dir, const char *text)
{
	uint64_t ino;

	assert_int_equal(merged_lookup(&fix->merged, dir, text, strlen(text), &ino, &fix->err), 0);
	return ino;
}

static int take_text(const void *data, size_t size, uint64_t offset, void *user)
{
	memcpy((char *)user + offset, data, size);
	return 0;
}

/* The bytes of a file of at most size - 1 bytes, as text. */
static int bytes(uint64_t ino, char *text, size_t size)
{
	static char buffer[MERGED_BUFFER];
	struct merged_inode inode;
	struct merged_file file;
	int result = merged_stat(&fix->merged, ino, &inode, &fix->err);

	memset(text, 0, size);
	if (!result)
		result = merged_file_open(&fix->merged, &inode, &file, &fix->err);
	if (result)
		return result;
	assert_true(file.size < size);
	result = merged_file_read(&file, buffer, take_text, text, &fix->err);
	merged_file_close(&file);
	return result;
}

/* ---- What is right ---- */

static void test_no_changes(void **state)
{
	char text[16];

	(void)state;
	check_diff("");
	assert_int_equal(bytes(find(fix->dir, "one"), text, sizeof(text)), 0);
	assert_string_equal(text, "one");
	slot_of_image(fix->plain);
	check_diff("");
}

static void test_changes(void **state)
{
	char text[16];

	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "new");
	made_piece(&fix->made, slot(OWN(0), S_IFREG | 0600), 0, "hello");
	name(OVERLAY_ADD, fix->sub, OWN(1), "fifo");
	slot(OWN(1), S_IFIFO | 0600);
	name(OVERLAY_REMOVE_LAST, MERGED_ROOT, fix->large, "large");
	slot_of_image(fix->one)->uid = 5;
	check_diff("C /dir\nC /dir/one\nC /dir/sub\nA /dir/sub/fifo\nC /dir/two\nD /large\n"
		   "A /new\n");
	assert_int_equal(bytes(find(MERGED_ROOT, "new"), text, sizeof(text)), 0);
	assert_string_equal(text, "hello");
}

static void test_last_word(void **state)
{
	struct merged_inode inode;
	uint64_t ino;

	(void)state;
	name(OVERLAY_REMOVE, MERGED_ROOT, fix->plain, "plain");
	name(OVERLAY_ADD, fix->dir, fix->plain, "moved");
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "brief");
	name(OVERLAY_REMOVE_LAST, MERGED_ROOT, OWN(0), "brief");
	slot(OWN(0), S_IFREG);
	name(OVERLAY_REMOVE, fix->dir, fix->plain, "moved");
	name(OVERLAY_ADD, MERGED_ROOT, fix->plain, "plain");
	/* Made, and lost before it was synced. */
	name(OVERLAY_ADD, MERGED_ROOT, OWN(1), "lost");
	check_diff("");
	assert_int_equal(merged_lookup(&fix->merged, MERGED_ROOT, "lost", 4, &ino, &fix->err),
			 -ENOENT);
	assert_int_equal(merged_stat(&fix->merged, OWN(0), &inode, &fix->err), -EUCLEAN);
}

static void test_renamed_directory(void **state)
{
	(void)state;
	name(OVERLAY_REMOVE, MERGED_ROOT, fix->dir, "dir");
	name(OVERLAY_ADD, MERGED_ROOT, fix->dir, "other");
	check_diff("D /dir\nA /other\nA /other/one\nA /other/sub\nA /other/sub/deep\n"
		   "A /other/two\n");
	/* And another one in its place. */
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "dir");
	slot(OWN(0), S_IFDIR | 0700);
	name(OVERLAY_ADD, OWN(0), OWN(1), "two");
	slot(OWN(1), S_IFREG | 0600);
	check_diff("C /dir\nD /dir/one\nD /dir/sub\nC /dir/two\nA /other\nA /other/one\n"
		   "A /other/sub\nA /other/sub/deep\nA /other/two\n");
}

static void test_attributes(void **state)
{
	static const char *const expected[][2] = {
		{ "user.a", "new" }, { "user.b", "newer" }, { "user.c", "c" }, { "user.d", "keep" },
	};
	struct merged_attribute *attributes;
	size_t count;

	(void)state;
	assert_true(made_xattr(&fix->made, fix->one, "user.c", "c"));
	assert_true(made_xattr(&fix->made, fix->one, "user.b", NULL));
	assert_true(made_xattr(&fix->made, fix->one, "user.b", "newer"));
	assert_true(made_xattr(&fix->made, fix->one, "user.a", "new"));
	assert_true(made_xattr(&fix->made, fix->one, "user.e", "gone"));
	assert_true(made_xattr(&fix->made, fix->one, "user.e", NULL));
	check_diff("C /dir\nC /dir/one\nC /dir/two\n");
	assert_int_equal(merged_xattrs(&fix->merged, fix->one, &attributes, &count, &fix->err), 0);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(attributes[i].name_size, strlen(expected[i][0]));
		assert_memory_equal(attributes[i].name, expected[i][0], attributes[i].name_size);
		assert_int_equal(attributes[i].value_size, strlen(expected[i][1]));
		assert_memory_equal(attributes[i].value, expected[i][1], attributes[i].value_size);
	}
	free(attributes);
}

/* Makes the folder of objects with one of LARGE_SIZE bytes, of which [from, to) are 'o'. */
static void own_make(size_t from, size_t to)
{
	char text[LARGE_SIZE];
	uint64_t id;
	int folder, fd;

	strcpy(fix->own_path, OWN_PATH);
	assert_non_null(mkdtemp(fix->own_path));
	folder = open(fix->own_path, O_RDONLY | O_DIRECTORY);
	assert_true(folder >= 0);
	assert_int_equal(own_objects_open(&fix->merged.own, folder, &fix->err), 0);
	fd = own_objects_create(&fix->merged.own, &id);
	assert_int_equal(id, OVERLAY_OWN_OBJECT);
	memset(text, 'o', sizeof(text));
	assert_int_equal(ftruncate(fd, LARGE_SIZE), 0);
	assert_int_equal(pwrite(fd, text, to - from, (off_t)from), to - from);
	close(fd);
	assert_int_equal(own_objects_read(&fix->merged.own, id + 1, true), -ENOENT);
	close(folder);
}

static void own_remove(void)
{
	char objects[sizeof(OWN_PATH) + 8];

	assert_int_equal(own_objects_delete(&fix->merged.own, OVERLAY_OWN_OBJECT), 0);
	snprintf(objects, sizeof(objects), "%s/objects", fix->own_path);
	assert_int_equal(rmdir(objects), 0);
	assert_int_equal(rmdir(fix->own_path), 0);
}

static struct overlay_slot *layered_slot(uint64_t bits)
{
	struct overlay_slot *made = slot_of_image(fix->large);

	made->data = OVERLAY_OBJECT_DATA(OVERLAY_OWN_OBJECT);
	made->layer_bits = OVERLAY_PIECE_DATA(MADE_PIECES, OVERLAY_UNIT);
	made->layer_end = LARGE_SIZE;
	made->layer_shift = 12;
	memcpy(fix->made.data + MADE_PIECES, &bits, sizeof(bits));
	return made;
}

static void test_layered(void **state)
{
	static char text[LARGE_SIZE + 1];

	(void)state;
	own_make(4096, 8192);
	/* The third chunk was said to be there, and a power failure has taken it. */
	layered_slot(1 << 1 | 1 << 2);
	check_diff("C /large\n");
	assert_int_equal(bytes(fix->large, text, sizeof(text)), 0);
	for (size_t i = 0; i < LARGE_SIZE; i++)
		assert_int_equal(text[i], i >= 4096 && i < 8192 ? 'o' : 'i');
	own_remove();
}

static void test_layer_was_cut(void **state)
{
	static char text[LARGE_SIZE + 1];

	(void)state;
	own_make(4096, 8192);
	layered_slot(1 << 1)->layer_end = 8192;
	check_diff("C /large\n");
	assert_int_equal(bytes(fix->large, text, sizeof(text)), 0);
	for (size_t i = 0; i < LARGE_SIZE; i++)
		assert_int_equal(text[i], i < 4096 ? 'i' : i < 8192 ? 'o' : 0);
	own_remove();
}

/* ---- What is hostile ---- */

static void count_line(const char *line, void *data)
{
	assert_true(line[0]);
	++*(unsigned int *)data;
}

/* Something is left out, which is told, and what remains is this. */
static void check_left_out(const char *expected)
{
	unsigned int count = 0;

	changes_release(&fix->merged.changes);
	assert_int_equal(changes_read(&fix->merged.changes, fix->made.data, MADE_SIZE, count_line,
				      &count, &fix->err), 0);
	assert_int_equal(count, 1);
	check_diff(expected);
}

/* It can't be told what there is, but why. */
static void check_damaged(void)
{
	struct diff diff;
	int result = read_changes();

	if (!result)
		result = diff_make(&fix->merged, &diff, &fix->err);
	assert_int_equal(result, -EUCLEAN);
	assert_true(fix->err.text[0]);
}

static void test_header(void **state)
{
	static const uint64_t logs[] = { 1, MADE_LOG + 8, MADE_SIZE, MADE_SIZE - OVERLAY_PAGE,
					 UINT64_MAX, UINT64_MAX & ~0xfffull };

	(void)state;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		made_header(&fix->made)->log = logs[i];
		check_diff("");
	}
	made_header(&fix->made)->log = MADE_LOG;
	made_header(&fix->made)->version++;
	check_damaged();
}

static void test_name_is_none(void **state)
{
	static const struct {
		const char *text;
		uint16_t size;
	} cases[] = { { "a/b", 3 }, { "a\0b", 3 }, { ".", 1 }, { "..", 2 }, { "", 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(state);
		set_up(state);
		assert_true(made_name(&fix->made, OVERLAY_ADD, MERGED_ROOT, fix->plain,
				      cases[i].text, cases[i].size));
		check_left_out("");
	}
}

/* What is no addition is taken for a removal, of whatever. */
static void test_name_numbers(void **state)
{
	(void)state;
	name(OVERLAY_ADD, 0, 2, "a");
	name(OVERLAY_ADD, MERGED_ROOT, 0, "b");
	name(0, MERGED_ROOT, fix->large, "large");
	name(UINT16_MAX, MERGED_ROOT, 2, "c");
	name(OVERLAY_REMOVE_LAST, UINT64_MAX, UINT64_MAX, "d");
	check_diff("D /large\n");
}

static void test_name_size(void **state)
{
	static const uint16_t sizes[] = { 256, 400, UINT16_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct overlay_name *raw;

		tear_down(state);
		set_up(state);
		raw = made_room(&fix->made);
		memset(raw, 'a', 500);
		*raw = (struct overlay_name){ .parent = 1, .ino = 2, .change = OVERLAY_ADD,
					      .name_size = sizes[i] };
		made_record(&fix->made, OVERLAY_RECORD_NAMES, 1, 440);
		check_left_out("");
	}
}

static void test_records(void **state)
{
	static const struct {
		uint32_t kind, count, size;
	} cases[] = {
		{ 0, 1, 64 }, { 99, 1, 64 }, { OVERLAY_RECORD_NAMES, 1, 0 },
		{ OVERLAY_RECORD_NAMES, UINT32_MAX, 64 }, { OVERLAY_RECORD_XATTR, 1, 8 },
		{ OVERLAY_RECORD_XATTR, 1, 0 }, { OVERLAY_RECORD_SLOTS, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(state);
		set_up(state);
		assert_true(made_record(&fix->made, cases[i].kind, cases[i].count, cases[i].size));
		check_left_out("");
	}
}

/* A record at the very end of the overlay, which tells less than its kind needs. */
static void test_record_at_the_end(void **state)
{
	(void)state;
	while (fix->made.at < MADE_LOG + OVERLAY_EXTENT - 16)
		assert_true(made_record(&fix->made, OVERLAY_RECORD_NAMES, 0, 0));
	assert_true(made_record(&fix->made, OVERLAY_RECORD_SLOTS, 1, 0));
	check_left_out("");
}

static void test_xattr_sizes(void **state)
{
	static const struct {
		uint16_t name_size;
		uint32_t value_size;
		char first;
	} cases[] = {
		{ 0, 0, 'a' }, { 256, 0, 'a' }, { UINT16_MAX, 0, 'a' }, { 4, 4097, 'a' },
		{ 4, UINT32_MAX, 'a' }, { 200, 100, 'a' }, { 4, 4, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlay_xattr *raw;

		tear_down(state);
		set_up(state);
		raw = made_room(&fix->made);
		memset(raw, 'a', 300);
		*raw = (struct overlay_xattr){ .ino = 2, .name_size = cases[i].name_size,
					       .value_size = cases[i].value_size };
		raw->text[0] = cases[i].first;
		assert_true(made_record(&fix->made, OVERLAY_RECORD_XATTR, 1, 272));
		check_left_out("");
	}
}

static void test_places(void **state)
{
	static const uint64_t slots[] = { 0, 8, MADE_SLOTS, MADE_LOG, MADE_SIZE, UINT64_MAX,
					  UINT64_MAX & ~0xfffull };

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		tear_down(state);
		set_up(state);
		assert_true(made_place(&fix->made, OVERLAY_RECORD_SLOTS, slots[i]));
		check_left_out("");
	}
}

/* A log that leads back to where it came from, and is believed to its last valid record. */
static void test_log_in_circles(void **state)
{
	(void)state;
	assert_true(made_place(&fix->made, OVERLAY_RECORD_NEXT, MADE_LOG));
	check_left_out("");
}

static void test_checksum_ends_the_log(void **state)
{
	uint64_t at = fix->made.at;

	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "new");
	slot(OWN(0), S_IFREG | 0600);
	check_diff("A /new\n");
	fix->made.data[at + 36] ^= 1;
	check_diff("");
}

static void test_guard(void **state)
{
	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "new");
	slot(OWN(0), S_IFREG | 0600)->guard ^= 1;
	check_diff("");
}

static void test_two_slots(void **state)
{
	(void)state;
	slot_of_image(fix->plain)->uid = 1;
	slot_of_image(fix->plain);
	check_left_out("");
	slot_of_image(fix->large)->uid = 1;
	check_left_out("C /large\n");
}

static void test_name_of_removed(void **state)
{
	(void)state;
	name(OVERLAY_REMOVE_LAST, MERGED_ROOT, fix->plain, "plain");
	name(OVERLAY_ADD, MERGED_ROOT, fix->plain, "again");
	name(OVERLAY_REMOVE_LAST, MERGED_ROOT, OWN(0), "a");
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "b");
	slot(OWN(0), S_IFREG);
	check_diff("A /again\nD /plain\n");
}

static void test_inode_numbers(void **state)
{
	static const uint64_t numbers[] = { 1000, UINT32_MAX, OVERLAY_OWN_INO - 1 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		tear_down(state);
		set_up(state);
		name(OVERLAY_ADD, MERGED_ROOT, numbers[i], "a");
		check_damaged();
		tear_down(state);
		set_up(state);
		slot(numbers[i], S_IFREG);
		check_damaged();
	}
}

static void damage_type(void)
{
	slot_of_image(fix->plain)->mode = S_IFDIR | 0755;
}

static void damage_mode(void)
{
	slot_of_image(fix->plain)->mode |= 1u << 20;
}

static void damage_no_type(void)
{
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	slot(OWN(0), 0644);
}

static void damage_ground_size(void)
{
	slot_of_image(fix->plain)->size = 6;
}

static void damage_own_ground(void)
{
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	slot(OWN(0), S_IFREG | 0644)->size = UINT64_MAX;
}

static void damage_piece_offset(void)
{
	slot_of_image(fix->plain)->data = OVERLAY_PIECE_DATA(MADE_SIZE, OVERLAY_PAGE);
}

static void damage_piece_header(void)
{
	slot_of_image(fix->plain)->data = OVERLAY_PIECE_DATA(0, OVERLAY_PAGE);
}

static void damage_piece_end(void)
{
	slot_of_image(fix->plain)->data =
		OVERLAY_PIECE_DATA(MADE_SIZE - OVERLAY_PAGE, 2 * OVERLAY_PAGE);
}

static void damage_piece_size(void)
{
	struct overlay_slot *made = slot_of_image(fix->plain);

	made_piece(&fix->made, made, 0, "x");
	made->size = OVERLAY_PAGE + 1;
}

static void damage_piece_capacity(void)
{
	slot_of_image(fix->plain)->data = (uint64_t)OVERLAY_PIECE << 62 | 40 << 16 | 0xffff;
}

static void damage_place(void)
{
	slot_of_image(fix->plain)->data = 3ull << 62;
}

static void damage_layer_place(void)
{
	layered_slot(0)->layer_bits = 5;
}

static void damage_layer_offset(void)
{
	layered_slot(0)->layer_bits = OVERLAY_PIECE_DATA(MADE_SIZE, OVERLAY_UNIT);
}

static void damage_layer_end(void)
{
	layered_slot(0)->layer_end = LARGE_SIZE + 1;
}

static void damage_layer_shift(void)
{
	layered_slot(0)->layer_shift = 64;
}

static void damage_layer_small_shift(void)
{
	layered_slot(0)->layer_shift = 0;
}

static void damage_layer_of_own(void)
{
	struct overlay_slot *made = slot(OWN(0), S_IFREG | 0644);

	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	made->data = OVERLAY_OBJECT_DATA(OVERLAY_OWN_OBJECT);
	made->layer_bits = OVERLAY_PIECE_DATA(MADE_PIECES, OVERLAY_UNIT);
	made->layer_end = 4096;
	made->layer_shift = 12;
}

static void damage_link_without_target(void)
{
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	slot(OWN(0), S_IFLNK | 0777);
}

static void damage_link_size(void)
{
	struct overlay_slot *made = slot(OWN(0), S_IFLNK | 0777);

	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	made_piece(&fix->made, made, 0, "x");
	made->size = 4096;
}

static void test_slots(void **state)
{
	/* NULL: it can't be told what there is; "": the file is lost, or as in the image. */
	static const struct {
		void (*make)(void);
		const char *diff;
	} cases[] = {
		{ damage_type, NULL }, { damage_mode, NULL }, { damage_no_type, NULL },
		{ damage_ground_size, NULL }, { damage_own_ground, "" },
		{ damage_piece_offset, "" }, { damage_piece_header, "" },
		{ damage_piece_end, "" }, { damage_piece_size, "" },
		{ damage_piece_capacity, "" }, { damage_place, "" }, { damage_layer_place, "" },
		{ damage_layer_offset, "" }, { damage_layer_end, NULL },
		{ damage_layer_shift, "" }, { damage_layer_small_shift, "" },
		{ damage_layer_of_own, "" }, { damage_link_without_target, "" },
		{ damage_link_size, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(state);
		set_up(state);
		cases[i].make();
		if (cases[i].diff)
			check_left_out(cases[i].diff);
		else
			check_damaged();
	}
}

/* Its name was not yet durable when the power failed. */
static void test_lost_objects(void **state)
{
	static char text[LARGE_SIZE + 1];

	(void)state;
	own_make(0, 0);
	own_remove();
	slot_of_image(fix->plain)->data = OVERLAY_OBJECT_DATA(OVERLAY_OWN_OBJECT + 1);
	layered_slot(0)->layer_end = 4096;
	check_diff("C /large\nC /plain\n");
	assert_int_equal(bytes(fix->plain, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(bytes(fix->large, text, sizeof(text)), 0);
	assert_int_equal(strlen(text), 4096);
}

static void test_target(void **state)
{
	struct overlay_slot *made = slot(OWN(0), S_IFLNK | 0777);
	char target[INDEX_TARGET_MAX + 1];
	struct merged_inode inode;

	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	made_piece(&fix->made, made, 0, "target");
	assert_int_equal(read_changes(), 0);
	assert_int_equal(merged_stat(&fix->merged, OWN(0), &inode, &fix->err), 0);
	assert_int_equal(merged_target(&fix->merged, &inode, target, &fix->err), 0);
	assert_string_equal(target, "target");
	fix->made.data[MADE_PIECES + 2] = '\0';
	assert_int_equal(merged_target(&fix->merged, &inode, target, &fix->err), -EUCLEAN);
	assert_int_equal(merged_stat(&fix->merged, fix->link, &inode, &fix->err), 0);
	assert_int_equal(merged_target(&fix->merged, &inode, target, &fix->err), 0);
	assert_string_equal(target, "dir/one");
}

static void test_shared_bytes(void **state)
{
	char text[16];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		char letter[] = { (char)('a' + i), '\0' };

		name(OVERLAY_ADD, MERGED_ROOT, OWN(i), letter);
		made_piece(&fix->made, slot(OWN(i), S_IFREG | 0600), 0, "same");
	}
	/* Bytes of a file that are slots. */
	name(OVERLAY_ADD, MERGED_ROOT, OWN(3), "slots");
	slot(OWN(3), S_IFREG | 0600)->data = OVERLAY_PIECE_DATA(MADE_SLOTS + 128, OVERLAY_PAGE);
	check_diff("A /a\n");
	assert_int_equal(bytes(OWN(0), text, sizeof(text)), 0);
	assert_string_equal(text, "same");
}

/* ---- Trees that are none ---- */

static int count_entries(const struct merged_entry *entry, void *data)
{
	(void)entry;
	++*(unsigned int *)data;
	return 0;
}

static int walk(void)
{
	unsigned int count = 0;
	int result = read_changes();

	return result ? result : merged_walk(&fix->merged, MERGED_ROOT, count_entries, &count,
					     &fix->err);
}

static void test_directory_with_two_places(void **state)
{
	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "b");
	slot(OWN(0), S_IFDIR | 0755);
	check_damaged();
	assert_int_equal(walk(), -EUCLEAN);
}

static void test_image_directory_with_two_places(void **state)
{
	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, fix->dir, "b");
	name(OVERLAY_ADD, fix->dir, OWN(0), "x");
	slot(OWN(0), S_IFREG | 0644);
	check_damaged();
	assert_int_equal(walk(), -EUCLEAN);
}

static void test_circle(void **state)
{
	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "a");
	name(OVERLAY_ADD, OWN(0), OWN(1), "b");
	name(OVERLAY_ADD, OWN(1), OWN(0), "c");
	name(OVERLAY_ADD, OWN(1), MERGED_ROOT, "d");
	slot(OWN(0), S_IFDIR | 0755);
	slot(OWN(1), S_IFDIR | 0755);
	check_damaged();
	assert_int_equal(walk(), -EUCLEAN);
}

/* Directories that lead to each other, and nobody to them. */
static void test_circle_apart(void **state)
{
	(void)state;
	name(OVERLAY_ADD, OWN(0), OWN(1), "b");
	name(OVERLAY_ADD, OWN(1), OWN(0), "a");
	slot(OWN(0), S_IFDIR | 0755);
	slot(OWN(1), S_IFDIR | 0755);
	check_diff("");
	assert_int_equal(walk(), 0);
}

static void test_names_in_a_file(void **state)
{
	uint64_t ino;

	(void)state;
	name(OVERLAY_ADD, fix->plain, OWN(0), "x");
	slot(OWN(0), S_IFREG | 0644);
	check_diff("");
	assert_int_equal(merged_lookup(&fix->merged, fix->plain, "x", 1, &ino, &fix->err),
			 -ENOTDIR);
}

static void test_long_path(void **state)
{
	char text[256];
	struct diff diff;

	(void)state;
	memset(text, 'n', 255);
	text[255] = '\0';
	for (unsigned int i = 0; i < 17; i++) {
		name(OVERLAY_ADD, i ? OWN(i - 1) : MERGED_ROOT, OWN(i), text);
		slot(OWN(i), S_IFDIR | 0755);
	}
	assert_int_equal(walk(), -ENAMETOOLONG);
	assert_int_equal(diff_make(&fix->merged, &diff, &fix->err), -ENAMETOOLONG);
}

/* ---- Findings are told, and left out ---- */

static void test_findings(void **state)
{
	unsigned int count = 0;
	uint64_t ino;

	(void)state;
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "good");
	slot(OWN(0), S_IFREG | 0644);
	slot_of_image(fix->plain);
	slot_of_image(fix->plain);
	made_record(&fix->made, 99, 1, 64);
	name(OVERLAY_ADD, MERGED_ROOT, OWN(0), "behind");
	assert_int_equal(changes_read(&fix->merged.changes, fix->made.data, MADE_SIZE, count_line,
				      &count, &fix->err), 0);
	assert_int_equal(count, 2);
	assert_true(fix->merged.changes.bad_record > MADE_LOG);
	assert_int_equal(find(MERGED_ROOT, "good"), OWN(0));
	assert_int_equal(merged_lookup(&fix->merged, MERGED_ROOT, "behind", 6, &ino, &fix->err),
			 -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_changes), TEST(test_changes), TEST(test_last_word),
		TEST(test_renamed_directory), TEST(test_attributes), TEST(test_layered),
		TEST(test_layer_was_cut), TEST(test_header), TEST(test_name_is_none),
		TEST(test_name_size), TEST(test_records), TEST(test_record_at_the_end),
		TEST(test_xattr_sizes), TEST(test_places), TEST(test_log_in_circles),
		TEST(test_checksum_ends_the_log), TEST(test_guard), TEST(test_two_slots),
		TEST(test_name_of_removed), TEST(test_name_numbers),
		TEST(test_inode_numbers), TEST(test_slots),
		TEST(test_target), TEST(test_lost_objects),
		TEST(test_shared_bytes), TEST(test_directory_with_two_places),
		TEST(test_image_directory_with_two_places), TEST(test_circle),
		TEST(test_circle_apart), TEST(test_names_in_a_file), TEST(test_long_path),
		TEST(test_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
