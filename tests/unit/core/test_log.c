/* SPDX-License-Identifier: MIT */
/* The writer's end of the log ring. */
#include "fake.h"

#include "core/report.h"
#include "core/string.h"

static struct ring *ring(void)
{
	return &channel()->log;
}

static void empty_ring(u32 at)
{
	ring()->head = ring()->tail = at;
}

/* All that waits in the ring, taken out of it. */
static const char *drain(void)
{
	static char text[RING_SIZE + 1];
	const char *data = (const char *)channel() + ring()->data_offset;
	u32 size = ring()->head - ring()->tail;

	for (u32 i = 0; i < size; i++)
		text[i] = data[(ring()->tail + i) & (RING_SIZE - 1)];
	text[size] = 0;
	ring()->tail = ring()->head;
	return text;
}

static void a_line_has_prefix_and_end(void **state)
{
	(void)state;
	empty_ring(0);
	log_line("%s %d", "number", 7);
	assert_string_equal(drain(), "mezzo: number 7\n");
}

static void text_wraps_around(void **state)
{
	(void)state;
	empty_ring(0u - 5);
	log_line("around the end");
	assert_string_equal(drain(), "mezzo: around the end\n");
}

static void long_lines_are_cut(void **state)
{
	char many[2000];
	const char *text;

	(void)state;
	empty_ring(0);
	memset(many, 'm', sizeof(many) - 1);
	many[sizeof(many) - 1] = 0;
	log_line("%s", many);
	text = drain();
	assert_true(strlen(text) < 600);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_full_ring_drops_and_tells(void **state)
{
	(void)state;
	empty_ring(0);
	ring()->head = RING_SIZE - 4;
	log_line("does not fit");
	log_line("nor this");
	assert_int_equal(ring()->head, RING_SIZE - 4);
	ring()->tail = ring()->head;
	log_line("fits");
	assert_string_equal(drain(), "mezzo: 2 lines of the log were lost\nmezzo: fits\n");
}

static void impossible_counters_take_nothing(void **state)
{
	(void)state;
	ring()->head = 100;
	ring()->tail = 200;
	log_line("nowhere");
	assert_int_equal(ring()->head, 100);
	empty_ring(0);
	log_line("again");
	drain();
}

static void verbose_lines_need_the_flag(void **state)
{
	(void)state;
	empty_ring(0);
	log_verbose("quiet");
	domain_config.flags = CONFIG_VERBOSE;
	log_verbose("loud");
	domain_config.flags = 0;
	assert_string_equal(drain(), "mezzo: loud\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_prefix_and_end),
		cmocka_unit_test(text_wraps_around),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_full_ring_drops_and_tells),
		cmocka_unit_test(impossible_counters_take_nothing),
		cmocka_unit_test(verbose_lines_need_the_flag),
	};

	return cmocka_run_group_tests(tests, fake_start, NULL);
}
