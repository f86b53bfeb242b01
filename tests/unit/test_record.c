/* SPDX-License-Identifier: MIT */
/* Records and folders of lasting domains, and the output that a monitor writes and a verb reads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/domain/folder.h"
#include "host/domain/log.h"
#include "host/domain/overlay_file.h"
#include "host/domain/process.h"
#include "host/domain/state.h"
#include "host/domain/directory.h"
#include "host/monitor/output.h"
#include "tests/unit/unit.h"

static char place[] = "/tmp/mezzo-record-XXXXXX";
static struct domains domains;

static int set_up(void **state)
{
	struct error err;

	(void)state;
	strcpy(place + sizeof(place) - 7, "XXXXXX");
	return !mkdtemp(place) || domains_open(&domains, place, true, &err);
}

static int tear_down(void **state)
{
	(void)state;
	domains_close(&domains);
	return directory_remove(AT_FDCWD, place);
}

static void make_record(struct domain_record *record)
{
	*record = (struct domain_record){
		.image = "box:1", .mapping = 0xfedcba9876543210, .workdir = "/", .hostname = "here",
		.interactive = true, .created_ns = 1700000000123456789,
	};
	assert_int_equal(strings_add(&record->arguments, "a b%\n\x01\x7f\xff"), 0);
	assert_int_equal(strings_add(&record->arguments, ""), 0);
	assert_int_equal(strings_add(&record->environment, "A=1"), 0);
}

static void make_domain(const char *name, struct folder *folder)
{
	struct domain_record record;
	struct error err;

	make_record(&record);
	assert_int_equal(folder_create(&domains, name, &record, folder, &err), 0);
	domain_record_release(&record);
}

static void put_bytes(const struct folder *folder, const char *bytes, size_t size)
{
	int fd = openat(folder->fd, "record", O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void put_record(const struct folder *folder, const char *text)
{
	put_bytes(folder, text, strlen(text));
}

/* The host programs' fsync(), too: which call of it fails next; 0: none. */
static int sync_that_fails;

int fsync(int fd)
{
	if (sync_that_fails && !--sync_that_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* What is said to have failed has not happened. */
static void *hold_until_told(void *pipe)
{
	char byte;

	_exit(read(*(int *)pipe, &byte, 1) != 1);
}

/* A process whose first thread has ended, as in a kill, while it holds the lock. */
static void __attribute__((noreturn)) die_slowly(const struct folder *folder, int told)
{
	struct domain_record record = { .started_ns = 1, .monitor = getpid() };
	struct error err;
	pthread_t thread;

	if (folder_lock(&domains, folder, &err) < 0 ||
	    domain_record_save_run(folder->fd, &record, &err) ||
	    pthread_create(&thread, NULL, hold_until_told, &told))
		_exit(1);
	pthread_exit(NULL);
}

static void test_a_dying_monitor_is_waited_for(void **state)
{
	struct pollfd ended = { .events = POLLIN };
	struct folder folder;
	struct error err;
	int told[2], status;
	pid_t pid;

	(void)state;
	make_domain("dying", &folder);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid)
		die_slowly(&folder, told[0]);
	/* Its first thread has no files any more; what it had is held. */
	for (int i = 0; i < 5000 && (ended.fd = monitor_open(&folder, &err)) < 0; i++)
		usleep(1000);
	for (int i = 0; i < 5000 && monitor_find(&folder); i++)
		usleep(1000);
	close(ended.fd);
	assert_int_equal(monitor_find(&folder), 0);
	assert_true(folder_is_locked(&folder));
	ended.fd = monitor_open(&folder, &err);
	assert_true(ended.fd >= 0);
	assert_int_equal(poll(&ended, 1, 100), 0);
	assert_int_equal(write(told[1], "x", 1), 1);
	assert_int_equal(poll(&ended, 1, 5000), 1);
	assert_false(folder_is_locked(&folder));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ended.fd);
	close(told[0]);
	close(told[1]);
	folder_close(&folder);
}

/* Waits in the kernel for as long as its child, who shares its memory, holds the pipe's end. */
static void __attribute__((noreturn)) wait_in_kernel(const int held[2])
{
	char byte;

	close(held[1]);
	if (!vfork())
		_exit(read(held[0], &byte, 1) != 0);
	pause();
	_exit(1);
}

static void test_a_monitor_in_the_kernel_is_told_from_others(void **state)
{
	int held[2], status;
	bool seen = false;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(held), 0);
	pid = fork();
	if (!pid)
		wait_in_kernel(held);
	for (int i = 0; i < 5000 && !(seen = monitor_is_in_kernel(pid)); i++)
		usleep(1000);
	assert_true(seen);
	assert_false(monitor_is_stopped(pid));
	close(held[1]);
	for (int i = 0; i < 5000 && (seen = monitor_is_in_kernel(pid)); i++)
		usleep(1000);
	assert_false(seen);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(monitor_is_stopped(pid));
	assert_false(monitor_is_in_kernel(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(monitor_is_in_kernel(0));
	close(held[0]);
}

static void test_a_name_that_is_not_durable_is_given_back(void **state)
{
	struct domain_record record;
	struct folder folder;
	struct error err;
	int failed = 0;

	(void)state;
	make_record(&record);
	for (int number = 1;; number++) {
		sync_that_fails = number;
		if (!folder_create(&domains, "a", &record, &folder, &err))
			break;
		failed++;
		assert_int_equal(folder.fd, -1);
		assert_int_equal(folder_open(&domains, "a", &folder, &err), -ENOENT);
		assert_int_equal(unlinkat(domains.fd, ".new", AT_REMOVEDIR), 0);
	}
	sync_that_fails = 0;
	assert_true(failed >= 2);
	folder_close(&folder);
	domain_record_release(&record);
}

static void test_round_trip(void **state)
{
	struct domain_record record;
	struct folder folder;
	struct error err;

	(void)state;
	make_domain("a", &folder);
	assert_int_equal(domain_record_load(folder.fd, &record, &err), 0);
	assert_string_equal(record.image, "box:1");
	assert_true(record.mapping == 0xfedcba9876543210);
	assert_null(record.rootfs);
	assert_null(record.user);
	assert_int_equal(record.arguments.count, 2);
	assert_string_equal(record.arguments.items[0], "a b%\n\x01\x7f\xff");
	assert_string_equal(record.arguments.items[1], "");
	assert_string_equal(record.environment.items[0], "A=1");
	assert_true(record.interactive);
	assert_false(record.terminal);
	assert_true(record.created_ns == 1700000000123456789);
	assert_int_equal(record.finished_ns, 0);
	domain_record_release(&record);
	folder_close(&folder);
}

static void test_unknown_keys_stay(void **state)
{
	static const char text[] = "version 1\nimage b\nnew thing%20\nargument x\nworkdir /\n"
				   "hostname h\n";
	struct domain_record record;
	struct folder folder;
	struct error err;

	(void)state;
	make_domain("a", &folder);
	put_record(&folder, text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(domain_record_load(folder.fd, &record, &err), 0);
		assert_int_equal(record.unknown.count, 1);
		assert_string_equal(record.unknown.items[0], "new thing%20");
		assert_int_equal(domain_record_save(folder.fd, &record, &err), 0);
		domain_record_release(&record);
	}
	folder_close(&folder);
}

static void test_damage(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EUCLEAN },
		{ "version 2\n", -EUCLEAN },
		{ "version 2\nimage b\nargument x\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nargument x\nworkdir /\nhostname h\nguard 00000000\n",
		  -EUCLEAN },
		{ "version 3\n", -EPROTO },
		{ "version 11\n", -EPROTO },
		{ "version 1", -EPROTO },
		{ "version 1\n", -EUCLEAN },
		{ "version 1\nimage b\nargument x\nworkdir /\n", -EUCLEAN },
		{ "version 1\nimage b\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nargument x\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nrootfs /\nargument x\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nargument x\nworkdir /\nhostname h", -EUCLEAN },
		{ "version 1\nimage b\nargument %0\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nargument %00\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nargument %zz\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nmapping x\nargument x\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nkey\nargument x\nworkdir /\nhostname h\n", -EUCLEAN },
		{ "version 1\nimage b\nargument x\nworkdir /\nhostname h\n", 0 },
	};
	struct domain_record record;
	struct folder folder;
	struct error err;

	(void)state;
	make_domain("a", &folder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_record(&folder, cases[i].text);
		assert_int_equal(domain_record_load(folder.fd, &record, &err), cases[i].error);
		if (!cases[i].error)
			domain_record_release(&record);
	}
	folder_close(&folder);
}

/* Whatever key, value or line it is in. */
static void test_each_bit_is_guarded(void **state)
{
	struct domain_record record;
	struct folder folder;
	struct error err;
	char text[4096];
	ssize_t size;
	int fd;

	(void)state;
	make_domain("a", &folder);
	fd = openat(folder.fd, "record", O_RDONLY);
	size = read(fd, text, sizeof(text));
	close(fd);
	assert_in_range(size, 1, sizeof(text) - 1);
	for (ssize_t i = 0; i < size * 8; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		put_bytes(&folder, text, (size_t)size);
		assert_int_not_equal(domain_record_load(folder.fd, &record, &err), 0);
		text[i / 8] ^= (char)(1 << i % 8);
	}
	for (ssize_t cut = 1; cut <= size; cut++) {
		put_bytes(&folder, text, (size_t)(size - cut));
		assert_int_not_equal(domain_record_load(folder.fd, &record, &err), 0);
	}
	put_bytes(&folder, text, (size_t)size);
	assert_int_equal(domain_record_load(folder.fd, &record, &err), 0);
	domain_record_release(&record);
	folder_close(&folder);
}

static void test_lock_is_running(void **state)
{
	enum domain_state what;
	struct domain_record record;
	struct folder folder;
	struct error err;
	int fd;

	(void)state;
	make_domain("a", &folder);
	assert_false(folder_is_locked(&folder));
	fd = folder_lock(&domains, &folder, &err);
	assert_true(fd >= 0);
	assert_true(folder_is_locked(&folder));
	assert_int_equal(folder_lock(&domains, &folder, &err), -EBUSY);
	assert_int_equal(domain_state_load(&folder, &record, &what, &err), 0);
	assert_int_equal(what, DOMAIN_RUNNING);
	record.started_ns = 1;
	assert_int_equal(domain_record_save_run(folder.fd, &record, &err), 0);
	domain_record_release(&record);
	close(fd);
	assert_int_equal(domain_state_load(&folder, &record, &what, &err), 0);
	assert_int_equal(what, DOMAIN_KILLED);
	record.finished_ns = 2;
	assert_int_equal(domain_record_save_run(folder.fd, &record, &err), 0);
	domain_record_release(&record);
	assert_int_equal(domain_state_load(&folder, &record, &what, &err), 0);
	assert_int_equal(what, DOMAIN_EXITED);
	domain_record_release(&record);
	folder_close(&folder);
}

static void test_removed_is_not_locked(void **state)
{
	struct folder folder, again;
	struct error err;
	int fd;

	(void)state;
	make_domain("a", &folder);
	fd = folder_lock(&domains, &folder, &err);
	assert_int_equal(folder_remove(&domains, &folder, &err), 0);
	close(fd);
	assert_int_equal(folder_lock(&domains, &folder, &err), -ENOENT);
	make_domain("a", &again);
	assert_int_equal(folder_lock(&domains, &folder, &err), -ENOENT);
	fd = folder_lock(&domains, &again, &err);
	assert_true(fd >= 0);
	close(fd);
	folder_close(&again);
	folder_close(&folder);
}

static void test_left_over_is_swept(void **state)
{
	struct domain_record record;
	struct folder folder;
	struct error err;

	(void)state;
	assert_int_equal(mkdirat(domains.fd, ".new", 0700), 0);
	assert_int_equal(mkdirat(domains.fd, ".new/left", 0700), 0);
	assert_int_equal(mkdirat(domains.fd, ".new/left/sub", 0700), 0);
	assert_int_equal(symlinkat("/", domains.fd, ".new/left/link"), 0);
	make_domain("a", &folder);
	assert_int_equal(faccessat(domains.fd, ".new/left", F_OK, 0), -1);
	folder_close(&folder);
	make_record(&record);
	assert_int_equal(folder_create(&domains, "a", &record, &folder, &err), -EEXIST);
	domain_record_release(&record);
	assert_int_equal(unlinkat(domains.fd, ".new", AT_REMOVEDIR), 0);
}

static void put_output(struct output *output, const char *stream, const char *text)
{
	assert_int_equal(output_write(output, stream, text, strlen(text)), strlen(text));
}

static void expect_entry(struct log_reader *log, const char *text, bool is_error, bool is_partial)
{
	struct log_entry entry;

	assert_int_equal(log_next(log, &entry), 1);
	assert_int_equal(entry.size, strlen(text));
	assert_memory_equal(entry.text, text, entry.size);
	assert_int_equal(entry.is_error, is_error);
	assert_int_equal(entry.is_partial, is_partial);
}

static void test_output(void **state)
{
	struct folder folder;
	struct output output;
	struct log_reader log;
	struct log_entry entry;
	struct error err;

	(void)state;
	make_domain("a", &folder);
	assert_int_equal(output_open(&output, folder.fd, 0, &err), 0);
	assert_int_equal(log_open(&log, folder.fd, &err), 0);
	assert_int_equal(log_next(&log, &entry), 0);
	put_output(&output, "stdout", "one\ntw");
	put_output(&output, "stderr", "\n");
	put_output(&output, "stdout", "o\n");
	expect_entry(&log, "one", false, false);
	expect_entry(&log, "tw", false, true);
	expect_entry(&log, "", true, false);
	expect_entry(&log, "o", false, false);
	assert_int_equal(log_next(&log, &entry), 0);
	/* What is not written whole yet is no entry. */
	assert_int_equal(write(output.fd, "2026", 4), 4);
	assert_int_equal(log_next(&log, &entry), 0);
	assert_int_equal(write(output.fd, "\n", 1), 1);
	assert_int_equal(log_next(&log, &entry), 1);
	assert_null(entry.time);
	assert_int_equal(entry.size, 4);
	log_close(&log);
	output_close(&output);
	folder_close(&folder);
}

static uint64_t raised(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void test_output_is_followed(void **state)
{
	struct folder folder;
	struct output output;
	struct error err;
	int one = eventfd(0, EFD_NONBLOCK), other = eventfd(0, EFD_NONBLOCK);

	(void)state;
	make_domain("a", &folder);
	assert_int_equal(output_open(&output, folder.fd, 0, &err), 0);
	assert_int_equal(output_follow(&output, one), 0);
	assert_int_equal(output_follow(&output, other), 0);
	assert_int_equal(raised(one), 1);
	assert_int_equal(raised(other), 1);
	put_output(&output, "stdout", "x");
	output_unfollow(&output, one);
	put_output(&output, "stdout", "y");
	assert_int_equal(raised(one), 1);
	assert_int_equal(raised(other), 2);
	output_unfollow(&output, other);
	put_output(&output, "stdout", "z");
	assert_int_equal(raised(other), 0);
	output_close(&output);
	folder_close(&folder);
	close(one);
	close(other);
}

/* A process that holds the overlay as a domain's does: mapped, by a descriptor of the monitor's. */
static pid_t hold_overlay(const struct folder *folder, const uint8_t *hash, int ready)
{
	pid_t pid = fork();
	struct error err;
	uint64_t size;
	int fd;

	if (pid)
		return pid;
	fd = overlay_file_open(folder->fd, hash, &size, &err);
	if (fd < 0 || mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(1);
	close(fd);
	if (write(ready, "", 1) != 1)
		_exit(1);
	pause();
	_exit(1);
}

static void test_overlay_is_of_one_run(void **state)
{
	uint8_t hash[32] = { 1 };
	struct folder folder;
	struct error err;
	uint64_t size;
	int fd, ready[2];
	char byte;
	pid_t pid;

	(void)state;
	make_domain("a", &folder);
	assert_int_equal(pipe(ready), 0);
	pid = hold_overlay(&folder, hash, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	fd = openat(folder.fd, "overlay", O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(fd);
	kill(pid, SIGKILL);
	fd = overlay_file_open(folder.fd, hash, &size, &err);
	assert_true(fd >= 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
	close(ready[0]);
	close(ready[1]);
	folder_close(&folder);
}

/* As a process of a domain whose monitor was killed: it writes once more, and then it is gone. */
static pid_t hold_overlay_and_write(const struct folder *folder, const uint8_t *hash, int ready,
				    int go)
{
	pid_t pid = fork();
	struct error err;
	uint64_t size;
	char byte = 0;
	int fd;

	if (pid)
		return pid;
	fd = overlay_file_open(folder->fd, hash, &size, &err);
	if (fd < 0 || write(ready, "", 1) != 1 || read(go, &byte, 1) != 1)
		_exit(1);
	usleep(100000);
	_exit(pwrite(fd, "late", 4, (off_t)size - 4) != 4);
}

static void test_overlay_is_read_at_rest(void **state)
{
	uint8_t hash[32] = { 1 };
	struct folder folder;
	struct error err;
	uint64_t size;
	int fd, ready[2], go[2], status;
	char bytes[5] = "";
	pid_t pid;

	(void)state;
	make_domain("a", &folder);
	assert_int_equal(overlay_file_look(folder.fd, hash, false, &size, &err), -ENOENT);
	assert_int_equal(pipe(ready) || pipe(go), 0);
	pid = hold_overlay_and_write(&folder, hash, ready[1], go[0]);
	assert_int_equal(read(ready[0], bytes, 1), 1);
	/* Of one that runs it is looked at as it is. */
	close(overlay_file_look(folder.fd, hash, true, &size, &err));
	assert_int_equal(write(go[1], "x", 1), 1);
	fd = overlay_file_look(folder.fd, hash, false, &size, &err);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, 4, (off_t)size - 4), 4);
	assert_string_equal(bytes, "late");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* Who looks is in nobody's way, not even in its own. */
	close(overlay_file_open(folder.fd, hash, &size, &err));
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	folder_close(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_dying_monitor_is_waited_for, set_up,
						tear_down),
		cmocka_unit_test(test_a_monitor_in_the_kernel_is_told_from_others),
		cmocka_unit_test_setup_teardown(test_a_name_that_is_not_durable_is_given_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_keys_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_each_bit_is_guarded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lock_is_running, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_is_not_locked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left_over_is_swept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_output, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_output_is_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlay_is_of_one_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overlay_is_read_at_rest, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
