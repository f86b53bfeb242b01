/* SPDX-License-Identifier: MIT */
/* What a store promises, asked of both implementations. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "tests/unit/store/play.h"

static struct store *store;
static bool on_disk;

static int open_memory(void **state)
{
	(void)state;
	on_disk = false;
	return store_open_memory(&store, &play_error);
}

static int open_disk(void **state)
{
	(void)state;
	on_disk = true;
	return store_open_disk(play_path("both"), STORE_CREATE, &store, &play_error);
}

static int close_store(void **state)
{
	(void)state;
	store_close(store);
	if (on_disk)
		play_remove_directory();
	return 0;
}

static void begin(void)
{
	must(store_begin(store, &play_error));
}

static void commit(void)
{
	must(store_commit(store, &play_error));
}

static struct object_info info_of(object_id id)
{
	struct object_info info;

	must(object_info(store, id, &info, &play_error));
	return info;
}

static bool is_there(object_id id)
{
	struct object_info info;

	return !object_info(store, id, &info, &play_error);
}

static void test_bytes(void **state)
{
	char bytes[16] = "untouched";
	object_id id;

	(void)state;
	begin();
	id = play_object(store, "hello", 5);
	assert_string_equal(play_text(store, id), "hello");
	assert_int_equal(object_write(store, id, "LO", 2, 3, &play_error), 2);
	assert_string_equal(play_text(store, id), "helLO");
	assert_int_equal(object_read(store, id, bytes, 3, 5, &play_error), 0);
	assert_int_equal(object_read(store, id, bytes, 3, 100, &play_error), 0);
	assert_string_equal(bytes, "untouched");
	must(object_truncate(store, id, 2, &play_error));
	must(object_truncate(store, id, 4, &play_error));
	assert_int_equal(object_read(store, id, bytes, 9, 0, &play_error), 4);
	assert_memory_equal(bytes, "he\0\0", 4);
	/* A hole, and far behind it a byte. */
	assert_int_equal(object_write(store, id, "x", 1, 1ull << 32, &play_error), 1);
	assert_int_equal(info_of(id).size, (1ull << 32) + 1);
	assert_true(info_of(id).disk_size < 1 << 20);
	assert_int_equal(object_read(store, id, bytes, 2, 1000000, &play_error), 2);
	assert_memory_equal(bytes, "\0\0", 2);
	assert_int_equal(object_write(store, id, "x", 1, UINT64_MAX, &play_error), -EFBIG);
	assert_int_equal(object_truncate(store, id, 1ull << 63, &play_error), -EFBIG);
	assert_int_equal(object_read(store, 77, bytes, 2, 0, &play_error), -ENOENT);
	must(object_sync(store, id, &play_error));
	commit();
	/* Outside of a transaction, too. */
	assert_int_equal(object_write(store, id, "J", 1, 0, &play_error), 1);
	assert_int_equal(object_read(store, id, bytes, 1, 0, &play_error), 1);
	assert_int_equal(bytes[0], 'J');
}

static void test_references(void **state)
{
	object_id id, other;

	(void)state;
	begin();
	id = play_object(store, "a", 1);
	assert_int_equal(info_of(id).references, 1);
	must(object_get(store, id, &play_error));
	assert_int_equal(info_of(id).references, 2);
	must(object_put(store, id, &play_error));
	must(object_put(store, id, &play_error));
	assert_false(is_there(id));
	assert_int_equal(object_put(store, id, &play_error), -ENOENT);
	assert_int_equal(object_get(store, id, &play_error), -ENOENT);
	assert_int_equal(object_get(store, 0, &play_error), -ENOENT);
	must(object_create(store, &other, &play_error));
	assert_true(other > id);
	commit();
	assert_true(is_there(other));
	begin();
	must(object_put(store, other, &play_error));
	commit();
	assert_false(is_there(other));
	assert_int_equal(object_read(store, other, &id, 1, 0, &play_error), -ENOENT);
}

static void test_transactions(void **state)
{
	object_id kept, gone, id = 5;
	uint8_t value;

	(void)state;
	assert_int_equal(object_create(store, &id, &play_error), -EINVAL);
	assert_int_equal(store_commit(store, &play_error), -EINVAL);
	assert_int_equal(id, 5);
	store_abort(store);
	begin();
	assert_int_equal(store_begin(store, &play_error), -EINVAL);
	kept = play_sealed(store, "kept");
	must(record_put(store, RECORD_IMAGE, "a", "1", 1, false, &play_error));
	must(object_attribute_set(store, kept, "name", "value", 5, &play_error));
	commit();
	begin();
	gone = play_object(store, "gone", 4);
	must(object_put(store, kept, &play_error));
	must(record_put(store, RECORD_IMAGE, "a", "22", 2, false, &play_error));
	must(record_put(store, RECORD_IMAGE, "b", "1", 1, false, &play_error));
	assert_int_equal(record_get(store, RECORD_IMAGE, "a", NULL, 0, &play_error), 2);
	assert_false(is_there(kept));
	store_abort(store);
	assert_false(is_there(gone));
	assert_string_equal(play_text(store, kept), "kept");
	assert_int_equal(record_get(store, RECORD_IMAGE, "a", &value, 1, &play_error), 1);
	assert_int_equal(value, '1');
	assert_int_equal(record_get(store, RECORD_IMAGE, "b", &value, 1, &play_error), -ENOENT);
	assert_int_equal(object_attribute_get(store, kept, "name", NULL, 0, &play_error), 5);
	/* The hash leads to it again. */
	begin();
	assert_int_equal(play_sealed(store, "kept"), kept);
	commit();
	assert_int_equal(info_of(kept).references, 2);
}

static void test_sealing(void **state)
{
	static const uint8_t hash_of_abc[] = { 0xba, 0x78, 0x16, 0xbf };
	object_id first, second, sealed, empty;
	struct store_totals totals;

	(void)state;
	begin();
	first = play_object(store, "abc", 3);
	must(object_seal(store, first, &sealed, &play_error));
	assert_int_equal(sealed, first);
	assert_int_equal(info_of(first).flags, OBJECT_SEALED);
	assert_memory_equal(info_of(first).hash, hash_of_abc, sizeof(hash_of_abc));
	must(object_seal(store, first, &sealed, &play_error));
	assert_int_equal(sealed, first);
	second = play_object(store, "abc", 3);
	must(object_seal(store, second, &sealed, &play_error));
	assert_int_equal(sealed, first);
	assert_false(is_there(second));
	assert_int_equal(info_of(first).references, 2);
	assert_int_equal(object_write(store, first, "x", 1, 0, &play_error), -EROFS);
	assert_int_equal(object_truncate(store, first, 0, &play_error), -EROFS);
	assert_int_equal(object_open(store, first, true, &play_error), -EROFS);
	empty = play_sealed(store, "");
	assert_int_equal(play_sealed(store, ""), empty);
	second = play_object(store, "two owners", 10);
	must(object_get(store, second, &play_error));
	assert_int_equal(object_seal(store, second, &sealed, &play_error), -EBUSY);
	assert_int_equal(object_seal(store, 999, &sealed, &play_error), -ENOENT);
	commit();
	must(store_totals(store, &totals, &play_error));
	assert_int_equal(totals.objects, 3);
	assert_int_equal(totals.sealed_objects, 2);
	assert_int_equal(totals.bytes, 13);
	assert_int_equal(totals.shared_bytes, 13);
	/* Content can come again after its object has gone. */
	begin();
	must(object_put(store, first, &play_error));
	must(object_put(store, first, &play_error));
	sealed = play_sealed(store, "abc");
	assert_true(sealed > first);
	commit();
	assert_string_equal(play_text(store, sealed), "abc");
}

static void test_hashed_seal(void **state)
{
	uint8_t hash[OBJECT_HASH_SIZE];
	object_id first, second, sealed = 0;
	int fd;

	(void)state;
	begin();
	first = play_sealed(store, "same");
	memcpy(hash, info_of(first).hash, sizeof(hash));
	second = play_object(store, "same", 4);
	assert_int_equal(object_seal_hashed(store, second, 5, hash, &sealed, &play_error), -EBUSY);
	if (on_disk) {
		fd = object_open(store, second, true, &play_error);
		assert_int_equal(object_seal_hashed(store, second, 4, hash, &sealed, &play_error),
				 -EBUSY);
		close(fd);
	}
	assert_int_equal(sealed, 0);
	must(object_seal_hashed(store, second, 4, hash, &sealed, &play_error));
	assert_int_equal(sealed, first);
	assert_int_equal(info_of(first).references, 2);
	assert_false(is_there(second));
	must(object_seal_hashed(store, first, 4, hash, &sealed, &play_error));
	must(object_put(store, first, &play_error));
	must(object_put(store, first, &play_error));
	second = play_object(store, "same", 4);
	must(object_seal_hashed(store, second, 4, hash, &sealed, &play_error));
	assert_int_equal(sealed, second);
	assert_memory_equal(info_of(second).hash, hash, sizeof(hash));
	assert_int_equal(object_write(store, second, "x", 1, 0, &play_error), -EROFS);
	commit();
}

static void test_large_seal(void **state)
{
	size_t size = (3u << 20) + 17;
	char *bytes = malloc(size);
	object_id one, other;

	(void)state;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	begin();
	one = play_object(store, bytes, size);
	must(object_seal(store, one, &one, &play_error));
	other = play_object(store, bytes, size);
	must(object_seal(store, other, &other, &play_error));
	assert_int_equal(one, other);
	bytes[size - 1] ^= 1;
	other = play_object(store, bytes, size);
	must(object_seal(store, other, &other, &play_error));
	assert_int_not_equal(one, other);
	commit();
	free(bytes);
}

static void test_copies(void **state)
{
	object_id original, copy, sparse;
	char byte;

	(void)state;
	begin();
	original = play_sealed(store, "original");
	must(object_attribute_set(store, original, "a", "b", 1, &play_error));
	must(object_copy(store, original, &copy, &play_error));
	assert_int_equal(info_of(copy).references, 1);
	assert_int_equal(info_of(copy).flags, 0);
	assert_int_equal(object_attribute_get(store, copy, "a", &byte, 1, &play_error), -ENODATA);
	must(object_write(store, copy, "O", 1, 0, &play_error));
	assert_string_equal(play_text(store, copy), "Original");
	assert_string_equal(play_text(store, original), "original");
	/* Holes stay holes. */
	sparse = play_object(store, "begin", 5);
	must(object_write(store, sparse, "end", 3, 64 << 20, &play_error));
	must(object_truncate(store, sparse, 128 << 20, &play_error));
	must(object_copy(store, sparse, &copy, &play_error));
	assert_int_equal(info_of(copy).size, 128 << 20);
	assert_true(info_of(copy).disk_size < 1 << 20);
	assert_int_equal(object_read(store, copy, &byte, 1, (64 << 20) + 2, &play_error), 1);
	assert_int_equal(byte, 'd');
	assert_int_equal(object_read(store, copy, &byte, 1, (128 << 20) - 1, &play_error), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(object_copy(store, 999, &copy, &play_error), -ENOENT);
	commit();
}

static void test_descriptors(void **state)
{
	object_id id, sealed;
	char text[8] = "";
	int fd, other;

	(void)state;
	begin();
	id = play_object(store, "abc", 3);
	commit();
	fd = object_open(store, id, true, &play_error);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 1), 1);
	assert_string_equal(play_text(store, id), "aXc");
	must(object_write(store, id, "Y", 1, 2, &play_error));
	assert_int_equal(pread(fd, text, 3, 0), 3);
	assert_string_equal(text, "aXY");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	other = object_open(store, id, false, &play_error);
	assert_true(other >= 0);
	assert_int_equal(pwrite(other, "X", 1, 1), -1);
	begin();
	if (on_disk) {
		void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		/* Who can still write it, by a descriptor or a mapping, is in the way. */
		assert_int_equal(object_seal(store, id, &sealed, &play_error), -EBUSY);
		close(fd);
		assert_int_equal(object_seal(store, id, &sealed, &play_error), -EBUSY);
		munmap(page, 1);
		fd = -1;
	}
	must(object_seal(store, id, &sealed, &play_error));
	must(object_put(store, id, &play_error));
	commit();
	/* The bytes live on with the descriptor. */
	assert_int_equal(pread(other, text, 3, 0), 3);
	assert_string_equal(text, "aXY");
	close(other);
	if (fd >= 0)
		close(fd);
}

static void test_attributes(void **state)
{
	char long_name[300], value[8] = "";
	object_id id;

	(void)state;
	memset(long_name, 'n', sizeof(long_name));
	long_name[299] = '\0';
	begin();
	id = play_sealed(store, "x");
	assert_int_equal(object_attribute_get(store, id, "a", value, 8, &play_error), -ENODATA);
	must(object_attribute_set(store, id, "a", "12345", 5, &play_error));
	assert_int_equal(object_attribute_get(store, id, "a", value, 3, &play_error), 5);
	assert_string_equal(value, "123");
	must(object_attribute_set(store, id, "a", NULL, 0, &play_error));
	must(object_attribute_set(store, id, "a", NULL, 0, &play_error));
	assert_int_equal(object_attribute_get(store, id, "a", value, 8, &play_error), -ENODATA);
	assert_int_equal(object_attribute_set(store, id, "", "x", 1, &play_error), -EINVAL);
	assert_int_equal(object_attribute_set(store, id, long_name, "x", 1, &play_error),
			 -ENAMETOOLONG);
	long_name[255] = '\0';
	must(object_attribute_set(store, id, long_name, "x", 1, &play_error));
	assert_int_equal(object_attribute_set(store, 99, "a", "x", 1, &play_error), -ENOENT);
	assert_int_equal(object_attribute_get(store, 99, "a", value, 8, &play_error), -ENOENT);
	must(object_put(store, id, &play_error));
	commit();
	assert_int_equal(object_attribute_get(store, id, long_name, value, 8, &play_error),
			 -ENOENT);
}

static int join_names(const char *name, const void *value, size_t size, void *data)
{
	char *all = data;

	sprintf(all + strlen(all), "%s=%.*s ", name, (int)size, (const char *)value);
	return strcmp(name, "stop") ? 0 : 7;
}

static int delete_each(const char *name, const void *value, size_t size, void *data)
{
	(void)value;
	(void)size;
	(void)data;
	assert_int_equal(store_commit(store, &play_error), -EINVAL);
	return record_delete(store, RECORD_IMAGE, name, &play_error);
}

static void test_records(void **state)
{
	char all[256] = "", *large = calloc(1, RECORD_VALUE_MAX + 1);

	(void)state;
	begin();
	must(record_put(store, RECORD_IMAGE, "b", "2", 1, true, &play_error));
	must(record_put(store, RECORD_IMAGE, "a", "1", 1, true, &play_error));
	must(record_put(store, RECORD_IMAGE, "ab", "", 0, true, &play_error));
	must(record_put(store, RECORD_DOMAIN, "a", "d", 1, true, &play_error));
	assert_int_equal(record_put(store, RECORD_IMAGE, "a", "9", 1, true, &play_error), -EEXIST);
	assert_int_equal(record_put(store, 0, "a", "9", 1, true, &play_error), -EINVAL);
	assert_int_equal(record_put(store, RECORD_IMAGE, "", "9", 1, true, &play_error), -EINVAL);
	must(record_put(store, RECORD_IMAGE, "a", "3", 1, false, &play_error));
	must(record_put(store, RECORD_VOLUME, "v", large, RECORD_VALUE_MAX, false, &play_error));
	assert_int_equal(record_put(store, RECORD_VOLUME, "v", large, RECORD_VALUE_MAX + 1, false,
				    &play_error),
			 -E2BIG);
	commit();
	assert_int_equal(record_get(store, RECORD_VOLUME, "v", large, 1, &play_error),
			 RECORD_VALUE_MAX);
	must(record_visit(store, RECORD_IMAGE, join_names, all, &play_error));
	assert_string_equal(all, "a=3 ab= b=2 ");
	begin();
	assert_int_equal(record_delete(store, RECORD_IMAGE, "none", &play_error), -ENOENT);
	must(record_put(store, RECORD_DOMAIN, "stop", "", 0, false, &play_error));
	must(record_put(store, RECORD_DOMAIN, "z", "", 0, false, &play_error));
	all[0] = '\0';
	assert_int_equal(record_visit(store, RECORD_DOMAIN, join_names, all, &play_error), 7);
	assert_string_equal(all, "a=d stop= ");
	must(record_visit(store, RECORD_IMAGE, delete_each, NULL, &play_error));
	commit();
	all[0] = '\0';
	must(record_visit(store, RECORD_IMAGE, join_names, all, &play_error));
	assert_string_equal(all, "");
	free(large);
}

static int add_entry(uint64_t local, object_id object, void *data)
{
	*(uint64_t *)data += local * 100 + object;
	return 0;
}

static void test_mappings(void **state)
{
	object_id a, b, found = 0;
	mapping_id first, second;
	uint64_t sum = 0;

	(void)state;
	begin();
	a = play_sealed(store, "a");
	b = play_sealed(store, "b");
	must(mapping_create(store, 0, &first, &play_error));
	must(mapping_create(store, 0, &second, &play_error));
	assert_int_not_equal(first, second);
	must(mapping_set(store, first, 7, a, &play_error));
	must(mapping_set(store, first, 9, b, &play_error));
	must(object_get(store, a, &play_error));
	must(mapping_set(store, second, 7, a, &play_error));
	commit();
	assert_int_equal(info_of(a).references, 2);
	must(mapping_get(store, first, 9, &found, &play_error));
	assert_int_equal(found, b);
	assert_int_equal(mapping_get(store, first, 8, &found, &play_error), -ENOENT);
	assert_int_equal(mapping_get(store, 99, 7, &found, &play_error), -ENOENT);
	must(mapping_visit(store, first, add_entry, &sum, &play_error));
	assert_int_equal(sum, 1600 + a + b);
	assert_int_equal(mapping_visit(store, 99, add_entry, &sum, &play_error), -ENOENT);
	begin();
	assert_int_equal(mapping_set(store, first, 1, 999, &play_error), -ENOENT);
	assert_int_equal(mapping_set(store, 999, 1, a, &play_error), -ENOENT);
	/* The same again: the reference that comes is the one that was there. */
	must(object_get(store, b, &play_error));
	must(mapping_set(store, first, 9, b, &play_error));
	assert_int_equal(info_of(b).references, 1);
	must(mapping_set(store, first, 9, 0, &play_error));
	must(mapping_set(store, first, 9, 0, &play_error));
	assert_false(is_there(b));
	must(mapping_delete(store, second, &play_error));
	assert_int_equal(info_of(a).references, 1);
	assert_int_equal(mapping_delete(store, second, &play_error), -ENOENT);
	must(mapping_delete(store, first, &play_error));
	assert_false(is_there(a));
	commit();
}

static void test_quota(void **state)
{
	uint64_t used = 0, quota = 0;
	mapping_id limited, free_one;

	(void)state;
	begin();
	must(mapping_create(store, 1000, &limited, &play_error));
	must(mapping_create(store, 0, &free_one, &play_error));
	must(mapping_charge(store, limited, 1000, &play_error));
	assert_int_equal(mapping_charge(store, limited, 1, &play_error), -EDQUOT);
	must(mapping_charge(store, limited, -400, &play_error));
	assert_int_equal(mapping_charge(store, limited, -601, &play_error), -ERANGE);
	must(mapping_charge(store, free_one, INT64_MAX, &play_error));
	must(mapping_charge(store, free_one, INT64_MAX, &play_error));
	assert_int_equal(mapping_charge(store, free_one, INT64_MAX, &play_error), -EDQUOT);
	commit();
	must(mapping_usage(store, limited, &used, &quota, &play_error));
	assert_int_equal(used, 600);
	assert_int_equal(quota, 1000);
}

static void test_deduplication(void **state)
{
	uint64_t objects = 0, bytes = 0;
	object_id ids[5], found;
	mapping_id mapping;
	int fd = -1;

	(void)state;
	begin();
	must(mapping_create(store, 0, &mapping, &play_error));
	ids[0] = play_sealed(store, "sealed");
	ids[1] = play_object(store, "sealed", 6);
	ids[2] = play_object(store, "private", 7);
	ids[3] = play_object(store, "private", 7);
	ids[4] = play_object(store, "alone", 5);
	for (int i = 0; i < 5; i++)
		must(mapping_set(store, mapping, i, ids[i], &play_error));
	if (on_disk)
		fd = object_open(store, ids[3], true, &play_error);
	must(store_deduplicate(store, &objects, &bytes, &play_error));
	if (on_disk) {
		/* One of the pair is in use. */
		assert_int_equal(objects, 1);
		close(fd);
		must(store_deduplicate(store, &objects, &bytes, &play_error));
		assert_int_equal(objects, 1);
		assert_int_equal(bytes, 7);
	} else {
		assert_int_equal(objects, 2);
		assert_int_equal(bytes, 13);
	}
	commit();
	must(mapping_get(store, mapping, 1, &found, &play_error));
	assert_int_equal(found, ids[0]);
	must(mapping_get(store, mapping, 3, &found, &play_error));
	assert_int_equal(info_of(found).references, 2);
	assert_int_equal(info_of(ids[4]).flags, 0);
	if (on_disk)
		assert_int_equal(play_check(play_path("both"), false, NULL), 0);
}

static void test_finding_by_hash(void **state)
{
	uint8_t hash[OBJECT_HASH_SIZE];
	object_id sealed, found = 0;

	(void)state;
	begin();
	sealed = play_sealed(store, "content");
	memcpy(hash, info_of(sealed).hash, sizeof(hash));
	must(object_find_hash(store, hash, &found, &play_error));
	assert_int_equal(found, sealed);
	play_object(store, "private", 7);
	commit();
	found = 0;
	must(object_find_hash(store, hash, &found, &play_error));
	assert_int_equal(found, sealed);
	hash[0]++;
	found = 0;
	assert_int_equal(object_find_hash(store, hash, &found, &play_error), -ENOENT);
	assert_int_equal(found, 0);
	hash[0]--;
	begin();
	must(object_put(store, sealed, &play_error));
	assert_int_equal(object_find_hash(store, hash, &found, &play_error), -ENOENT);
	store_abort(store);
	must(object_find_hash(store, hash, &found, &play_error));
	assert_int_equal(found, sealed);
}

static int count_object(const struct object_info *info, void *data)
{
	++*(uint64_t *)data;
	return info->size == 3 ? 33 : 0;
}

static void test_many(void **state)
{
	uint64_t count = 0;
	char text[16];

	(void)state;
	begin();
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "%04d", i % 400);
		play_sealed(store, text);
	}
	commit();
	must(object_visit(store, count_object, &count, &play_error));
	assert_int_equal(count, 400);
	begin();
	play_object(store, "abc", 3);
	commit();
	count = 0;
	assert_int_equal(object_visit(store, count_object, &count, &play_error), 33);
}

/* clang-format off */
#define BOTH(test) \
	{ #test " (memory)", test, open_memory, close_store, NULL }, \
	{ #test " (disk)", test, open_disk, close_store, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_bytes), BOTH(test_references), BOTH(test_transactions),
		BOTH(test_sealing), BOTH(test_hashed_seal), BOTH(test_large_seal),
		BOTH(test_copies),
		BOTH(test_descriptors), BOTH(test_attributes), BOTH(test_records),
		BOTH(test_mappings), BOTH(test_quota), BOTH(test_deduplication),
		BOTH(test_finding_by_hash), BOTH(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
