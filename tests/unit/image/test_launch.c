/* SPDX-License-Identifier: MIT */
/* Launches: from a config to bytes and back, damaged bytes, and records of the former version. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/config.h"
#include "host/image/launch.h"
#include "host/image/record.h"
#include "tests/unit/unit.h"

static struct image_launch round_trip(const char *config)
{
	struct image_launch launch;
	struct error err;
	uint32_t size;
	char *data;

	assert_int_equal(config_launch(config, &data, &size, &err), 0);
	assert_int_equal(launch_decode(data, size, &launch, &err), 0);
	free(data);
	return launch;
}

static void test_whole(void **state)
{
	struct image_launch launch = round_trip(
		"{\"Entrypoint\":[\"/bin/sh\",\"-c\"],\"Cmd\":[\"\",\"b c\"],"
		"\"Env\":[\"A=1\",\"no value\",\"=no name\",\"\",\"B=\"],"
		"\"User\":\"me:you\",\"WorkingDir\":\"/w\"}");

	(void)state;
	assert_string_equal(launch.entrypoint[0], "/bin/sh");
	assert_string_equal(launch.entrypoint[1], "-c");
	assert_null(launch.entrypoint[2]);
	assert_string_equal(launch.cmd[0], "");
	assert_string_equal(launch.cmd[1], "b c");
	assert_null(launch.cmd[2]);
	assert_string_equal(launch.env[0], "A=1");
	assert_string_equal(launch.env[1], "B=");
	assert_null(launch.env[2]);
	assert_string_equal(launch.user, "me:you");
	assert_string_equal(launch.workdir, "/w");
	launch_release(&launch);
}

static void expect_nothing(struct image_launch *launch)
{
	assert_null(launch->entrypoint[0]);
	assert_null(launch->cmd[0]);
	assert_null(launch->env[0]);
	assert_string_equal(launch->user, "");
	assert_string_equal(launch->workdir, "");
	launch_release(launch);
}

static void test_nothing(void **state)
{
	struct image_launch launch = round_trip(CONFIG_NONE);
	struct error err;

	(void)state;
	expect_nothing(&launch);
	assert_int_equal(launch_decode(NULL, 0, &launch, &err), 0);
	expect_nothing(&launch);
}

/* Every byte changed to others, and every length. */
static void test_damaged(void **state)
{
	static const char values[] = { 0, 1, '=', 'x', 127, -1 };
	struct image_launch launch;
	char *data, *copy;
	struct error err;
	uint32_t size;

	(void)state;
	assert_int_equal(config_launch("{\"Cmd\":[\"a\",\"b\"],\"Env\":[\"A=1\"]}", &data, &size,
				       &err), 0);
	for (uint32_t cut = 1; cut < size; cut++) {
		copy = memcpy(malloc(cut), data, cut);
		assert_int_equal(launch_decode(copy, cut, &launch, &err), -EUCLEAN);
		free(copy);
	}
	for (uint32_t at = 0; at < size; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			copy = memcpy(malloc(size), data, size);
			copy[at] = values[i];
			if (!launch_decode(copy, size, &launch, &err))
				launch_release(&launch);
			else
				assert_int_equal(err.code, EUCLEAN);
			free(copy);
		}
	}
	free(data);
}

static void test_former_record(void **state)
{
	struct record_head head = { .magic = "mezzo-im", .version = 1, .source_size = 2,
				    .config_size = 2, .mapping = 7 };
	char bytes[sizeof(head) + 4];
	struct image image;
	struct error err;

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), "me{}", 4);
	assert_int_equal(image_decode(bytes, sizeof(bytes), &image, &err), 0);
	assert_string_equal(image.source, "me");
	assert_string_equal(image.config, "{}");
	assert_int_equal(image.head.launch_size, 0);
	image_release(&image);
	head.version = RECORD_VERSION + 1;
	memcpy(bytes, &head, sizeof(head));
	assert_int_equal(image_decode(bytes, sizeof(bytes), &image, &err), -EPROTO);
	head.version = RECORD_VERSION;
	head.launch_size = UINT32_MAX;
	head.config_size = 3;
	memcpy(bytes, &head, sizeof(head));
	assert_int_equal(image_decode(bytes, sizeof(bytes), &image, &err), -EUCLEAN);
}

static void test_saved_record(void **state)
{
	struct image image = { .source = "me", .config = "{\"User\":\"5\"}" }, loaded;
	struct image_launch launch;
	struct store *store;
	struct error err;

	(void)state;
	assert_int_equal(store_open_memory(&store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(mapping_create(store, 0, &image.head.mapping, &err), 0);
	assert_int_equal(config_launch(image.config, &image.launch, &image.head.launch_size, &err),
			 0);
	assert_int_equal(image_save(store, "one", &image, false, &err), 0);
	assert_int_equal(image_copy(store, "one", "two", false, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(image_load(store, "two", &loaded, &err), 0);
	assert_int_equal(launch_decode(loaded.launch, loaded.head.launch_size, &launch, &err), 0);
	assert_string_equal(launch.user, "5");
	launch_release(&launch);
	image_release(&loaded);
	free(image.launch);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	      cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_damaged),	      cmocka_unit_test(test_former_record),
		cmocka_unit_test(test_saved_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
