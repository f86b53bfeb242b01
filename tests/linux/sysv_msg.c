/* SPDX-License-Identifier: MIT */
/* System V messages: msgget, msgsnd, msgrcv, msgctl, /proc/sysvipc/msg. */
#include "tests/linux/test.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#define NO_SUCH_ID 0x7ffffff
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
	long type;
	char text[8192];
};

static key_t fresh_key(void)
{
	return 0x4f000000 + (getpid() << 4);
}

static int make(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	OK(id);
	return id;
}

static void remove_id(int id)
{
	OK(msgctl(id, IPC_RMID, NULL));
}

static struct msqid_ds state(int id)
{
	struct msqid_ds ds;

	OK(msgctl(id, IPC_STAT, &ds));
	return ds;
}

static int send_text(int id, long type, const char *text)
{
	struct message message = { .type = type };

	strcpy(message.text, text);
	return msgsnd(id, &message, strlen(text) + 1, IPC_NOWAIT);
}

static int send_bytes(int id, long type, size_t size, int flags)
{
	struct message message = { .type = type };

	return msgsnd(id, &message, size, flags);
}

/* The text received, or NULL. */
static const char *receive(int id, long type, int flags)
{
	static struct message message;

	memset(&message, 0, sizeof(message));
	return msgrcv(id, &message, sizeof(message.text), type, flags | IPC_NOWAIT) < 0
		       ? NULL
		       : message.text;
}

TEST(msgget_finds_by_key)
{
	key_t key = fresh_key();
	int id;

	FAILS(msgget(key, 0600), ENOENT);
	OK(id = msgget(key, IPC_CREAT | IPC_EXCL | 0640));
	EQUAL(msgget(key, 0), id);
	FAILS(msgget(key, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EQUAL(state(id).msg_perm.mode, 0640);
	EQUAL(state(id).msg_qbytes, 16384);
	EQUAL(state(id).msg_stime, 0);
	CHECK(state(id).msg_ctime != 0);
	remove_id(id);
	FAILS(msgget(key, 0), ENOENT);
}

TEST(messages_in_their_order)
{
	int id = make();

	OK(send_text(id, 3, "three"));
	OK(send_text(id, 1, "one"));
	OK(send_text(id, 2, "two"));
	OK(send_text(id, 1, "one again"));
	EQUAL(state(id).msg_qnum, 4);
	EQUAL(state(id).__msg_cbytes, 6 + 4 + 4 + 10);
	EQUAL(state(id).msg_lspid, getpid());
	EQUAL(state(id).msg_lrpid, 0);
	CHECK(state(id).msg_stime != 0);
	SAME(receive(id, 1, 0), "one");
	SAME(receive(id, 0, 0), "three");
	SAME(receive(id, -2, 0), "one again");
	SAME(receive(id, -2, 0), "two");
	EQUAL(state(id).msg_qnum, 0);
	EQUAL(state(id).__msg_cbytes, 0);
	EQUAL(state(id).msg_lrpid, getpid());
	CHECK(state(id).msg_rtime != 0);
	FAILS(receive(id, 0, 0) ? 0 : -1, ENOMSG);
	remove_id(id);
}

TEST(selections)
{
	int id = make();

	OK(send_text(id, 5, "five"));
	OK(send_text(id, 2, "two"));
	OK(send_text(id, 2, "two again"));
	FAILS(receive(id, 4, 0) ? 0 : -1, ENOMSG);
	FAILS(receive(id, -1, 0) ? 0 : -1, ENOMSG);
	SAME(receive(id, 5, MSG_EXCEPT), "two");
	SAME(receive(id, LONG_MIN, 0), "two again");
	FAILS(receive(id, 5, MSG_EXCEPT) ? 0 : -1, ENOMSG);
	SAME(receive(id, 2, MSG_EXCEPT), "five");
	remove_id(id);
}

TEST(sizes)
{
	struct message message;
	int id = make();

	OK(send_text(id, 1, "twelve bytes"));
	FAILS(msgrcv(id, &message, 5, 0, IPC_NOWAIT), E2BIG);
	EQUAL(state(id).msg_qnum, 1);
	memset(&message, 'x', sizeof(message));
	EQUAL(msgrcv(id, &message, 6, 0, MSG_NOERROR), 6);
	EQUAL(message.type, 1);
	CHECK(!memcmp(message.text, "twelvexx", 8));
	EQUAL(state(id).msg_qnum, 0);
	OK(send_bytes(id, 1, 0, 0));
	EQUAL(msgrcv(id, &message, 0, 0, 0), 0);
	OK(send_bytes(id, 1, 8192, 0));
	FAILS(send_bytes(id, 1, 8193, 0), EINVAL);
	EQUAL(msgrcv(id, &message, 8192, 0, 0), 8192);
	remove_id(id);
}

TEST(bad_arguments)
{
	static const struct { int id, command, error; } rows[] = {
		{ -1, IPC_STAT, EINVAL }, { -1, IPC_RMID, EINVAL },
		{ NO_SUCH_ID, IPC_STAT, EINVAL }, { NO_SUCH_ID, IPC_RMID, EINVAL },
		{ NO_SUCH_ID, IPC_SET, EINVAL },
		{ NO_SUCH_ID, MSG_STAT, EINVAL }, { 0, 99, EINVAL }, { 0, -1, EINVAL },
	};
	struct message message = { .type = 1 };
	struct msqid_ds ds = { 0 };
	int id = make();

	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		EQUAL(msgctl(rows[i].id, rows[i].command, &ds), -1);
		EQUAL(errno, rows[i].error);
	}
	FAILS(msgctl(id, IPC_STAT, (void *)8), EFAULT);
	FAILS(msgctl(id, IPC_SET, (void *)8), EFAULT);
	FAILS(msgsnd(id, (void *)8, 1, 0), EFAULT);
	FAILS(msgsnd(-1, (void *)8, 1, 0), EFAULT);
	FAILS(msgsnd(-1, &message, 1, 0), EINVAL);
	FAILS(msgsnd(NO_SUCH_ID, &message, 1, 0), EINVAL);
	FAILS(msgsnd(id, &message, -1, 0), EINVAL);
	FAILS(msgrcv(-1, &message, 1, 0, IPC_NOWAIT), EINVAL);
	FAILS(msgrcv(NO_SUCH_ID, &message, 1, 0, IPC_NOWAIT), EINVAL);
	FAILS(msgrcv(id, &message, -1, 0, IPC_NOWAIT), EINVAL);
	message.type = 0;
	FAILS(msgsnd(id, &message, 1, 0), EINVAL);
	message.type = -1;
	FAILS(msgsnd(id, &message, 1, 0), EINVAL);
	/* What could not be given to the program is gone. */
	OK(send_text(id, 1, "x"));
	FAILS(msgrcv(id, (void *)8, 10, 0, 0), EFAULT);
	EQUAL(state(id).msg_qnum, 0);
	remove_id(id);
	errno = 0;
	EQUAL(send_text(id, 1, "x"), -1);
	CHECK(errno == EINVAL || errno == EIDRM);
}

TEST(a_full_queue)
{
	int id = make(), status;
	pid_t child;

	OK(send_bytes(id, 1, 8192, 0));
	OK(send_bytes(id, 2, 8000, 0));
	FAILS(send_bytes(id, 3, 193, IPC_NOWAIT), EAGAIN);
	child = fork();
	if (!child)
		_exit(send_bytes(id, 3, 193, 0) ? errno : 0);
	test_await_sleep(child);
	/* Smaller ones pass. */
	OK(send_bytes(id, 4, 192, IPC_NOWAIT));
	FAILS(send_bytes(id, 4, 1, IPC_NOWAIT), EAGAIN);
	OK(send_bytes(id, 5, 0, IPC_NOWAIT));
	EQUAL(waitpid(child, &status, WNOHANG), 0);
	CHECK(receive(id, 1, 0));
	EQUAL(test_wait(child), 0);
	EQUAL(state(id).msg_lspid, child);
	CHECK(receive(id, 3, 0));
	EQUAL(state(id).msg_qnum, 3);
	remove_id(id);
}

TEST(a_receiver_waits)
{
	int id = make();
	pid_t child = fork();

	if (!child) {
		struct message message;

		EQUAL(msgrcv(id, &message, 100, 7, 0), 4);
		EQUAL(message.type, 7);
		SAME(message.text, "for");
		_exit(0);
	}
	test_await_sleep(child);
	OK(send_text(id, 6, "not"));
	OK(send_text(id, 7, "for"));
	EQUAL(test_wait(child), 0);
	EQUAL(state(id).msg_qnum, 1);
	EQUAL(state(id).msg_lrpid, child);
	remove_id(id);
}

TEST(a_receiver_that_is_too_small)
{
	struct message message;
	int id = make();
	pid_t child = fork();

	if (!child)
		_exit(msgrcv(id, &message, 2, 0, 0) < 0 ? errno : 0);
	test_await_sleep(child);
	OK(send_text(id, 6, "long"));
	EQUAL(test_wait(child), E2BIG);
	SAME(receive(id, 0, 0), "long");
	remove_id(id);
}

TEST(removal_wakes_with_eidrm)
{
	struct message message = { .type = 1 };
	int id = make();
	pid_t receiver, sender;

	OK(send_bytes(id, 1, 8192, 0));
	OK(send_bytes(id, 1, 8192, 0));
	receiver = fork();
	if (!receiver)
		_exit(msgrcv(id, &message, 100, 9, 0) < 0 ? errno : 0);
	sender = fork();
	if (!sender)
		_exit(msgsnd(id, &message, 10, 0) < 0 ? errno : 0);
	test_await_sleep(receiver);
	test_await_sleep(sender);
	remove_id(id);
	EQUAL(test_wait(receiver), EIDRM);
	EQUAL(test_wait(sender), EIDRM);
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST(a_signal_interrupts)
{
	struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };
	struct message message;
	int id = make();
	pid_t child;

	OK(sigaction(SIGUSR1, &action, NULL));
	child = fork();
	if (!child)
		_exit(msgrcv(id, &message, 100, 9, 0) < 0 ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), EINTR);
	/* Without a handler it goes on. */
	child = fork();
	if (!child)
		_exit(msgrcv(id, &message, 100, 9, 0) < 0 ? errno : 0);
	test_await_sleep(child);
	OK(kill(child, SIGSTOP));
	EQUAL(waitpid(child, NULL, WUNTRACED), child);
	OK(kill(child, SIGCONT));
	OK(send_text(id, 9, "x"));
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

TEST(msg_copy)
{
	struct message message;
	int id = make();

	OK(send_text(id, 4, "zero"));
	OK(send_text(id, 5, "one"));
	if (msgrcv(id, &message, 100, 0, MSG_COPY | IPC_NOWAIT) < 0 && errno == ENOSYS) {
		remove_id(id);
		test_skip("the kernel has no MSG_COPY");
	}
	SAME(message.text, "zero");
	EQUAL(msgrcv(id, &message, 100, 1, MSG_COPY | IPC_NOWAIT), 4);
	EQUAL(message.type, 5);
	SAME(message.text, "one");
	FAILS(msgrcv(id, &message, 100, 2, MSG_COPY | IPC_NOWAIT), ENOMSG);
	FAILS(msgrcv(id, &message, 100, 0, MSG_COPY), EINVAL);
	FAILS(msgrcv(id, &message, 100, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
	FAILS(msgrcv(id, &message, 2, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
	FAILS(msgrcv(id, &message, 2, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR), EINVAL);
	EQUAL(state(id).msg_qnum, 2);
	remove_id(id);
}

TEST(the_limit_of_a_queue)
{
	int id = make();
	struct msqid_ds ds = state(id);
	pid_t child;

	ds.msg_qbytes = 10;
	ds.msg_perm.mode = 0700;
	OK(msgctl(id, IPC_SET, &ds));
	EQUAL(state(id).msg_perm.mode, 0700);
	OK(send_bytes(id, 1, 10, IPC_NOWAIT));
	FAILS(send_bytes(id, 1, 1, IPC_NOWAIT), EAGAIN);
	child = fork();
	if (!child)
		_exit(send_bytes(id, 1, 5, 0) ? errno : 0);
	test_await_sleep(child);
	ds.msg_qbytes = 15;
	OK(msgctl(id, IPC_SET, &ds));
	EQUAL(test_wait(child), 0);
	EQUAL(state(id).__msg_cbytes, 15);
	remove_id(id);
}

TEST(permissions_of_others)
{
	int id;

	if (geteuid())
		test_skip("wants root");
	OK(id = msgget(fresh_key(), IPC_CREAT | 0602));
	OK(send_text(id, 1, "secret"));
	IN_CHILD({
		struct msqid_ds ds = state(id);

		OK(setgid(7777));
		OK(setuid(7777));
		OK(send_text(id, 1, "x"));
		FAILS(receive(id, 0, 0) ? 0 : -1, EACCES);
		FAILS(msgctl(id, IPC_STAT, &ds), EACCES);
		FAILS(msgctl(id, IPC_RMID, NULL), EPERM);
		FAILS(msgctl(id, IPC_SET, &ds), EPERM);
	});
	IN_CHILD({
		struct msqid_ds ds = state(id);

		ds.msg_perm.uid = 7777;
		OK(msgctl(id, IPC_SET, &ds));
		OK(setgid(7777));
		OK(setuid(7777));
		SAME(receive(id, 0, 0), "secret");
		ds.msg_qbytes = 16385;
		FAILS(msgctl(id, IPC_SET, &ds), EPERM);
	});
	remove_id(id);
}

TEST(lists_and_limits)
{
	int id = make(), highest, found = -1;
	struct msginfo usage, limits;
	struct msqid_ds ds;
	char number[32];

	OK(send_text(id, 1, "text"));
	OK(highest = msgctl(0, MSG_INFO, (void *)&usage));
	CHECK(usage.msgpool >= 1);
	CHECK(usage.msgmap >= 1);
	CHECK(usage.msgtql >= 5);
	EQUAL(msgctl(0, IPC_INFO, (void *)&limits), highest);
	EQUAL(limits.msgmax, 8192);
	EQUAL(limits.msgmnb, 16384);
	EQUAL(limits.msgseg, 0xffff);
	for (int i = 0; i <= highest; i++)
		if (msgctl(i, MSG_STAT, &ds) == id) {
			found = i;
			EQUAL(ds.msg_qnum, 1);
			EQUAL(msgctl(i, MSG_STAT_ANY, &ds), id);
		}
	EQUAL(found, id % 32768);
	snprintf(number, sizeof(number), " %d ", id);
	CHECK(strstr(test_read_file("/proc/sysvipc/msg"), number));
	SAME(test_read_file("/proc/sys/kernel/msgmnb"), "16384\n");
	SAME(test_read_file("/proc/sys/kernel/msgmax"), "8192\n");
	remove_id(id);
}

#define ROUNDS 2000

TEST(a_conversation)
{
	int id = make();
	pid_t child = fork();
	long value;
	struct { long type, value; } message;

	if (!child) {
		for (long i = 0; i < ROUNDS; i++) {
			EQUAL(msgrcv(id, &message, sizeof(long), 1, 0), (long)sizeof(long));
			EQUAL(message.value, i);
			message.type = 2;
			OK(msgsnd(id, &message, sizeof(long), 0));
		}
		_exit(0);
	}
	for (value = 0; value < ROUNDS; value++) {
		message.type = 1;
		message.value = value;
		OK(msgsnd(id, &message, sizeof(long), 0));
		EQUAL(msgrcv(id, &message, sizeof(long), 2, 0), (long)sizeof(long));
		EQUAL(message.value, value);
	}
	EQUAL(test_wait(child), 0);
	remove_id(id);
}

TEST(many_writers_through_a_narrow_queue)
{
	enum { WRITERS = 4, EACH = 300 };
	struct msqid_ds ds;
	struct { long type, value; } message;
	pid_t children[WRITERS];
	long next[WRITERS] = { 0 };
	int id = make();

	ds = state(id);
	ds.msg_qbytes = 3 * sizeof(long);
	OK(msgctl(id, IPC_SET, &ds));
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		for (message.value = 0; message.value < EACH; message.value++) {
			message.type = i + 1;
			OK(msgsnd(id, &message, sizeof(long), 0));
		}
		_exit(0);
	}
	for (int i = 0; i < WRITERS * EACH; i++) {
		EQUAL(msgrcv(id, &message, sizeof(long), 0, 0), (long)sizeof(long));
		EQUAL(message.value, next[message.type - 1]++);
	}
	for (int i = 0; i < WRITERS; i++)
		EQUAL(test_wait(children[i]), 0);
	remove_id(id);
}
