/* SPDX-License-Identifier: MIT */
/* The heap: sizes, alignment, accounting, what debug builds find, runs of pages. */
#include "fake.h"

#include "boundary/layout.h"
#include "core/string.h"

static u64 random_state = 88172645463325252ull;

static u32 random_below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 11) % limit;
}

static u64 live_objects(void)
{
	struct heap_usage usage;

	heap_usage(&usage);
	return usage.slab_objects;
}

static u64 live_pages(void)
{
	struct heap_usage usage;

	heap_usage(&usage);
	return usage.page_bytes / PAGE_SIZE;
}

static void sizes_hold_what_was_asked(void **state)
{
	(void)state;
	for (u32 size = 0; size <= 9000; size += 7) {
		char *p = heap_alloc(size);

		assert_non_null(p);
		assert_int_equal((u64)p % 16, 0);
		memset(p, 0xaa, size);
		heap_free(p);
	}
	heap_free(NULL);
}

static void powers_of_two_are_aligned_to_themselves(void **state)
{
	void *kept[40];

	(void)state;
	for (u64 size = 16; size <= 2048; size *= 2) {
		for (int i = 0; i < 40; i++) {
			kept[i] = heap_alloc(size);
			assert_int_equal((u64)kept[i] % size, 0);
		}
		for (int i = 0; i < 40; i++)
			heap_free(kept[i]);
	}
}

static void zeroed_memory_is_zero(void **state)
{
	(void)state;
	for (u32 size = 1; size < 20000; size = size * 2 + 1) {
		u8 *dirty = heap_alloc(size), *p;

		memset(dirty, 0xff, size);
		heap_free(dirty);
		p = heap_alloc_zero(size);
		for (u32 i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		heap_free(p);
	}
}

static void counts_return_to_where_they_were(void **state)
{
	enum { COUNT = 2000 };
	static u8 *kept[COUNT];
	static u32 sizes[COUNT];
	u64 before = live_objects();

	(void)state;
	for (int round = 0; round < 60000; round++) {
		u32 i = random_below(COUNT);

		if (kept[i]) {
			for (u32 k = 0; k < sizes[i]; k += 97)
				assert_int_equal(kept[i][k], (u8)i);
			heap_free(kept[i]);
			kept[i] = NULL;
			continue;
		}
		sizes[i] = random_below(random_below(20) ? 600 : 20000);
		kept[i] = heap_alloc(sizes[i]);
		assert_non_null(kept[i]);
		memset(kept[i], (int)(u8)i, sizes[i]);
	}
	for (int i = 0; i < COUNT; i++)
		heap_free(kept[i]);
	assert_int_equal(live_objects(), before);
}

static void an_overrun_is_found(void **state)
{
	char *p = heap_alloc(20);

	(void)state;
	p[20] = 'x';
	expect_panic(heap_free(p), "overrun");
}

static void a_double_free_is_found(void **state)
{
	char *p = heap_alloc(100), *other = heap_alloc(100);

	(void)state;
	heap_free(p);
	expect_panic(heap_free(p), "freed twice");
	expect_panic(heap_free(other + 16), "nothing was allocated there");
}

static void a_write_after_free_is_found(void **state)
{
	char *p = heap_alloc(300);

	(void)state;
	heap_free(p);
	p[40] = 1;
	expect_panic(p = heap_alloc(300), "after it was freed");
}

static void foreign_addresses_are_refused(void **state)
{
	int here;

	(void)state;
	expect_panic(heap_free(&here), "not in the heap");
}

static void absurd_sizes_are_refused(void **state)
{
	(void)state;
	assert_null(heap_alloc(~0ul));
	assert_null(heap_alloc(HEAP_SIZE - 10));
	assert_null(heap_alloc_zero(~0ul - 5));
	assert_null(pages_alloc(0, 1));
	assert_null(pages_alloc(~0ul / PAGE_SIZE, 1));
	assert_null(pages_alloc(1ul << 33, 1));
}

/* The first test: nothing else is free, so where a run comes from is known. */
static void free_neighbours_are_joined(void **state)
{
	void *a = pages_alloc(60, 1), *b = pages_alloc(30, 1), *c = pages_alloc(60, 1), *joined;
	u64 before = live_pages();

	(void)state;
	pages_free(a, 60);
	pages_free(c, 60);
	pages_free(b, 30);
	assert_int_equal(live_pages(), before - 150);
	joined = pages_alloc(150, 1);
	assert_ptr_equal(joined, a);
	pages_free(joined, 150);
}

static void runs_are_aligned(void **state)
{
	void *runs[64];
	u64 before = live_pages();

	(void)state;
	for (int i = 0; i < 64; i++) {
		runs[i] = pages_alloc(8, 8);
		assert_int_equal((u64)runs[i] % (8 * PAGE_SIZE), 0);
		memset(runs[i], i, 8 * PAGE_SIZE);
	}
	assert_int_equal(live_pages(), before + 512);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(*(u8 *)runs[i], i);
		pages_free(runs[i], 8);
	}
	assert_int_equal(live_pages(), before);
}

static void big_runs_come_back_zero(void **state)
{
	u64 *big = pages_alloc(256, 1);

	(void)state;
	memset(big, 0x55, 256 * PAGE_SIZE);
	pages_free(big, 256);
	big = pages_alloc_zero(200);
	for (u64 i = 0; i < 200 * PAGE_SIZE / 8; i += 64)
		assert_int_equal(big[i], 0);
	expect_panic(pages_free(big, 100), "not a run of that size");
	pages_free(big, 200);
}

static void strings_are_copied(void **state)
{
	char *copy = heap_strdup("a name");

	(void)state;
	assert_string_equal(copy, "a name");
	heap_free(copy);
}

int main(void)
{
	/* The last three leave the heap damaged on purpose. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_neighbours_are_joined),
		cmocka_unit_test(sizes_hold_what_was_asked),
		cmocka_unit_test(powers_of_two_are_aligned_to_themselves),
		cmocka_unit_test(zeroed_memory_is_zero),
		cmocka_unit_test(counts_return_to_where_they_were),
		cmocka_unit_test(foreign_addresses_are_refused),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(runs_are_aligned),
		cmocka_unit_test(big_runs_come_back_zero),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(an_overrun_is_found),
		cmocka_unit_test(a_double_free_is_found),
		cmocka_unit_test(a_write_after_free_is_found),
	};

	return cmocka_run_group_tests(tests, fake_start, NULL);
}
