/* SPDX-License-Identifier: MIT */
/*
 * Several processes on one store: writers, some of which are killed in the middle, and readers, of
 * which each view must be one commit's, however long it takes.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/store/play.h"

#define WRITERS 3
#define READERS 3
#define NAMES 150			/* records, which all carry the same generation */
#define SECONDS 5			/* at least */
#define TRANSACTIONS 50u		/* as well, however slow the disk is */

static struct store *store;
static unsigned *committed;		/* by all writers together; shared with them */

/* ---- Children: they end with a status, since only the parent may speak to cmocka ---- */

static void child_must(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "# %s: %s\n", what, play_error.text);
	_exit(1);
}

static uint64_t generation(void)
{
	uint64_t value = 0;

	child_must(record_get(store, RECORD_IMAGE, "000", &value, sizeof(value), &play_error),
		   "generation");
	return value;
}

/* One transaction: all records of the next generation, and one object more. */
static void write_once(void)
{
	char text[32], name[16];
	uint64_t next;
	object_id id;

	child_must(store_begin(store, &play_error), "begin");
	next = generation() + 1;
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		child_must(record_put(store, RECORD_IMAGE, name, &next, sizeof(next), false,
				      &play_error),
			   "put");
	}
	snprintf(text, sizeof(text), "%lu", next);
	child_must(object_create(store, &id, &play_error), "create");
	child_must(object_write(store, id, text, strlen(text), 0, &play_error), "write");
	child_must(object_seal(store, id, &id, &play_error), "seal");
	child_must(mapping_set(store, 1, next % 200, id, &play_error), "set");
	child_must(store_commit(store, &play_error), "commit");
	__atomic_fetch_add(committed, 1, __ATOMIC_RELAXED);
}

static void writer(void)
{
	for (;;)
		write_once();
}

struct look {
	uint64_t generation;
	unsigned count;
	bool slow;
};

static int look_at_record(const char *name, const void *value, size_t size, void *data)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	struct look *look = data;
	uint64_t found;

	if (size != sizeof(found))
		return 1;
	memcpy(&found, value, size);
	if (!look->count++)
		look->generation = found;
	if (look->slow)
		nanosleep(&pause, NULL);
	if (found == look->generation)
		return 0;
	fprintf(stderr, "# %s is of %lu, the first was of %lu\n", name, found, look->generation);
	return 1;
}

static void reader(bool slow)
{
	uint64_t last = 0;
	object_id id;

	for (;;) {
		struct look look = { .slow = slow };
		int result = record_visit(store, RECORD_IMAGE, look_at_record, &look, &play_error);

		child_must(result, "visit");
		if (result || look.count != NAMES || look.generation < last)
			_exit(2);
		last = look.generation;
		/* It may be gone by now, but not be another's. */
		if (!mapping_get(store, 1, last % 200, &id, &play_error)) {
			char text[32] = "";
			ssize_t size =
				object_read(store, id, text, sizeof(text) - 1, 0, &play_error);

			if (size != -ENOENT && strtoull(text, NULL, 10) % 200 != last % 200)
				_exit(3);
		}
	}
}

static pid_t start(bool writes, bool slow)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	child_must(store_open_disk(play_path("shared"), 0, &store, &play_error), "open");
	if (writes)
		writer();
	reader(slow);
	_exit(0);
}

static void kill_child(pid_t pid)
{
	int status;

	/* A child that ended by itself has found something. */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		fail_msg("a process ended with status %x", status);
}

static void make_shared(void)
{
	uint64_t zero = 0;
	mapping_id mapping;
	char name[16];

	must(store_open_disk(play_path("shared"), STORE_CREATE, &store, &play_error));
	must(store_begin(store, &play_error));
	must(mapping_create(store, 0, &mapping, &play_error));
	assert_int_equal(mapping, 1);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		must(record_put(store, RECORD_IMAGE, name, &zero, sizeof(zero), false,
				&play_error));
	}
	must(store_commit(store, &play_error));
	store_close(store);
}

static int count_entry(uint64_t local, object_id object, void *data)
{
	(void)local;
	(void)object;
	++*(uint64_t *)data;
	return 0;
}

static void test_stress(void **state)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	pid_t writers[WRITERS], readers[READERS];
	uint64_t entries = 0, kills = 0;
	time_t end = time(NULL) + SECONDS;
	unsigned found;

	(void)state;
	make_shared();
	committed = mmap(NULL, sizeof(*committed), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(committed, MAP_FAILED);
	for (int i = 0; i < WRITERS; i++)
		writers[i] = start(true, false);
	for (int i = 0; i < READERS; i++)
		readers[i] = start(false, i == 0);
	while (time(NULL) < end ||
	       __atomic_load_n(committed, __ATOMIC_RELAXED) < TRANSACTIONS) {
		nanosleep(&pause, NULL);
		kill_child(writers[kills % WRITERS]);
		writers[kills++ % WRITERS] = start(true, false);
	}
	for (int i = 0; i < WRITERS; i++)
		kill_child(writers[i]);
	for (int i = 0; i < READERS; i++)
		kill_child(readers[i]);
	play_check(play_path("shared"), false, &found);
	if (found)
		fail_msg("%s", play_findings);
	must(store_open_disk(play_path("shared"), 0, &store, &play_error));
	must(mapping_visit(store, 1, count_entry, &entries, &play_error));
	print_message("# %lu transactions, %lu kills\n", generation(), kills);
	assert_true(generation() >= TRANSACTIONS);
	assert_int_equal(entries, generation() < 200 ? generation() : 200);
	must(store_begin(store, &play_error));
	must(store_commit(store, &play_error));
	store_close(store);
	play_check(play_path("shared"), false, &found);
	assert_int_equal(found, 0);
}

/* A transaction that takes long keeps no reader waiting, nor do readers a writer. */
static void test_nobody_waits(void **state)
{
	struct store *other;
	uint64_t value = 0;

	(void)state;
	make_shared();
	must(store_open_disk(play_path("shared"), 0, &store, &play_error));
	must(store_open_disk(play_path("shared"), 0, &other, &play_error));
	alarm(20);
	must(store_begin(store, &play_error));
	for (uint64_t i = 1; i < 10; i++) {
		must(record_put(store, RECORD_IMAGE, "000", &i, sizeof(i), false, &play_error));
		must(record_get(other, RECORD_IMAGE, "000", &value, sizeof(value), &play_error));
		assert_int_equal(value, i - 1);
		must(store_commit(store, &play_error));
		must(record_get(other, RECORD_IMAGE, "000", &value, sizeof(value), &play_error));
		assert_int_equal(value, i);
		must(store_begin(store, &play_error));
	}
	alarm(0);
	store_close(other);
	store_close(store);
}

/* Two that make the same store at once: one does, both have it. */
static void test_creation(void **state)
{
	pid_t pids[8];
	int status;

	(void)state;
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(store_open_disk(play_path("new"), STORE_CREATE, &store,
					      &play_error) != 0);
	}
	for (int i = 0; i < 8; i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(play_check(play_path("new"), false, NULL), 0);
}

static int remove_all(void **state)
{
	(void)state;
	play_remove_directory();
	return 0;
}

static int make_place(void **state)
{
	(void)state;
	play_directory();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody_waits, make_place, remove_all),
		cmocka_unit_test_setup_teardown(test_creation, make_place, remove_all),
		cmocka_unit_test_setup_teardown(test_stress, make_place, remove_all),
	};

	play_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
