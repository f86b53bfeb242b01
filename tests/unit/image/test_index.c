/* SPDX-License-Identifier: MIT */
/*
 * The index: what is written is read back, equal trees give equal bytes, large directories are
 * fast, damage is found.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/image/index_read.h"
#include "host/image/index_write.h"
#include "tests/unit/unit.h"

static struct tree_inode *add(struct tree *tree, struct tree_inode *dir, const char *name,
			      uint32_t mode)
{
	struct tree_entry *entry = tree_add(tree, dir, name, strlen(name), NULL, mode);

	assert_non_null(entry);
	return entry->inode;
}

static void add_link(struct tree *tree, struct tree_inode *dir, const char *name,
		     struct tree_inode *inode)
{
	assert_non_null(tree_add(tree, dir, name, strlen(name), inode, 0));
}

/* One of each kind, told in one order or the other. */
static void make_tree(struct tree *tree, bool backwards)
{
	struct tree_inode *dir, *file, *other;

	assert_int_equal(tree_init(tree), 0);
	if (backwards)
		add(tree, tree->root, "fifo", S_IFIFO | 0600);
	dir = add(tree, tree->root, "dir", S_IFDIR | 0750);
	file = add(tree, dir, backwards ? "two" : "one", S_IFREG | 0644);
	file->size = 5;
	file->object = 77;
	file->mtime_ns = -5;
	add_link(tree, dir, backwards ? "one" : "two", file);
	other = add(tree, tree->root, "other", S_IFREG | 04755);
	other->size = 5;
	other->object = 77;
	other->uid = 1000;
	assert_int_equal(tree_set_xattr(other, backwards ? "user.a" : "user.b", "x\0y", 3), 0);
	assert_int_equal(tree_set_xattr(other, backwards ? "user.b" : "user.a", "x\0y", 3), 0);
	add(tree, tree->root, "link", S_IFLNK | 0777)->target = strdup("dir/one");
	add(tree, tree->root, "null", S_IFCHR | 0666)->rdev_minor = 3;
	if (!backwards)
		add(tree, tree->root, "fifo", S_IFIFO | 0600);
}

static void write_tree(struct index_file *file, bool backwards)
{
	struct tree tree;
	struct error err;

	make_tree(&tree, backwards);
	assert_int_equal(index_write(&tree, file, &err), 0);
	tree_release(&tree);
}

static uint32_t look_up(const struct index *index, uint32_t dir, const char *name)
{
	uint32_t inode = 0;

	assert_int_equal(index_lookup(index, dir, name, strlen(name), &inode), 0);
	return inode;
}

static void test_all_comes_back(void **state)
{
	const struct index_inode *inode;
	struct index_attribute attribute;
	struct index_file file;
	struct index index;
	struct error err;
	uint32_t dir, number, offset = 0, size;
	const char *target;

	(void)state;
	write_tree(&file, false);
	assert_int_equal(file.object_count, 1);
	assert_int_equal(file.objects[0], 77);
	assert_int_equal(file.files, 7);
	assert_int_equal(file.bytes, 10);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	assert_int_equal(index_check(&index, &err), 0);

	dir = look_up(&index, INDEX_ROOT, "dir");
	number = look_up(&index, dir, "one");
	assert_int_equal(look_up(&index, dir, "two"), number);
	inode = index_inode(&index, number);
	assert_int_equal(inode->nlink, 2);
	assert_int_equal(inode->object, 1);
	assert_int_equal(inode->mtime_ns, -5);
	assert_int_equal(index_inode(&index, dir)->nlink, 2);
	assert_int_equal(index_inode(&index, INDEX_ROOT)->nlink, 3);

	number = look_up(&index, INDEX_ROOT, "other");
	assert_int_equal(index_inode(&index, number)->mode, S_IFREG | 04755);
	assert_int_equal(index_inode(&index, number)->uid, 1000);
	assert_int_equal(index_xattr(&index, number, &offset, &attribute), 0);
	assert_memory_equal(attribute.name, "user.a", 6);
	assert_int_equal(attribute.value_size, 3);
	assert_memory_equal(attribute.value, "x\0y", 3);
	assert_int_equal(index_xattr(&index, number, &offset, &attribute), 0);
	assert_int_equal(index_xattr(&index, number, &offset, &attribute), -ENODATA);

	assert_int_equal(index_target(&index, look_up(&index, INDEX_ROOT, "link"), &target, &size),
			 0);
	assert_int_equal(size, 7);
	assert_memory_equal(target, "dir/one", 7);
	assert_int_equal(index_inode(&index, look_up(&index, INDEX_ROOT, "null"))->rdev_minor, 3);
	index_file_release(&file);
}

static void test_refusals(void **state)
{
	struct index_file file;
	struct index_name name;
	struct index index;
	struct error err;
	uint32_t inode, size;
	const char *target;

	(void)state;
	write_tree(&file, false);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	assert_int_equal(index_lookup(&index, INDEX_ROOT, "nothing", 7, &inode), -ENOENT);
	assert_int_equal(index_lookup(&index, INDEX_ROOT, "", 0, &inode), -ENOENT);
	assert_int_equal(index_lookup(&index, look_up(&index, INDEX_ROOT, "fifo"), "x", 1, &inode),
			 -ENOTDIR);
	assert_int_equal(index_list(&index, INDEX_ROOT, 5, &name), -ENOENT);
	assert_int_equal(index_target(&index, INDEX_ROOT, &target, &size), -EINVAL);
	assert_null(index_inode(&index, 0));
	assert_null(index_inode(&index, 8));
	index_file_release(&file);
}

static void test_order_does_not_matter(void **state)
{
	struct index_file one, two;

	(void)state;
	write_tree(&one, false);
	write_tree(&two, true);
	assert_int_equal(one.size, two.size);
	assert_memory_equal(one.data, two.data, one.size);
	index_file_release(&one);
	index_file_release(&two);
}

static int note_path(const char *path, const struct index_name *name, void *data)
{
	(void)name;
	strcat(strcat(data, path), " ");
	return 0;
}

static void test_walk(void **state)
{
	char paths[200] = "", *parent;
	struct index_file file;
	struct index index;
	struct error err;

	(void)state;
	write_tree(&file, false);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	assert_int_equal(index_walk(&index, INDEX_ROOT, note_path, paths), 0);
	parent = strstr(paths, "dir ");
	assert_non_null(parent);
	assert_true(strstr(paths, "dir/one ") > parent);
	assert_non_null(strstr(paths, "dir/two "));
	assert_non_null(strstr(paths, "fifo "));
	index_file_release(&file);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_large_directory(void **state)
{
	struct index_file file;
	struct index index;
	struct tree tree;
	struct error err;
	char name[32];
	double start = seconds();

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		add(&tree, tree.root, name, S_IFREG | 0644)->uid = (uint32_t)i;
	}
	assert_int_equal(index_write(&tree, &file, &err), 0);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	assert_int_equal(index_check(&index, &err), 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		assert_int_equal(index_inode(&index, look_up(&index, INDEX_ROOT, name))->uid, i);
	}
	assert_true(seconds() - start < 5);
	index_file_release(&file);
	tree_release(&tree);
}

/*
 * Whatever byte is changed, nothing is read beyond the index (valgrind and sanitizers see it), and
 * calls end.
 */
static int ignore(const char *path, const struct index_name *name, void *data)
{
	(void)path;
	(void)name;
	(void)data;
	return 0;
}

static void test_damage(void **state)
{
	struct index_file file;
	struct index index;
	struct error err;
	size_t found = 0;

	(void)state;
	write_tree(&file, false);
	for (size_t i = 0; i < file.size; i++) {
		char *byte = (char *)file.data + i, former = *byte;

		*byte = (char)~former;
		if (index_init(&index, file.data, file.size, &err) || index_check(&index, &err))
			found++;
		else
			assert_int_equal(index_walk(&index, INDEX_ROOT, ignore, NULL), 0);
		*byte = former;
	}
	assert_true(found > file.size / 3);
	for (size_t size = 0; size < file.size; size++)
		assert_int_not_equal(index_init(&index, file.data, size, &err), 0);
	index_file_release(&file);
}

/* A directory that claims one above it as its child. */
static void test_circle(void **state)
{
	struct index_file file;
	struct index index;
	struct tree tree;
	struct error err;
	struct index_entry *entries;

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	add(&tree, add(&tree, add(&tree, tree.root, "a", S_IFDIR | 0755), "b", S_IFDIR | 0755), "c",
	    S_IFDIR | 0755);
	assert_int_equal(index_write(&tree, &file, &err), 0);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	entries = (struct index_entry *)((char *)file.data + index.header->entries_offset);
	entries[2].inode = 2;
	assert_int_equal(index_check(&index, &err), -EUCLEAN);
	assert_int_equal(index_walk(&index, INDEX_ROOT, ignore, NULL), -EUCLEAN);
	index_file_release(&file);
	tree_release(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_comes_back),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_large_directory),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
