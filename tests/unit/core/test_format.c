/* SPDX-License-Identifier: MIT */
/* Formatted text against the C library's, and the string functions against plain loops. */
#include "fake.h"

#include "core/string.h"

int snprintf(char *to, size_t size, const char *format, ...) __printf(3, 4);

#define same(...) do { \
		char ours[200], theirs[200]; \
		int a = format(ours, sizeof(ours), __VA_ARGS__); \
		int b = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		assert_string_equal(ours, theirs); \
		assert_int_equal(a, b); \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat"

static void numbers_are_as_printf_writes_them(void **state)
{
	static const long values[] = { 0,   1,	   -1,	       42,	     -42,
				       255, 65536, 0x7fffffff, -0x80000000l, 1l << 40 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		long v = values[i];

		same("%d|%5d|%-5d|%05d|%+d|% d|%.3d", (int)v, (int)v, (int)v, (int)v, (int)v,
		     (int)v, (int)v);
		same("%ld|%20ld|%-20ld|%020ld|%lli", v, v, v, v, (long long)v);
		same("%u|%x|%X|%#x|%#X|%o|%#o", (u32)v, (u32)v, (u32)v, (u32)v, (u32)v, (u32)v,
		     (u32)v);
		same("%lu|%lx|%#018lx|%#lo|%zu", v, v, v, v, (size_t)v);
		same("%hhd|%hd|%hhu|%hu|%hhx", (int)v, (int)v, (int)v, (int)v, (int)v);
		same("%.0d|%.10d|%8.5d|%-8.5dx", (int)v, (int)v, (int)v, (int)v);
	}
}

static void texts_are_as_printf_writes_them(void **state)
{
	(void)state;
	same("%s|%10s|%-10s|%.2s|%5.1s|", "text", "text", "text", "text", "text");
	same("%c|%3c|%-3c|%%", 'a', 'b', 'c');
	same("%*d|%-*d|%.*s", 7, 42, -7, 42, 2, "abc");
	same("%p", (void *)0x1234);
	same("no directive");
	same("%s", "");
}

static void long_texts_are_cut(void **state)
{
	char small[8];

	(void)state;
	assert_int_equal(format(small, sizeof(small), "%s", "0123456789"), 10);
	assert_string_equal(small, "0123456");
	assert_int_equal(format(NULL, 0, "%d", 12345), 5);
	assert_int_equal(strlcpy(small, "0123456789", sizeof(small)), 10);
	assert_string_equal(small, "0123456");
}

static void copies_are_right_at_every_size(void **state)
{
	static u8 from[700], to[700], expected[700];

	(void)state;
	for (u32 i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i * 7 + 3);
	for (u32 size = 0; size < 600; size++) {
		u32 at = size % 13, to_at = size % 7;

		for (u32 i = 0; i < sizeof(to); i++)
			to[i] = expected[i] = 0xee;
		for (u32 i = 0; i < size; i++)
			expected[to_at + i] = from[at + i];
		assert_ptr_equal(memcpy(to + to_at, from + at, size), to + to_at);
		for (u32 i = 0; i < sizeof(to); i++)
			assert_int_equal(to[i], expected[i]);
	}
}

static void moves_may_overlap(void **state)
{
	static u8 bytes[1000], expected[1000];

	(void)state;
	for (u32 size = 1; size < 450; size += 3) {
		for (int shift = -40; shift <= 40; shift += 5) {
			u32 from = 200, to = (u32)(200 + shift);

			for (u32 i = 0; i < sizeof(bytes); i++)
				bytes[i] = expected[i] = (u8)(i * 31);
			for (u32 i = 0; i < size; i++)
				expected[to + i] = (u8)((from + i) * 31);
			memmove(bytes + to, bytes + from, size);
			for (u32 i = 0; i < sizeof(bytes); i++)
				assert_int_equal(bytes[i], expected[i]);
		}
	}
}

static void memory_is_set_and_compared(void **state)
{
	static u8 a[400], b[400];

	(void)state;
	for (u32 size = 0; size < 390; size++) {
		memset(a, 0, sizeof(a));
		memset(a + 3, 0x5a, size);
		for (u32 i = 0; i < sizeof(a); i++)
			assert_int_equal(a[i], i >= 3 && i < size + 3 ? 0x5a : 0);
		memcpy(b, a, sizeof(a));
		assert_int_equal(memcmp(a, b, sizeof(a)), 0);
		b[size] ^= 0x80;
		assert_int_equal(memcmp(a, b, sizeof(a)) < 0, a[size] < b[size]);
	}
}

static void strings_are_searched_and_compared(void **state)
{
	const char *path = "usr/lib/x";

	(void)state;
	assert_int_equal(strlen(path), 9);
	assert_int_equal(strnlen(path, 4), 4);
	assert_ptr_equal(strchr(path, '/'), path + 3);
	assert_ptr_equal(strrchr(path, '/'), path + 7);
	assert_ptr_equal(strchr(path, 0), path + 9);
	assert_null(strchr(path, 'q'));
	assert_true(strcmp("abc", "abd") < 0 && strcmp("b", "abc") > 0 && strcmp("", "") == 0);
	assert_true(strcmp("\xff", "a") > 0);
	assert_true(strncmp("abcdef", "abcxyz", 3) == 0 && strncmp("abcdef", "abcxyz", 4) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_printf_writes_them),
		cmocka_unit_test(texts_are_as_printf_writes_them),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(copies_are_right_at_every_size),
		cmocka_unit_test(moves_may_overlap),
		cmocka_unit_test(memory_is_set_and_compared),
		cmocka_unit_test(strings_are_searched_and_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
