/* SPDX-License-Identifier: MIT */
/* Which bytes around a system call may become a jump, and which must not. */
#include "fake.h"

#include "arch/x86_64/site.h"
#include "core/string.h"

struct example {
	const char *what;
	u8 bytes[40];		/* up to the syscall and what follows; the rest is nops */
	u8 size;		/* bytes before the syscall */
	u32 number;
	enum pattern pattern;
	u8 start;
};

static const struct example examples[] = {
	{ "mov; syscall", { 0xb8, 39, 0, 0, 0, 0x0f, 5 }, 5, 39, PATTERN_MOV, 5 },
	{ "mov long; syscall",
	  { 0x48, 0xc7, 0xc0, 39, 0, 0, 0, 0x0f, 5 },
	  7,
	  39,
	  PATTERN_MOV_LONG,
	  7 },
	{ "syscall; cmp -4095",
	  { 0x0f, 5, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff },
	  0,
	  0,
	  PATTERN_COMPARE,
	  0 },
	{ "syscall; cmp -4096",
	  { 0x0f, 5, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff },
	  0,
	  0,
	  PATTERN_COMPARE,
	  0 },
	{ "another number", { 0xb8, 40, 0, 0, 0, 0x0f, 5 }, 5, 39, PATTERN_NONE, 0 },
	{ "mov to r8d", { 0x41, 0xb8, 39, 0, 0, 0, 0x0f, 5 }, 6, 39, PATTERN_NONE, 0 },
	{ "sigreturn", { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5 }, 7, 15, PATTERN_NONE, 0 },
	{ "lea between",
	  { 0xb8, 14, 0, 0, 0, 0x48, 0x8d, 0x74, 0x24, 0x10, 0x0f, 5 },
	  10,
	  14,
	  PATTERN_MOV_MIDDLE,
	  10 },
	{ "lea by rip between",
	  { 0xb8, 14, 0, 0, 0, 0x48, 0x8d, 0x35, 1, 2, 3, 4, 0x0f, 5 },
	  12,
	  14,
	  PATTERN_MOV_MIDDLE,
	  12 },
	{ "xor between", { 0xb8, 14, 0, 0, 0, 0x31, 0xd2, 0x0f, 5 }, 7, 14, PATTERN_MOV_MIDDLE, 7 },
	{ "mov to rax between",
	  { 0xb8, 14, 0, 0, 0, 0x48, 0x89, 0xe8, 0x0f, 5 },
	  8,
	  14,
	  PATTERN_NONE,
	  0 },
	{ "load between",
	  { 0xb8, 14, 0, 0, 0, 0x48, 0x8b, 0x34, 0x24, 0x0f, 5 },
	  9,
	  14,
	  PATTERN_NONE,
	  0 },
	{ "jump between", { 0xb8, 14, 0, 0, 0, 0xeb, 0x00, 0x0f, 5 }, 7, 14, PATTERN_NONE, 0 },
	{ "no syscall", { 0xb8, 39, 0, 0, 0, 0x0f, 0x0b }, 5, 39, PATTERN_NONE, 0 },
};

static void patterns_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		const struct example *e = &examples[i];
		struct site_view view = { .middle = 0 };

		memset(view.code, 0x90, sizeof(view.code));
		memcpy(view.code + SITE_BEFORE - e->size, e->bytes,
		       MIN((size_t)e->size + SITE_BEHIND, sizeof(e->bytes)));
		print_message("%s\n", e->what);
		assert_int_equal(site_pattern(&view, e->number), e->pattern);
		assert_int_equal(site_start(&view, e->pattern), e->start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(patterns_are_told_apart) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
