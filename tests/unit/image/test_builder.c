/* SPDX-License-Identifier: MIT */
/*
 * The builder: paths and links, contents that become objects, whiteouts, and what it holds at the
 * end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/builder.h"
#include "host/image/index_read.h"
#include "tests/unit/unit.h"

static struct store *store;
static struct progress progress;
static struct builder builder;

static int set_up(void **state)
{
	struct error err;

	(void)state;
	return store_open_memory(&store, &err) || store_begin(store, &err) ||
	       builder_init(&builder, store, &progress, 1 << 20, &err);
}

static int tear_down(void **state)
{
	(void)state;
	builder_release(&builder);
	store_close(store);
	return 0;
}

static int add(const char *path, uint32_t mode, const char *content, struct error *err)
{
	struct builder_attributes attributes = { .mode = mode, .target = content };
	int result = builder_add(&builder, path, &attributes, err);

	if (result)
		return result;
	if (S_ISREG(mode) && content[0])
		result = builder_write(&builder, content, strlen(content), 0, err);
	return result ? result : builder_end(&builder, builder.written, err);
}

static void add_file(const char *path, const char *content)
{
	struct error err;

	assert_int_equal(add(path, S_IFREG | 0644, content, &err), 0);
}

static void refused(const char *path, uint32_t mode, const char *content, const char *cause)
{
	struct error err = { 0 };

	assert_int_not_equal(add(path, mode, content, &err), 0);
	if (!strstr(err.text, cause))
		fail_msg("%s", err.text);
}

/* The tree's entry, NULL where there is none. Paths without links. */
static struct tree_inode *find(const char *path)
{
	struct tree_inode *inode = builder.tree.root;

	while (*path) {
		size_t size = strcspn(path, "/");
		struct tree_entry *entry = tree_find(&builder.tree, inode, path, size);

		if (!entry)
			return NULL;
		inode = entry->inode;
		path += size + (path[size] == '/');
	}
	return inode;
}

static void test_paths(void **state)
{
	char name[300] = "d/", path[6100] = "";
	struct error err;

	(void)state;
	refused("/etc/passwd", S_IFREG, "x", "entry /etc/passwd: an absolute path");
	refused("a/../b", S_IFREG, "x", "entry a/../b: a path with '..'");
	refused("..", S_IFDIR, "", "a path with '..'");
	refused("", S_IFREG, "x", "without a name");
	refused(".", S_IFREG, "x", "the root is no directory");
	memset(name + 2, 'n', 256);
	refused(name, S_IFREG, "x", "more than 255 bytes");
	name[257] = '\0';
	add_file(name, "x");
	for (int i = 0; i < 1500; i++)
		strcat(path, "abc/");
	refused(path, S_IFDIR, "", "more than 4095 bytes");
	add_file("./a//b/./c", "x");
	assert_non_null(find("a/b/c"));
	assert_int_equal(find("a")->mode, S_IFDIR | 0755);
	refused("a/b/c/d", S_IFREG, "x", "Not a directory");
	refused("s", S_IFSOCK, "", "can't hold");
	assert_int_equal(add(".", S_IFDIR | 0700, "", &err), 0);
	assert_int_equal(builder.tree.root->mode, S_IFDIR | 0700);
}

static void test_symbolic_links(void **state)
{
	struct error err;

	(void)state;
	refused("empty", S_IFLNK, "", "a target of 0 bytes");
	assert_int_equal(add("usr/lib", S_IFDIR | 0755, "", &err), 0);
	assert_int_equal(add("lib", S_IFLNK | 0777, "usr/lib", &err), 0);
	assert_int_equal(add("usr/up", S_IFLNK | 0777, "../lib", &err), 0);
	add_file("lib/x", "x");
	assert_non_null(find("usr/lib/x"));
	add_file("usr/up/y", "y");
	assert_non_null(find("usr/lib/y"));
	assert_int_equal(add("out", S_IFLNK | 0777, "/etc", &err), 0);
	refused("out/passwd", S_IFREG, "x", "a symbolic link absolute");
	assert_int_equal(add("above", S_IFLNK | 0777, "usr/../../etc", &err), 0);
	refused("above/passwd", S_IFREG, "x", "a symbolic link out of the tree");
	assert_int_equal(add("loop", S_IFLNK | 0777, "loop", &err), 0);
	refused("loop/x", S_IFREG, "x", "of too many links");
	assert_int_equal(add("gone", S_IFLNK | 0777, "nowhere", &err), 0);
	refused("gone/x", S_IFREG, "x", "to no directory");
}

static void test_hard_links(void **state)
{
	struct error err;

	(void)state;
	add_file("a", "content");
	assert_int_equal(builder_link(&builder, "d/b", "./a", &err), 0);
	assert_ptr_equal(find("a"), find("d/b"));
	assert_int_equal(find("a")->references, 2);
	assert_int_equal(builder_link(&builder, "a", "d/b", &err), 0);
	assert_int_equal(find("a")->references, 2);
	add_file("a", "other");
	assert_int_equal(find("d/b")->references, 1);
	assert_int_equal(builder_link(&builder, "x", "missing", &err), -ENOENT);
	assert_non_null(strstr(err.text, "entry x: a hard link"));
	assert_int_not_equal(builder_link(&builder, "x", "d", &err), 0);
	assert_int_not_equal(builder_link(&builder, "x", "../a", &err), 0);
	assert_int_not_equal(builder_link(&builder, "x", "/a", &err), 0);
}

static void test_contents(void **state)
{
	struct builder_attributes attributes = { .mode = S_IFREG | 0644 };
	struct object_info info;
	struct error err;
	char *zeros = calloc(1, 1 << 18), bytes[4];

	(void)state;
	add_file("a", "same");
	add_file("b", "same");
	add_file("c", "else");
	add_file("empty", "");
	assert_int_equal(builder_settle(&builder, &err), 0);
	assert_int_equal(find("a")->object, find("b")->object);
	assert_int_not_equal(find("a")->object, find("c")->object);
	assert_int_equal(find("empty")->object, 0);
	assert_int_equal(object_info(store, find("a")->object, &info, &err), 0);
	assert_int_equal(info.references, 1);

	assert_int_equal(builder_add(&builder, "sparse", &attributes, &err), 0);
	assert_int_equal(builder_write(&builder, zeros, 1 << 18, 0, &err), 0);
	assert_int_equal(builder_write(&builder, "end", 3, 1 << 18, &err), 0);
	assert_int_equal(builder_end(&builder, (1 << 18) + 10, &err), 0);
	assert_int_equal(builder_settle(&builder, &err), 0);
	assert_int_equal(object_info(store, find("sparse")->object, &info, &err), 0);
	assert_int_equal(info.size, (1 << 18) + 10);
	assert_int_equal(object_read(store, find("sparse")->object, bytes, 4, (1 << 18) - 1, &err),
			 4);
	assert_memory_equal(bytes, "\0end", 4);
	free(zeros);
}

static void white_out(const char *path)
{
	struct error err;

	assert_int_equal(builder_whiteout(&builder, path, &err), 1);
}

static struct tree_inode *add_pieces(const char *path, const uint64_t (*pieces)[2], size_t count,
				     const char *bytes, uint64_t size)
{
	struct builder_attributes attributes = { .mode = S_IFREG | 0644 };
	struct error err;

	assert_int_equal(builder_add(&builder, path, &attributes, &err), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(builder_write(&builder, bytes + pieces[i][0], pieces[i][1],
					       pieces[i][0], &err), 0);
	assert_int_equal(builder_end(&builder, size, &err), 0);
	return builder.current;
}

/* However the bytes come, the hash is that of the whole. */
static void test_hashes(void **state)
{
	static const uint64_t whole[][2] = { { 0, 900000 } };
	static const uint64_t parts[][2] = { { 0, 1 }, { 1, 300000 }, { 300001, 599999 } };
	static const uint64_t backwards[][2] = { { 450000, 450000 }, { 0, 450000 } };
	static const uint64_t again[][2] = { { 0, 900000 }, { 5, 5 }, { 899990, 10 } };
	static const uint64_t hole[][2] = { { 0, 1000 }, { 700000, 10 } };
	char *bytes = malloc(900000);
	struct tree_inode *inodes[5];
	uint8_t hash[DIGEST_SIZE];
	struct object_info info;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 900000; i++)
		bytes[i] = (char)(i * i >> 7);
	inodes[0] = add_pieces("whole", whole, 1, bytes, 900000);
	inodes[1] = add_pieces("parts", parts, 3, bytes, 900000);
	inodes[2] = add_pieces("backwards", backwards, 2, bytes, 900000);
	inodes[3] = add_pieces("again", again, 3, bytes, 900000);
	inodes[4] = add_pieces("hole", hole, 2, bytes, 1000000);
	assert_int_equal(builder_settle(&builder, &err), 0);
	assert_int_equal(digest_of(bytes, 900000, hash, &err), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(inodes[i]->object, inodes[0]->object);
		assert_int_equal(object_info(store, inodes[i]->object, &info, &err), 0);
		assert_memory_equal(info.hash, hash, sizeof(hash));
	}
	memset(bytes + 1000, 0, 699000);
	memset(bytes + 700010, 0, 900000 - 700010);
	bytes = realloc(bytes, 1000000);
	memset(bytes + 900000, 0, 100000);
	assert_int_equal(digest_of(bytes, 1000000, hash, &err), 0);
	assert_int_equal(object_info(store, inodes[4]->object, &info, &err), 0);
	assert_memory_equal(info.hash, hash, sizeof(hash));
	free(bytes);
}

/* More files than wait at once, and one that is taken away before its hash is there. */
static void test_many_files(void **state)
{
	struct index_file file;
	char name[16];
	struct error err;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		add_file(name, name);
		if (i % 7 == 0)
			add_file(name, "replaced");
	}
	builder_next_layer(&builder);
	white_out(".wh.999");
	assert_int_equal(builder_finish(&builder, &file, &err), 0);
	assert_int_equal(file.object_count, 1000 - 143 - 1 + 1);
	index_file_release(&file);
}

static void test_limits(void **state)
{
	struct builder_attributes attributes = { .mode = S_IFREG | 0644 };
	struct error err;
	char *large = malloc(BUILDER_XATTR_MAX);

	(void)state;
	assert_int_equal(builder_add(&builder, "large", &attributes, &err), 0);
	assert_int_equal(builder_check_size(&builder, 10ull << 30, &err), -EFBIG);
	assert_non_null(strstr(err.text, "entry large: 10737418240 bytes"));
	assert_int_equal(builder_write(&builder, "x", 1, 1 << 20, &err), -EFBIG);
	assert_int_equal(builder_write(&builder, "x", 1, UINT64_MAX, &err), -EFBIG);
	memset(large, 'x', BUILDER_XATTR_MAX);
	assert_int_equal(builder_xattr(&builder, "user.a", large, BUILDER_XATTR_MAX, &err), -E2BIG);
	assert_int_equal(builder_xattr(&builder, "", "x", 1, &err), -E2BIG);
	free(large);
}

static void test_whiteouts(void **state)
{
	struct error err;

	(void)state;
	add_file("etc/a", "a");
	add_file("etc/b", "b");
	add_file("opt/old/x", "x");
	add_file("var/keep", "k");
	builder_next_layer(&builder);
	assert_int_equal(builder_whiteout(&builder, "etc/ordinary", &err), 0);
	white_out("etc/.wh.a");
	white_out("etc/.wh.never-was");
	add_file("opt/old/y", "y");
	white_out("opt/old/.wh..wh..opq");
	white_out("./.wh..wh.plnk");
	add_file("etc/new", "n");
	white_out("etc/.wh.new");
	assert_null(find("etc/a"));
	assert_non_null(find("etc/b"));
	assert_null(find("opt/old/x"));
	assert_non_null(find("opt/old/y"));
	assert_non_null(find("var/keep"));
	assert_non_null(find("etc/new"));
	builder_next_layer(&builder);
	white_out(".wh.opt");
	assert_null(find("opt"));
	assert_int_not_equal(builder_whiteout(&builder, ".wh.", &err), 0);
	assert_int_not_equal(builder_whiteout(&builder, "etc/.wh...", &err), 0);
	assert_int_not_equal(builder_whiteout(&builder, "../.wh.x", &err), 0);
}

static void test_replacing(void **state)
{
	struct error err;

	(void)state;
	add_file("d/x", "1");
	assert_int_equal(add("d", S_IFDIR | 0700, "", &err), 0);
	assert_non_null(find("d/x"));
	assert_int_equal(find("d")->mode, S_IFDIR | 0700);
	add_file("d", "now a file");
	assert_null(find("d/x"));
	assert_int_equal(add("d", S_IFDIR | 0700, "", &err), 0);
	assert_int_equal(find("d")->child_count, 0);
}

static void test_finish(void **state)
{
	struct index_file file;
	struct store_totals totals;
	struct index index;
	struct error err;

	(void)state;
	add_file("a", "first");
	add_file("a", "second");
	add_file("b", "second");
	add_file("c", "gone");
	builder_next_layer(&builder);
	white_out(".wh.c");
	assert_int_equal(builder_finish(&builder, &file, &err), 0);
	assert_int_equal(file.object_count, 1);
	assert_int_equal(store_totals(store, &totals, &err), 0);
	assert_int_equal(totals.objects, 1);
	assert_int_equal(index_init(&index, file.data, file.size, &err), 0);
	assert_int_equal(index_check(&index, &err), 0);
	index_file_release(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paths),     TEST(test_symbolic_links), TEST(test_hard_links),
		TEST(test_contents),  TEST(test_limits),	 TEST(test_whiteouts),
		TEST(test_replacing), TEST(test_finish),	 TEST(test_hashes),
		TEST(test_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
