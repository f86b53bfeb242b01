/* SPDX-License-Identifier: MIT */
/* inotify: what is told of files, in which order, and how it is read. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif

static int make_inotify(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	OK(fd);
	return fd;
}

static int watch(int fd, const char *path, uint32_t mask)
{
	int number = inotify_add_watch(fd, path, mask);

	OK(number);
	return number;
}

static const struct {
	uint32_t bit;
	const char *name;
} bit_names[] = {
	{ IN_ACCESS, "access" }, { IN_MODIFY, "modify" }, { IN_ATTRIB, "attrib" },
	{ IN_CLOSE_WRITE, "close_write" }, { IN_CLOSE_NOWRITE, "close" }, { IN_OPEN, "open" },
	{ IN_MOVED_FROM, "from" }, { IN_MOVED_TO, "to" }, { IN_CREATE, "create" },
	{ IN_DELETE, "delete" }, { IN_DELETE_SELF, "delete_self" }, { IN_MOVE_SELF, "move_self" },
	{ IN_Q_OVERFLOW, "overflow" }, { IN_IGNORED, "ignored" }, { IN_ISDIR, "dir" },
};

static void event_print(char *text, size_t size, const struct inotify_event *event)
{
	size_t used = strlen(text);

	used += snprintf(text + used, size - used, "%s%d:", used ? " " : "", event->wd);
	for (size_t i = 0; i < COUNT(bit_names); i++)
		if (event->mask & bit_names[i].bit)
			used += snprintf(text + used, size - used, "%s%s",
					 text[used - 1] == ':' ? "" : "|", bit_names[i].name);
	if (event->len)
		snprintf(text + used, size - used, "=%s", event->name);
}

/* All that can be read now, as "1:open|dir=name 2:close". */
static const char *events(int fd)
{
	static char text[65536];
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t size;

	text[0] = '\0';
	while ((size = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < size;) {
			struct inotify_event *event = (struct inotify_event *)(buffer + at);

			event_print(text, sizeof(text), event);
			at += sizeof(*event) + event->len;
		}
	EQUAL(size, -1);
	EQUAL(errno, EAGAIN);
	return text;
}

static void use_file(const char *path, int flags)
{
	char byte;
	int fd;

	OK(fd = open(path, flags, 0644));
	if ((flags & O_ACCMODE) == O_RDONLY)
		OK(read(fd, &byte, 1));
	else
		OK(write(fd, "x", 1));
	OK(close(fd));
}

TEST(inotify_sees_a_file_used)
{
	int fd = make_inotify();

	test_write_file("file", "text");
	EQUAL(watch(fd, "file", IN_ALL_EVENTS), 1);
	use_file("file", O_RDONLY);
	SAME(events(fd), "1:open 1:access 1:close");
	use_file("file", O_WRONLY);
	SAME(events(fd), "1:open 1:modify 1:close_write");
	use_file("file", O_RDWR | O_TRUNC);
	/* The truncation and what is written after it are one. */
	SAME(events(fd), "1:open 1:modify 1:close_write");
	OK(close(open("file", O_PATH)));
	SAME(events(fd), "");
}

TEST(inotify_sees_names_of_a_directory)
{
	int fd = make_inotify();

	OK(mkdir("d", 0755));
	EQUAL(watch(fd, "d", IN_ALL_EVENTS), 1);
	use_file("d/f", O_WRONLY | O_CREAT);
	SAME(events(fd), "1:create=f 1:open=f 1:modify=f 1:close_write=f");
	OK(mkdir("d/sub", 0755));
	OK(symlink("f", "d/soft"));
	OK(link("d/f", "d/hard"));
	OK(mkfifo("d/fifo", 0644));
	SAME(events(fd), "1:create|dir=sub 1:create=soft 1:create=hard 1:create=fifo");
	use_file("d/soft", O_RDONLY);
	SAME(events(fd), "1:open=f 1:access=f 1:close=f");
	OK(unlink("d/hard"));
	OK(unlink("d/soft"));
	OK(rmdir("d/sub"));
	SAME(events(fd), "1:delete=hard 1:delete=soft 1:delete|dir=sub");
	FAILS(mkdir("d/f", 0755), EEXIST);
	FAILS(unlink("d/none"), ENOENT);
	FAILS(open("d/none", O_RDONLY), ENOENT);
	SAME(events(fd), "");
}

static void list_directory(const char *path)
{
	char buffer[1024];
	int fd;

	OK(fd = open(path, O_RDONLY | O_DIRECTORY));
	while (syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0)
		;
	OK(close(fd));
}

TEST(inotify_sees_directories_opened_and_read)
{
	int fd = make_inotify();

	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	watch(fd, "d", IN_ALL_EVENTS);
	list_directory("d");
	SAME(events(fd), "1:open|dir 1:access|dir 1:close|dir");
	list_directory("d/e");
	SAME(events(fd), "1:open|dir=e 1:access|dir=e 1:close|dir=e");
	watch(fd, "d/e", IN_OPEN);
	list_directory("d/e");
	SAME(events(fd), "1:open|dir=e 2:open|dir 1:access|dir=e 1:close|dir=e");
}

TEST(inotify_sees_attributes_changed)
{
	struct timespec access_only[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	struct timespec change_only[2] = { { 0, UTIME_OMIT }, { 1, 0 } };
	int fd = make_inotify(), file;

	OK(mkdir("d", 0755));
	test_write_file("d/f", "text");
	watch(fd, "d/f", IN_ALL_EVENTS);
	watch(fd, "d", IN_ALL_EVENTS);
	OK(chmod("d/f", 0600));
	SAME(events(fd), "2:attrib=f 1:attrib");
	OK(chown("d/f", -1, getegid()));
	SAME(events(fd), "2:attrib=f 1:attrib");
	OK(utimes("d/f", NULL));
	SAME(events(fd), "2:attrib=f 1:attrib");
	OK(utimensat(AT_FDCWD, "d/f", access_only, 0));
	SAME(events(fd), "2:access=f 1:access");
	OK(utimensat(AT_FDCWD, "d/f", change_only, 0));
	SAME(events(fd), "2:modify=f 1:modify");
	OK(truncate("d/f", 2));
	SAME(events(fd), "2:modify=f 1:modify");
	OK(link("d/f", "g"));
	SAME(events(fd), "1:attrib");
	OK(file = open("g", O_RDWR));
	SAME(events(fd), "1:open");
	OK(fchmod(file, 0644));
	OK(ftruncate(file, 1));
	OK(fallocate(file, 0, 0, 10));
	SAME(events(fd), "1:attrib 1:modify");
	OK(close(file));
	OK(chmod("d", 0700));
	SAME(events(fd), "1:close_write 2:attrib|dir");
}

TEST(inotify_sees_extended_attributes)
{
	int fd = make_inotify();

	test_write_file("f", "text");
	if (setxattr("f", "user.a", "b", 1, 0) && errno == EOPNOTSUPP)
		test_skip("no extended attributes here");
	watch(fd, "f", IN_ALL_EVENTS);
	OK(setxattr("f", "user.a", "c", 1, 0));
	SAME(events(fd), "1:attrib");
	OK(removexattr("f", "user.a"));
	FAILS(removexattr("f", "user.a"), ENODATA);
	SAME(events(fd), "1:attrib");
}

TEST(inotify_sees_copies_between_files)
{
	int fd = make_inotify(), in, out;

	test_write_file("in", "text");
	test_write_file("out", "");
	OK(in = open("in", O_RDONLY));
	OK(out = open("out", O_WRONLY));
	watch(fd, "in", IN_ALL_EVENTS);
	watch(fd, "out", IN_ALL_EVENTS);
	EQUAL(sendfile(out, in, NULL, 2), 2);
	SAME(events(fd), "1:access 2:modify");
	EQUAL(copy_file_range(in, NULL, out, NULL, 2, 0), 2);
	SAME(events(fd), "1:access 2:modify");
}

TEST(inotify_sees_bytes_moved_by_pipes)
{
	int fd = make_inotify(), in, out, first, second, reader, ends[2], sockets[2];
	struct iovec bytes = { "ab", 2 };
	loff_t bad = -1, *nowhere = (loff_t *)8;
	off_t at_end = 100;

	test_write_file("in", "0123456789abcdef");
	OK(mkfifo("first", 0600));
	OK(mkfifo("second", 0600));
	OK(in = open("in", O_RDONLY));
	OK(out = open("out", O_WRONLY | O_CREAT, 0600));
	OK(first = open("first", O_RDWR | O_NONBLOCK));
	OK(second = open("second", O_RDWR | O_NONBLOCK));
	OK(reader = open("first", O_RDONLY | O_NONBLOCK));
	OK(pipe(ends));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	watch(fd, "in", IN_ACCESS | IN_MODIFY);
	watch(fd, "out", IN_ACCESS | IN_MODIFY);
	watch(fd, "first", IN_ACCESS | IN_MODIFY);
	watch(fd, "second", IN_ACCESS | IN_MODIFY);
	EQUAL(splice(in, NULL, ends[1], NULL, 4, 0), 4);
	SAME(events(fd), "1:access");
	EQUAL(splice(ends[0], NULL, out, NULL, 4, 0), 4);
	SAME(events(fd), "2:modify");
	EQUAL(splice(in, NULL, first, NULL, 4, 0), 4);
	SAME(events(fd), "3:modify 1:access");
	EQUAL(tee(first, second, 4, 0), 4);
	SAME(events(fd), "3:access 4:modify");
	EQUAL(splice(first, NULL, second, NULL, 2, 0), 2);
	SAME(events(fd), "4:modify 3:access");
	EQUAL(splice(first, NULL, sockets[0], NULL, 1, 0), 1);
	SAME(events(fd), "3:access");
	EQUAL(splice(sockets[1], NULL, second, NULL, 1, 0), 1);
	SAME(events(fd), "4:modify");
	EQUAL(vmsplice(first, &bytes, 1, 0), 2);
	SAME(events(fd), "3:modify");
	bytes.iov_base = (char[2]){ 0 };
	EQUAL(vmsplice(reader, &bytes, 1, 0), 2);
	SAME(events(fd), "3:access");
	EQUAL(sendfile(first, in, NULL, 2), 2);
	SAME(events(fd), "1:access 3:modify");
	EQUAL(sendfile(sockets[0], in, NULL, 2), 2);
	SAME(events(fd), "1:access");
	/* Nothing moved. */
	EQUAL(sendfile(first, in, &at_end, 2), 0);
	EQUAL(splice(in, &(loff_t){ 100 }, first, NULL, 2, 0), 0);
	FAILS(splice(in, &bad, first, NULL, 2, 0), EINVAL);
	FAILS(splice(in, nowhere, first, NULL, 2, 0), EFAULT);
	FAILS(tee(first, first, 2, 0), EINVAL);
	SAME(events(fd), "");
}

/* The cookies of the two halves of each move. */
static void cookies_check(int fd, int moves)
{
	char buffer[4096] __attribute__((aligned(8)));
	uint32_t cookies[8], last = 0;
	ssize_t size = read(fd, buffer, sizeof(buffer));
	int count = 0;

	for (ssize_t at = 0; at < size;) {
		struct inotify_event *event = (struct inotify_event *)(buffer + at);

		if (event->mask & (IN_MOVED_FROM | IN_MOVED_TO))
			cookies[count++] = event->cookie;
		else
			EQUAL(event->cookie, 0);
		at += sizeof(*event) + event->len;
	}
	EQUAL(count, 2 * moves);
	for (int i = 0; i < moves; i++) {
		CHECK(cookies[2 * i] && cookies[2 * i] == cookies[2 * i + 1]);
		CHECK(cookies[2 * i] != last);
		last = cookies[2 * i];
	}
}

TEST(inotify_sees_moves)
{
	int fd = make_inotify();

	OK(mkdir("a", 0755));
	OK(mkdir("b", 0755));
	test_write_file("a/f", "text");
	test_write_file("b/old", "text");
	watch(fd, "a", IN_ALL_EVENTS);
	watch(fd, "b", IN_ALL_EVENTS);
	watch(fd, "a/f", IN_ALL_EVENTS);
	watch(fd, "b/old", IN_ALL_EVENTS);
	OK(rename("a/f", "a/g"));
	SAME(events(fd), "1:from=f 1:to=g 3:move_self");
	OK(rename("a/g", "b/old"));
	SAME(events(fd), "1:from=g 2:to=old 4:attrib 3:move_self 4:delete_self 4:ignored");
	OK(mkdir("a/d", 0755));
	watch(fd, "a/d", IN_ALL_EVENTS);
	OK(rename("a/d", "b/d"));
	SAME(events(fd), "1:create|dir=d 1:from|dir=d 2:to|dir=d 5:move_self");
	test_write_file("a/f", "text");
	events(fd);
	OK(syscall(SYS_renameat2, AT_FDCWD, "a/f", AT_FDCWD, "b/d", RENAME_EXCHANGE));
	SAME(events(fd), "1:from=f 2:to=d 2:from|dir=d 1:to|dir=f 5:move_self");
	OK(rename("a/f", "a/g"));
	OK(rename("b/d", "b/e"));
	cookies_check(fd, 2);
	OK(link("b/old", "a/old"));
	events(fd);
	OK(rename("b/old", "a/old"));	/* the same file: nothing */
	SAME(events(fd), "");
}

TEST(inotify_sees_the_end_of_files)
{
	int fd = make_inotify(), file;

	OK(mkdir("d", 0755));
	test_write_file("d/f", "text");
	watch(fd, "d", IN_ALL_EVENTS);
	watch(fd, "d/f", IN_ALL_EVENTS);
	OK(unlink("d/f"));
	SAME(events(fd), "2:attrib 2:delete_self 2:ignored 1:delete=f");
	test_write_file("d/f", "text");
	OK(file = open("d/f", O_RDONLY));
	watch(fd, "d/f", IN_ALL_EVENTS);
	events(fd);
	OK(unlink("d/f"));
	SAME(events(fd), "3:attrib 1:delete=f");
	OK(close(file));
	SAME(events(fd), "1:close=f 3:close 3:delete_self 3:ignored");
	OK(mkdir("d/e", 0755));
	watch(fd, "d/e", IN_ALL_EVENTS);
	events(fd);
	OK(rmdir("d/e"));
	SAME(events(fd), "4:delete_self 4:ignored 1:delete|dir=e");
	OK(rmdir("d"));
	SAME(events(fd), "1:delete_self 1:ignored");
	FAILS(inotify_rm_watch(fd, 1), EINVAL);
}

TEST(inotify_watches_a_file_with_another_name_on)
{
	int fd = make_inotify();

	test_write_file("a", "text");
	OK(link("a", "b"));
	watch(fd, "a", IN_ALL_EVENTS);
	OK(unlink("a"));
	SAME(events(fd), "1:attrib");
	EQUAL(watch(fd, "b", IN_ALL_EVENTS), 1);
	use_file("b", O_RDONLY);
	SAME(events(fd), "1:open 1:access 1:close");
	OK(unlink("b"));
	SAME(events(fd), "1:attrib 1:delete_self 1:ignored");
}

TEST(inotify_leaves_out_unlinked_files_where_asked)
{
	int all = make_inotify(), fewer = make_inotify(), file;

	OK(mkdir("d", 0755));
	OK(file = open("d/f", O_RDWR | O_CREAT, 0644));
	watch(all, "d", IN_MODIFY | IN_CLOSE);
	watch(fewer, "d", IN_MODIFY | IN_CLOSE | IN_EXCL_UNLINK);
	EQUAL(write(file, "x", 1), 1);
	OK(unlink("d/f"));
	SAME(events(all), "1:modify=f");
	SAME(events(fewer), "1:modify=f");
	EQUAL(write(file, "x", 1), 1);
	OK(close(file));
	SAME(events(all), "1:modify=f 1:close_write=f");
	SAME(events(fewer), "");
}

TEST(inotify_masks)
{
	int fd = make_inotify();

	test_write_file("f", "text");
	OK(mkdir("d", 0755));
	OK(symlink("f", "soft"));
	EQUAL(watch(fd, "f", IN_OPEN), 1);
	EQUAL(watch(fd, "f", IN_ACCESS | IN_MASK_ADD), 1);
	use_file("f", O_RDONLY);
	SAME(events(fd), "1:open 1:access");
	EQUAL(watch(fd, "soft", IN_CLOSE), 1);
	use_file("f", O_RDONLY);
	SAME(events(fd), "1:close");
	FAILS(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	EQUAL(watch(fd, "d", IN_OPEN | IN_MASK_CREATE), 2);
	EQUAL(watch(fd, "soft", IN_ALL_EVENTS | IN_DONT_FOLLOW), 3);
	FAILS(inotify_add_watch(fd, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	EQUAL(watch(fd, "d", IN_OPEN | IN_ONLYDIR), 2);
	OK(unlink("soft"));
	SAME(events(fd), "3:attrib 3:delete_self 3:ignored");
	EQUAL(watch(fd, "f", IN_OPEN | IN_ONESHOT), 1);
	use_file("f", O_RDONLY);
	SAME(events(fd), "1:open 1:ignored");
	EQUAL(watch(fd, "f", IN_OPEN), 4);
	OK(inotify_rm_watch(fd, 4));
	SAME(events(fd), "4:ignored");
	use_file("f", O_RDONLY);
	SAME(events(fd), "");
}

TEST(inotify_bad_arguments)
{
	int fd = make_inotify(), fds[2];

	OK(pipe(fds));
	test_write_file("f", "text");
	FAILS(inotify_init1(1), EINVAL);
	FAILS(inotify_add_watch(fd, "f", 0), EINVAL);
	FAILS(inotify_add_watch(-1, "f", 0), EINVAL);
	FAILS(inotify_add_watch(-1, "f", IN_OPEN), EBADF);
	FAILS(inotify_add_watch(fds[0], "f", IN_OPEN), EINVAL);
	FAILS(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	FAILS(inotify_add_watch(fd, "none", IN_OPEN), ENOENT);
	FAILS(inotify_add_watch(fd, "f/x", IN_OPEN), ENOTDIR);
	FAILS(inotify_add_watch(fd, "", IN_OPEN), ENOENT);
	FAILS(inotify_add_watch(fd, (char *)8, IN_OPEN), EFAULT);
	FAILS(inotify_rm_watch(-1, 1), EBADF);
	FAILS(inotify_rm_watch(fds[0], 1), EINVAL);
	FAILS(inotify_rm_watch(fd, 1), EINVAL);
	FAILS(inotify_rm_watch(fd, -1), EINVAL);
	FAILS(write(fd, "x", 1), EBADF);
}

TEST(inotify_needs_permission_to_read)
{
	int fd = make_inotify();

	if (geteuid())
		test_skip("needs root");
	test_write_file("f", "text");
	OK(chmod("f", 0300));
	OK(chmod(".", 0755));
	IN_CHILD(OK(setuid(65534)); FAILS(inotify_add_watch(fd, "f", IN_OPEN), EACCES));
}

TEST(inotify_reads_whole_events)
{
	struct { struct inotify_event event; char name[16]; } got;
	int fd = make_inotify(), left;

	OK(mkdir("d", 0755));
	watch(fd, "d", IN_CREATE);
	FAILS(read(fd, &got, sizeof(got)), EAGAIN);
	OK(ioctl(fd, FIONREAD, &left));
	EQUAL(left, 0);
	OK(mkdir("d/123456789012345", 0755));
	OK(mkdir("d/1234567890123456", 0755));
	OK(ioctl(fd, FIONREAD, &left));
	EQUAL(left, 32 + 48);
	FAILS(read(fd, &got, sizeof(got.event)), EINVAL);
	EQUAL(read(fd, &got, sizeof(got)), sizeof(got));
	EQUAL(got.event.len, 16);
	SAME(got.name, "123456789012345");
	FAILS(read(fd, &got, sizeof(got)), EINVAL);
	FAILS(read(fd, (void *)8, 4096), EFAULT);
	OK(ioctl(fd, FIONREAD, &left));
	EQUAL(left, 0);
}

TEST(inotify_tells_the_same_once)
{
	int fd = make_inotify(), file;

	OK(file = open("f", O_RDWR | O_CREAT, 0644));
	watch(fd, "f", IN_MODIFY | IN_ATTRIB);
	for (int i = 0; i < 10; i++)
		EQUAL(write(file, "x", 1), 1);
	OK(fchmod(file, 0600));
	EQUAL(write(file, "x", 1), 1);
	SAME(events(fd), "1:modify 1:attrib 1:modify");
}

static long setting(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	return atol(test_read_file(path));
}

TEST(inotify_says_when_the_queue_is_full)
{
	long max = setting("max_queued_events");
	char buffer[4096] __attribute__((aligned(8)));
	struct inotify_event *event = (struct inotify_event *)buffer;
	int fd = make_inotify(), file, left;

	OK(file = open("f", O_RDWR | O_CREAT, 0644));
	watch(fd, "f", IN_MODIFY | IN_ATTRIB);
	for (long i = 0; i < max / 2 + 5; i++) {
		EQUAL(write(file, "x", 1), 1);
		OK(fchmod(file, 0600));
	}
	OK(ioctl(fd, FIONREAD, &left));
	EQUAL(left, (max + 1) * 16);
	for (long i = 0; i < max; i++)
		EQUAL(read(fd, event, 16), 16);
	SAME(events(fd), "-1:overflow");
	OK(fchmod(file, 0600));
	SAME(events(fd), "1:attrib");
}

TEST(inotify_has_limits)
{
	long max = setting("max_user_instances");
	int made = 0, fds[1024];

	CHECK(max > 0 && setting("max_user_watches") > 0);
	if (max > (long)COUNT(fds))
		test_skip("more files than descriptors");
	while (made < max && (fds[made] = inotify_init()) >= 0)
		made++;
	FAILS(inotify_init(), EMFILE);
	OK(close(fds[--made]));
	OK(inotify_init());
}

TEST(inotify_can_be_waited_for)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd pollfd = { .events = POLLIN | POLLOUT };
	char buffer[4096];
	int fd, epoll;
	pid_t self = getpid(), child;

	OK(fd = inotify_init());
	OK(epoll = epoll_create1(0));
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	watch(fd, ".", IN_CREATE);
	for (int turn = 0; turn < 3; turn++) {
		OK(child = fork());
		if (!child) {
			char name[2] = { 'a' + turn };

			test_await_sleep(self);
			OK(mkdir(name, 0755));
			_exit(0);
		}
		pollfd.fd = fd;
		if (turn == 0)
			EQUAL(poll(&pollfd, 1, -1), 1);
		else if (turn == 1)
			EQUAL(epoll_wait(epoll, &event, 1, -1), 1);
		EQUAL(read(fd, buffer, sizeof(buffer)), 32);
		EQUAL(test_wait(child), 0);
	}
	EQUAL(pollfd.revents, POLLIN);
}

TEST(inotify_read_is_interrupted)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	char buffer[4096];
	pid_t child = fork();

	OK(child);
	if (!child) {
		int fd = inotify_init();

		action.sa_handler = (void (*)(int))(void *)_exit;
		OK(sigaction(SIGUSR1, &action, NULL));
		OK(fd);
		watch(fd, ".", IN_CREATE);
		OK(read(fd, buffer, sizeof(buffer)));
		_exit(1);
	}
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), SIGUSR1);
}

TEST(inotify_sees_a_program_run)
{
	int fd = make_inotify();

	OK(mkdir("d", 0755));
	EQUAL(system("cp /bin/true d/program"), 0);
	watch(fd, "d", IN_OPEN | IN_ACCESS | IN_CLOSE);
	IN_CHILD(execl("d/program", "program", NULL); _exit(1));
	SAME(events(fd), "1:open=program 1:access=program 1:close=program");
}

TEST(inotify_shows_its_watches)
{
	int fd = make_inotify();
	char path[64], want[128];
	struct stat stat;

	test_write_file("f", "text");
	watch(fd, "f", IN_OPEN | IN_CLOSE_WRITE);
	OK(lstat("f", &stat));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(want, sizeof(want), "inotify wd:1 ino:%lx ", stat.st_ino);
	CHECK(strstr(test_read_file(path), want));
	CHECK(strstr(test_read_file(path), " mask:28 "));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EQUAL(readlink(path, want, sizeof(want)), 18);
	CHECK(!memcmp(want, "anon_inode:inotify", 18));
}

/* Two files of one directory, a watcher that comes and goes, and files that do. */
static volatile int storm_ends;

static void *storm(void *name)
{
	while (!storm_ends) {
		use_file(name, O_WRONLY | O_CREAT);
		OK(unlink(name));
	}
	return NULL;
}

TEST(inotify_in_a_storm)
{
	char buffer[4096];
	pthread_t threads[2];
	int watched = 0;

	OK(mkdir("d", 0755));
	ZERO(pthread_create(&threads[0], NULL, storm, "d/a"));
	ZERO(pthread_create(&threads[1], NULL, storm, "d/b"));
	/* Long enough to have met the file while it was there. */
	for (int i = 0; i < 300 || !watched; i++) {
		int fd = inotify_init();

		OK(fd);
		watch(fd, "d", IN_ALL_EVENTS);
		watched += inotify_add_watch(fd, "d/a", IN_ALL_EVENTS) > 0;
		inotify_add_watch(fd, "d/b", IN_ALL_EVENTS | IN_ONESHOT);
		CHECK(read(fd, buffer, sizeof(buffer)) > 0);
		inotify_rm_watch(fd, 2);
		OK(close(fd));
	}
	storm_ends = 1;
	for (int i = 0; i < 2; i++)
		ZERO(pthread_join(threads[i], NULL));
}
