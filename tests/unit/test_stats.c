/* SPDX-License-Identifier: MIT */
/* What domains use (host/stats): what the kernel tells is read right, and added up once. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cli/stats_print.h"
#include "host/stats/cache.h"
#include "host/stats/totals.h"
#include "tests/unit/unit.h"

/* ---- smaps ---- */

struct seen {
	size_t count;
	struct smaps_mapping last;
	char paths[200];
};

static void note(const struct smaps_mapping *mapping, void *data)
{
	struct seen *seen = data;

	seen->count++;
	seen->last = *mapping;
	strcat(seen->paths, mapping->path);
	strcat(seen->paths, "|");
}

static int parse(const char *text, struct seen *seen)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int error;

	*seen = (struct seen){ 0 };
	assert_non_null(file);
	error = smaps_parse(file, note, seen);
	fclose(file);
	return error;
}

static void test_smaps(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(parse("00400000-00401000 rw-p 00000000 00:00 0 \n"
			       "Rss:                   4 kB\n"
			       "Pss:                   2 kB\n"
			       "Anonymous:             4 kB\n"
			       "VmFlags: rd wr mr mw me ac \n"
			       "3f0000000000-3f0000046000 r-xp 00001000 fe:1a 5359603     "
			       "/a path: with 3 kB\n"
			       "Size:                280 kB\n"
			       "Rss:                 260 kB\n"
			       "Pss:                  71 kB\n"
			       "Pss_Dirty:             9 kB\n"
			       "Shared_Clean:        248 kB\n"
			       "Private_Clean:         8 kB\n"
			       "Private_Dirty:         4 kB\n", &seen), 0);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.paths, "|/a path: with 3 kB|");
	assert_int_equal(smaps_rss_bytes(&seen.last), 260 << 10);
	assert_int_equal(smaps_pss_bytes(&seen.last), 71 << 10);
	assert_int_equal(smaps_private_bytes(&seen.last), 12 << 10);
	assert_int_equal(seen.last.file.inode, 5359603);
	assert_int_equal(seen.last.file.major, 0xfe);
	assert_int_equal(seen.last.file.minor, 0x1a);
	assert_int_equal(parse("Rss: 4 kB\n", &seen), 0);
	assert_int_equal(seen.count, 0);
}

static void find_mapping(const struct smaps_mapping *mapping, void *data)
{
	struct smaps_mapping *wanted = data;

	if (mapping->file.inode == wanted->file.inode &&
	    mapping->file.major == wanted->file.major && mapping->file.minor == wanted->file.minor)
		*wanted = *mapping;
}

/* A file of some pages, whose name is gone. */
static int make_file(size_t pages)
{
	char path[] = "/tmp/mezzo-stats-XXXXXX", page[4096];
	int fd = mkstemp(path);

	memset(page, 'x', sizeof(page));
	assert_true(fd >= 0);
	unlink(path);
	for (size_t i = 0; i < pages; i++)
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	return fd;
}

static void test_own_smaps(void **state)
{
	struct smaps_mapping found = { 0 };
	int fd = make_file(7);
	volatile char *bytes = mmap(NULL, 7 * 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)state;
	for (int i = 0; i < 7; i++)
		(void)bytes[i * 4096];
	assert_int_equal(smaps_identify(fd, &found.file), 0);
	assert_true(found.file.inode > 0);
	assert_int_equal(smaps_read(getpid(), find_mapping, &found), 0);
	assert_int_equal(smaps_rss_bytes(&found), 7 * 4096);
	assert_int_equal(smaps_private_bytes(&found), 7 * 4096);
	munmap((void *)(uintptr_t)bytes, 7 * 4096);
	close(fd);
}

/* ---- The page cache ---- */

static void test_cache(void **state)
{
	uint64_t bytes = 0, by_mincore = 0;
	int fd = make_file(33);

	(void)state;
	/* Written pages stay until they are on disk. */
	assert_int_equal(cache_bytes(fd, &bytes), 0);
	assert_int_equal(bytes, 33 * 4096);
	assert_int_equal(cache_bytes_mincore(fd, &by_mincore), 0);
	assert_int_equal(by_mincore, 33 * 4096);
	/* A hole has no pages, however large it is. */
	assert_int_equal(ftruncate(fd, 5l << 30), 0);
	assert_int_equal(cache_bytes_mincore(fd, &by_mincore), 0);
	assert_int_equal(by_mincore, 33 * 4096);
	assert_int_equal(cache_bytes(fd, &bytes), 0);
	assert_int_equal(bytes, 33 * 4096);
	close(fd);
}

/* Others' files are not told about, and that is not taken for an answer. */
static void test_cache_of_others(void **state)
{
	uint64_t bytes = 77;
	int status, fd;
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	fd = make_file(3);
	pid = fork();
	if (!pid) {
		int error = setgid(65534) || setuid(65534) ? 1 : cache_bytes_mincore(fd, &bytes);

		_exit(error == -EPERM && bytes == 77 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

/* ---- Processes ---- */

static void test_processes(void **state)
{
	struct process process;

	(void)state;
	assert_int_equal(process_parse("42 (a) b) (c) S 7 1 1 0 -1 4194560 1 2 3 4 10 20 30 40 "
				       "20 0 1 0 5", &process), 0);
	assert_int_equal(process.pid, 42);
	assert_int_equal(process.parent, 7);
	assert_int_equal(process.cpu_ns, 100 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(process_parse("42 a S 7", &process), -EINVAL);
	assert_int_equal(process_parse("", &process), -EINVAL);
}

static void test_descent(void **state)
{
	struct process items[] = {
		{ .pid = 2, .parent = 1 }, { .pid = 5, .parent = 2 }, { .pid = 9, .parent = 5 },
		{ .pid = 11, .parent = 12 }, { .pid = 12, .parent = 11 },
		{ .pid = 20, .parent = 19 },
	};
	struct processes list = { .items = items, .count = 6 };

	(void)state;
	assert_true(processes_descend(&list, 9, 2));
	assert_true(processes_descend(&list, 2, 2));
	assert_false(processes_descend(&list, 2, 9));
	assert_false(processes_descend(&list, 9, 12));
	assert_false(processes_descend(&list, 11, 2));
	assert_false(processes_descend(&list, 20, 2));
}

static void test_own_processes(void **state)
{
	struct processes list;
	struct error err;

	(void)state;
	assert_int_equal(processes_read(&list, &err), 0);
	assert_true(processes_descend(&list, getpid(), getppid()));
	processes_release(&list);
}

/* ---- Memory ---- */

/* A child and its child have half of one memory file written, and nothing of it mapped. */
static void __attribute__((noreturn)) be_domain(int ready, int end)
{
	int memory = memfd_create("some", 0);
	char *bytes, byte;

	if (memory < 0 || ftruncate(memory, 1 << 20) || fork() < 0)
		_exit(1);
	bytes = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	memset(bytes, 1, 1 << 19);
	munmap(bytes, 1 << 20);
	if (write(ready, "", 1) != 1)
		_exit(1);
	_exit(read(end, &byte, 1) != 0);
}

static void test_memory(void **state)
{
	struct memory_usage usage;
	struct processes list;
	int ready[2], end[2];
	struct error err;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready) | pipe(end), 0);
	pid = fork();
	if (!pid) {
		close(end[1]);
		be_domain(ready[1], end[0]);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(processes_read(&list, &err), 0);
	/* As if this process were the monitor. */
	assert_int_equal(memory_usage_read(&usage, &list, getpid(), &err), 0);
	assert_int_equal(usage.processes, 3);
	assert_int_equal(usage.memory_file_bytes, 1 << 19);
	assert_true(usage.private_bytes >= usage.memory_file_bytes);
	assert_int_equal(usage.pss_bytes, usage.private_bytes + usage.shared_bytes);
	assert_true(usage.unshared_bytes >= usage.pss_bytes);
	memory_usage_release(&usage);
	processes_release(&list);
	for (int i = 0; i < 2; i++) {
		close(end[i]);
		close(ready[i]);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- Sums ---- */

static void test_totals(void **state)
{
	/* The second image has an object of the first, and another. */
	struct image_object first[] = {
		{ .local = 0, .id = 1, .file = { 8, 1, 101 }, .disk_bytes = 10, .cache_bytes = 1 },
		{ .local = 1, .id = 2, .file = { 8, 1, 102 }, .disk_bytes = 20, .cache_bytes = 2 },
	};
	struct image_object second[] = {
		{ .local = 0, .id = 3, .file = { 8, 1, 103 }, .disk_bytes = 30, .cache_bytes = 3 },
		{ .local = 1, .id = 2, .file = { 8, 1, 102 }, .disk_bytes = 20, .cache_bytes = 2 },
	};
	struct image_usage images[] = {
		{ .objects = first, .count = 2, .disk_bytes = 30, .cache_bytes = 3,
		  .cache_is_known = true },
		{ .objects = second, .count = 2, .disk_bytes = 50, .cache_bytes = 5,
		  .cache_is_known = true },
	};
	struct mapped_file maps[] = { { .id = { 8, 1, 102 } }, { .id = { 8, 2, 101 } } };
	struct domain_usage domains[] = {
		{ .image = 0, .monitor = 1, .memory = { .files = maps, .file_count = 2,
							.pss_bytes = 7, .unshared_bytes = 9 },
		  .folder = { .disk_bytes = 100, .cache_bytes = 1000, .cache_is_known = true } },
		{ .image = 0, .folder = { .cache_is_known = true } },
		{ .image = 1, .folder = { .disk_bytes = 1, .cache_is_known = true } },
	};
	struct stats stats = {
		.domains = domains, .domain_count = 3, .images = images, .image_count = 2,
	};

	(void)state;
	assert_int_equal(stats_add_up(&stats), 0);
	assert_int_equal(stats.totals.running, 1);
	assert_int_equal(stats.totals.image_objects, 3);
	assert_int_equal(stats.totals.image_disk_bytes, 60);
	assert_int_equal(stats.totals.image_cache_bytes, 6);
	assert_int_equal(stats.totals.own_disk_bytes, 101);
	assert_int_equal(stats.totals.own_cache_bytes, 1000);
	assert_int_equal(stats.totals.unshared_disk_bytes, 30 + 30 + 50 + 101);
	assert_int_equal(stats.totals.unshared_cache_bytes, 3 + 3 + 5 + 1000);
	assert_int_equal(stats.totals.unshared_memory_bytes, 9);
	assert_true(stats.totals.cache_is_known && stats.totals.disk_is_known);
	assert_int_equal(images[0].domains, 2);
	assert_int_equal(first[0].domains, 0);
	assert_int_equal(first[1].domains, 1);
	/* What is not known of one is not known of all. */
	images[1].cache_is_known = false;
	images[1].is_gone = true;
	assert_int_equal(stats_add_up(&stats), 0);
	assert_false(stats.totals.cache_is_known || stats.totals.disk_is_known);
}

static void test_texts(void **state)
{
	char text[STATS_SIZE_TEXT];

	(void)state;
	assert_string_equal(stats_size_text(0, text), "0 B");
	assert_string_equal(stats_size_text(1023, text), "1023 B");
	assert_string_equal(stats_size_text(1024, text), "1.0 KiB");
	assert_string_equal(stats_size_text(102400, text), "100 KiB");
	assert_string_equal(stats_size_text((1 << 20) - 1, text), "1.0 MiB");
	assert_string_equal(stats_size_text(UINT64_MAX, text), "16384 PiB");
	assert_string_equal(stats_time_text(1230000000, text), "1.23 s");
	assert_string_equal(stats_time_text(61999999999, text), "1 min 01 s");
	assert_string_equal(stats_time_text(3723000000000, text), "1 h 02 min");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smaps),
		cmocka_unit_test(test_own_smaps),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_of_others),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_descent),
		cmocka_unit_test(test_own_processes),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
