/* SPDX-License-Identifier: MIT */
/* /proc/PID/io: which calls count, and whose they are. */
#include "tests/linux/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

struct counts {
	long read_bytes, written_bytes, reads, writes;
};

/* Without stdio: what the reading itself adds is known, one call and the text. */
static struct counts counts_of(const char *directory, long *text_size)
{
	struct counts counts;
	char path[64], text[512];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/io", directory);
	OK(fd = open(path, O_RDONLY));
	OK(size = read(fd, text, sizeof(text) - 1));
	OK(close(fd));
	text[size] = '\0';
	EQUAL(sscanf(text, "rchar: %ld\nwchar: %ld\nsyscr: %ld\nsyscw: %ld\nread_bytes: %*u\n"
		     "write_bytes: %*u\ncancelled_write_bytes: %*u\n", &counts.read_bytes,
		     &counts.written_bytes, &counts.reads, &counts.writes), 4);
	*text_size = size;
	return counts;
}

static char page[4096];
static int file, ends[2], sockets[2];

static void read_some(void) { EQUAL(pread(file, page, 100, 0), 100); }
static void read_at_end(void) { EQUAL(pread(file, page, 100, 10000), 0); }
static void read_vector(void)
{
	struct iovec parts[2] = { { page, 10 }, { page + 10, 20 } };

	EQUAL(preadv(file, parts, 2, 0), 30);
}
static void write_some(void) { EQUAL(pwrite(file, page, 70, 0), 70); }
static void write_vector(void)
{
	struct iovec parts[2] = { { page, 10 }, { page + 10, 20 } };

	OK(lseek(file, 0, SEEK_SET));
	EQUAL(writev(file, parts, 2), 30);
}
static void through_pipe(void)
{
	EQUAL(write(ends[1], page, 5), 5);
	EQUAL(read(ends[0], page, 50), 5);
}
static void through_socket(void)
{
	EQUAL(write(sockets[1], page, 6), 6);
	EQUAL(read(sockets[0], page, 50), 6);
}
static void by_messages(void)
{
	EQUAL(send(sockets[1], page, 6, 0), 6);
	EQUAL(recv(sockets[0], page, 50, 0), 6);
}
static void by_sendfile(void)
{
	off_t offset = 0;

	EQUAL(sendfile(sockets[1], file, &offset, 40), 40);
	EQUAL(recv(sockets[0], page, 50, 0), 40);
}
static void by_copy(void)
{
	off_t from = 0, to = 2000;

	EQUAL(copy_file_range(file, &from, file, &to, 60, 0), 60);
}
static void nothing_to_read(void)
{
	FAILS(read(sockets[0], page, 10), EAGAIN);
}
static void no_descriptor(void)
{
	FAILS(read(-1, page, 10), EBADF);
	FAILS(write(-1, page, 10), EBADF);
}
static void by_memory(void)
{
	char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	CHECK(mapped != MAP_FAILED);
	mapped[0] = mapped[1];
	OK(munmap(mapped, 4096));
}
static void in_child(void) { IN_CHILD(EQUAL(pread(file, page, 100, 0), 100)); }
static void in_vfork(void)
{
	pid_t child = vfork();

	if (!child)
		_exit(pwrite(file, page, 9, 0) == 9 ? 0 : 1);
	EQUAL(test_wait(child), 0);
}
static void *thread_reads(void *unused)
{
	EQUAL(pread(file, page, 100, 0), 100);
	return unused;
}
static void in_thread(void)
{
	pthread_t thread;

	ZERO(pthread_create(&thread, NULL, thread_reads, NULL));
	ZERO(pthread_join(thread, NULL));
}

#define HERE true		/* the thread's own */
#define ELSEWHERE false

static const struct {
	const char *name;
	void (*act)(void);
	struct counts more;
	bool here;
} acts[] = {
	{ "read", read_some, { 100, 0, 1, 0 }, HERE },
	{ "read at the end", read_at_end, { 0, 0, 1, 0 }, HERE },
	{ "readv", read_vector, { 30, 0, 1, 0 }, HERE },
	{ "write", write_some, { 0, 70, 0, 1 }, HERE },
	{ "writev", write_vector, { 0, 30, 0, 1 }, HERE },
	{ "pipe", through_pipe, { 5, 5, 1, 1 }, HERE },
	{ "socket", through_socket, { 6, 6, 1, 1 }, HERE },
	{ "send and recv", by_messages, { 0, 0, 0, 0 }, HERE },
	{ "sendfile", by_sendfile, { 40, 40, 1, 1 }, HERE },
	{ "copy_file_range", by_copy, { 60, 60, 1, 1 }, HERE },
	{ "nothing to read", nothing_to_read, { 0, 0, 1, 0 }, HERE },
	{ "no descriptor", no_descriptor, { 0, 0, 0, 0 }, HERE },
	{ "mmap", by_memory, { 0, 0, 0, 0 }, HERE },
	{ "child that was waited for", in_child, { 100, 0, 1, 0 }, ELSEWHERE },
	{ "vfork", in_vfork, { 0, 9, 0, 1 }, ELSEWHERE },
	{ "thread", in_thread, { 100, 0, 1, 0 }, ELSEWHERE },
};

static void check_more(const char *name, const char *directory, const struct counts *before,
		       const struct counts *after, const struct counts *more, long text)
{
	if (after->read_bytes - before->read_bytes != more->read_bytes + text ||
	    after->written_bytes - before->written_bytes != more->written_bytes ||
	    after->reads - before->reads != more->reads + 1 ||
	    after->writes - before->writes != more->writes)
		test_fail(__FILE__, __LINE__, "%s: %s: %ld, %ld, %ld, %ld more", name, directory,
			  after->read_bytes - before->read_bytes - text,
			  after->written_bytes - before->written_bytes,
			  after->reads - before->reads - 1, after->writes - before->writes);
}

TEST(what_calls_count)
{
	static const struct counts none;
	static char own[64];
	long text;

	snprintf(own, sizeof(own), "/proc/self/task/%d", getpid());
	OK(file = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(write(file, page, sizeof(page)), sizeof(page));
	OK(pipe(ends));
	OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets));
	/* Whatever is only done the first time. */
	in_thread();
	for (size_t i = 0; i < COUNT(acts); i++) {
		struct counts before = counts_of("/proc/self", &text), after;

		acts[i].act();
		after = counts_of("/proc/self", &(long){ 0 });
		check_more(acts[i].name, "process", &before, &after, &acts[i].more, text);
		before = counts_of(own, &text);
		acts[i].act();
		after = counts_of(own, &(long){ 0 });
		check_more(acts[i].name, "thread", &before, &after,
			   acts[i].here ? &acts[i].more : &none, text);
	}
}

TEST(a_child_begins_at_nothing)
{
	long text;

	OK(file = open("file", O_RDWR | O_CREAT, 0600));
	EQUAL(write(file, page, sizeof(page)), sizeof(page));
	IN_CHILD(struct counts counts = counts_of("/proc/self", &text);
		 EQUAL(counts.written_bytes, 0); EQUAL(counts.writes, 0));
}

/* Exec keeps what a process counted. */
int test_reentry(int argc, char **argv, char **envp)
{
	long text;

	(void)argc, (void)argv, (void)envp;
	return counts_of("/proc/self", &text).written_bytes == 77 ? 0 : 1;
}

TEST(exec_keeps_the_counts)
{
	IN_CHILD(OK(file = open("file", O_RDWR | O_CREAT, 0600));
		 EQUAL(write(file, page, 77), 77);
		 execl(test_self, "program", "--child", NULL));
}

TEST(others_may_not_know)
{
	struct stat status;
	char path[64], byte;
	pid_t other = getpid();
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/io", other);
	OK(stat(path, &status));
	EQUAL(status.st_mode, S_IFREG | 0400);
	if (getuid())
		test_skip("not root");
	OK(fd = open(path, O_RDONLY));
	IN_CHILD(OK(setresgid(12345, 12345, 12345)); OK(setresuid(12345, 12345, 12345));
		 FAILS(open(path, O_RDONLY), EACCES); FAILS(read(fd, &byte, 1), EACCES));
}
