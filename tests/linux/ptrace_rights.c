/* SPDX-License-Identifier: MIT */
/*
 * ptrace: who may look into whom, and what a traced process does not get by exec. Programs with
 * rights of their own are copies of this one.
 */
#include "tests/linux/traced.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define OTHER	12345u		/* who traces */
#define OWNER	4321u		/* of programs */
#define REPORT_FD 30
#define SECRET_PAGE ((char *)0x10000000)

/* What a program of ours has found itself to be. */
struct report {
	uid_t uid, euid, suid;
	gid_t gid, egid;
	int secure, dumpable, trace_me_errno;
	uint64_t permitted, effective;
};

static void caps_read(uint64_t *permitted, uint64_t *effective)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	OK(syscall(SYS_capget, &header, data));
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
}

static struct report report_make(void)
{
	struct report report = { .secure = (int)getauxval(AT_SECURE) };
	gid_t sgid;

	report.dumpable = prctl(PR_GET_DUMPABLE);
	getresuid(&report.uid, &report.euid, &report.suid);
	getresgid(&report.gid, &report.egid, &sgid);
	caps_read(&report.permitted, &report.effective);
	return report;
}

static void page_fill(const char *text)
{
	char *page = mmap(SECRET_PAGE, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (page != SECRET_PAGE)
		_exit(7);
	strcpy(page, text);
}

int test_reentry(int argc, char **argv, char **envp)
{
	const char *task = argc ? argv[0] : "";
	struct report report = report_make();

	(void)envp;
	page_fill("secret");
	if (!strcmp(task, "trace-me") && ptrace(PTRACE_TRACEME, 0, 0, 0))
		report.trace_me_errno = errno;
	if (write(REPORT_FD, &report, sizeof(report)) != sizeof(report))
		return 6;
	while (!strcmp(task, "wait"))
		pause();
	return 0;
}

static void user_become(unsigned int id)
{
	OK(setgroups(0, NULL));
	OK(setresgid(id, id, id));
	OK(setresuid(id, id, id));
	OK(prctl(PR_SET_DUMPABLE, 1));
}

static void program_make(const char *name, unsigned int owner, mode_t mode)
{
	static char buffer[65536];
	int from, to;
	ssize_t size;

	OK(from = open(test_self, O_RDONLY));
	OK(to = open(name, O_WRONLY | O_CREAT | O_EXCL, 0700));
	while ((size = read(from, buffer, sizeof(buffer))) > 0)
		EQUAL(write(to, buffer, (size_t)size), size);
	OK(close(from));
	OK(close(to));
	OK(chown(name, owner, owner));
	OK(chmod(name, mode));
}

static void root_only(void)
{
	struct statvfs here;

	if (getuid())
		test_skip("not root");
	OK(statvfs(".", &here));
	if ((here.f_flag & ST_NOSUID) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		test_skip("setuid is switched off here");
	OK(chmod(".", 0755));
}

/* A child that becomes OTHER and runs program when a byte of the second pipe says so. */
static pid_t child_start(const char *program, const char *task, int *report_fd, int *go_fd)
{
	int report[2], go[2];
	pid_t child;
	char byte;

	OK(pipe(report));
	OK(pipe(go));
	OK(child = fork());
	if (!child) {
		if (!getuid())
			user_become(OTHER);
		page_fill("public");
		OK(dup2(report[1], REPORT_FD));
		if (!strcmp(task, "traced")) {
			OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
			raise(SIGSTOP);
		}
		OK(close(go[1]));
		EQUAL(read(go[0], &byte, 1), 1);
		execl(program, program, "--child", task, NULL);
		_exit(5);
	}
	OK(close(report[1]));
	OK(close(go[0]));
	*report_fd = report[0];
	*go_fd = go[1];
	return child;
}

static struct report report_read(int fd)
{
	struct report report;

	EQUAL(read(fd, &report, sizeof(report)), sizeof(report));
	OK(close(fd));
	return report;
}

static void child_go(int fd)
{
	EQUAL(write(fd, "", 1), 1);
	OK(close(fd));
}

/* Lets a tracee go on, without signals of its own, until it ends well. */
static void tracee_end(pid_t child)
{
	int status;

	for (;;) {
		EQUAL(waitpid(child, &status, __WALL), child);
		if (!WIFSTOPPED(status))
			break;
		GO_ON(PTRACE_CONT, child, 0);
	}
	EQUAL(status, 0);
}

/* ---- exec ---- */

enum tracer { NOBODY, BY_ITSELF, BY_USER, BY_ROOT };

static struct report report_of_exec(const char *program, enum tracer tracer)
{
	int report_fd, go_fd;
	pid_t child = child_start(program, tracer == BY_ITSELF ? "traced" : "", &report_fd, &go_fd);
	struct report report;

	if (tracer == BY_ROOT || tracer == BY_USER)
		OK(ptrace(PTRACE_SEIZE, child, 0, 0));
	child_go(go_fd);
	if (tracer == NOBODY)
		EQUAL(test_wait(child), 0);
	else
		tracee_end(child);
	report = report_read(report_fd);
	return report;
}

struct exec_row {
	const char *program;
	enum tracer tracer;
	uid_t euid;
	gid_t egid;
	int secure;
	bool dumpable, has_caps;
};

static void exec_check(const struct exec_row *row)
{
	struct report report = report_of_exec(row->program, row->tracer);
	bool good = report.uid == OTHER && report.gid == OTHER && report.euid == row->euid &&
		    report.suid == row->euid && report.egid == row->egid &&
		    report.secure == row->secure && (report.dumpable == 1) == row->dumpable &&
		    !report.permitted == !row->has_caps && !report.effective == !row->has_caps;

	if (!good)
		test_fail(__FILE__, __LINE__,
			  "%s %d: euid %u suid %u egid %u secure %d dumpable %d caps %lx %lx",
			  row->program, row->tracer, report.euid, report.suid, report.egid,
			  report.secure, report.dumpable, (long)report.permitted,
			  (long)report.effective);
}

static void programs_make(void)
{
	root_only();
	program_make("./ids", OWNER, 06755);
	program_make("./root", 0, 04755);
	program_make("./plain", 0, 0755);
	program_make("./hidden", 0, 0711);
}

TEST(exec_under_a_tracer_gives_no_rights)
{
	static const struct exec_row rows[] = {
		{ "./ids", NOBODY, OWNER, OWNER, 1, false, false },
		{ "./ids", BY_ITSELF, OTHER, OTHER, 1, true, false },
		{ "./ids", BY_ROOT, OWNER, OWNER, 1, false, false },
		{ "./root", NOBODY, 0, OTHER, 1, false, true },
		{ "./root", BY_ITSELF, OTHER, OTHER, 1, true, false },
		{ "./root", BY_ROOT, 0, OTHER, 1, false, true },
		{ "./plain", NOBODY, OTHER, OTHER, 0, true, false },
		{ "./plain", BY_ITSELF, OTHER, OTHER, 0, true, false },
		{ "./plain", BY_ROOT, OTHER, OTHER, 0, true, false },
		{ "./hidden", NOBODY, OTHER, OTHER, 0, false, false },
		{ "./hidden", BY_ITSELF, OTHER, OTHER, 0, false, false },
	};
	static const struct exec_row of_user[] = {
		{ "./ids", BY_USER, OTHER, OTHER, 1, true, false },
		{ "./ids", NOBODY, OWNER, OWNER, 1, false, false },
		{ "./root", BY_USER, OTHER, OTHER, 1, true, false },
		{ "./plain", BY_USER, OTHER, OTHER, 0, true, false },
		{ "./hidden", BY_USER, OTHER, OTHER, 0, false, false },
	};

	programs_make();
	for (size_t i = 0; i < COUNT(rows); i++)
		exec_check(&rows[i]);
	IN_CHILD(user_become(OTHER);
		 for (size_t i = 0; i < COUNT(of_user); i++)
			 exec_check(&of_user[i]));
	/* Nor does one that has given up getting more. */
	IN_CHILD(OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		 exec_check(&(struct exec_row){ "./root", NOBODY, OTHER, OTHER, 0, true, false }));
}

/* Whoever begins to trace at the same time, either may not or has kept the rights away. */
TEST(exec_and_attach_at_once)
{
	programs_make();
	IN_CHILD(user_become(OTHER);
	for (int i = 0; i < 100; i++) {
		int report_fd, go_fd;
		pid_t child = child_start("./ids", "", &report_fd, &go_fd);
		bool seized;
		struct report report;

		child_go(go_fd);
		for (int pause = 0; pause < i * 40; pause++)
			__asm__ volatile("pause");
		seized = !ptrace(PTRACE_SEIZE, child, 0, 0);
		if (seized)
			tracee_end(child);
		else
			EQUAL(test_wait(child), 0);
		report = report_read(report_fd);
		EQUAL(report.euid, seized ? OTHER : OWNER);
	});
}

/* ---- Looking ---- */

static int mem_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY);
}

static long remote_read(pid_t pid, char *to)
{
	struct iovec local = { to, 7 }, remote = { SECRET_PAGE, 7 };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

static void may_not_look(pid_t pid)
{
	char text[8];
	void *list;
	size_t size;
	int pidfd;

	FAILS(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM);
	FAILS(ptrace(PTRACE_SEIZE, pid, 0, 0), EPERM);
	FAILS(remote_read(pid, text), EPERM);
	FAILS(mem_open(pid, "mem"), EACCES);
	FAILS(mem_open(pid, "environ"), EACCES);
	FAILS(mem_open(pid, "auxv"), EACCES);
	FAILS(syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0), EPERM);
	FAILS(syscall(SYS_get_robust_list, pid, &list, &size), EPERM);
	OK(pidfd = (int)syscall(SYS_pidfd_open, pid, 0));
	FAILS(syscall(SYS_pidfd_getfd, pidfd, REPORT_FD, 0), EPERM);
	OK(close(pidfd));
}

static void may_look(pid_t pid)
{
	char text[8] = "";
	void *list;
	size_t size;
	int fd;

	EQUAL(remote_read(pid, text), 7);
	SAME(text, "secret");
	OK(fd = mem_open(pid, "mem"));
	EQUAL(pread(fd, text, 7, (off_t)SECRET_PAGE), 7);
	OK(close(fd));
	OK(fd = mem_open(pid, "environ"));
	OK(close(fd));
	OK(syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0));
	OK(syscall(SYS_get_robust_list, pid, &list, &size));
	OK(ptrace(PTRACE_ATTACH, pid, 0, 0));
	STOPS(pid, SIGSTOP);
	EQUAL(ptrace(PTRACE_PEEKDATA, pid, SECRET_PAGE, 0) & 0xff, 's');
	OK(ptrace(PTRACE_DETACH, pid, 0, 0));
}

TEST(programs_with_rights_are_nobody_elses)
{
	static const char *const programs[] = { "./ids", "./root", "./hidden" };

	programs_make();
	for (size_t i = 0; i < COUNT(programs); i++) {
		int report_fd, go_fd;
		pid_t child = child_start(programs[i], "wait", &report_fd, &go_fd);

		child_go(go_fd);
		report_read(report_fd);
		IN_CHILD(user_become(OTHER); may_not_look(child));
		may_look(child);
		OK(kill(child, SIGKILL));
		EQUAL(test_wait(child), 1000 + SIGKILL);
	}
}

/* A tracer that was there before keeps the registers, not the memory. */
TEST(hidden_program_of_a_tracee)
{
	programs_make();
	IN_CHILD(user_become(OTHER);
		 int report_fd; int go_fd; long word;
		 pid_t child = child_start("./hidden", "traced", &report_fd, &go_fd);
		 STOPS(child, SIGSTOP);
		 EQUAL(ptrace(PTRACE_PEEKDATA, child, SECRET_PAGE, 0) & 0xff, 'p');
		 GO_ON(PTRACE_CONT, child, 0);
		 child_go(go_fd);
		 STOPS(child, SIGTRAP);
		 word = (long)registers_of(child).rsp;
		 FAILS(ptrace(PTRACE_PEEKDATA, child, word, 0), EIO);
		 FAILS(ptrace(PTRACE_POKEDATA, child, word, 0), EIO);
		 GO_ON(PTRACE_CONT, child, 0);
		 ENDS(child, 0));
}

/* The memory that was opened is that of the program of then. */
TEST(memory_file_does_not_follow_exec)
{
	programs_make();
	IN_CHILD(user_become(OTHER);
		 int report_fd; int go_fd; int fd; char text[8] = "";
		 pid_t child = child_start("./ids", "wait", &report_fd, &go_fd);
		 do
			 OK(remote_read(child, text) == 7 ? 0 : errno == EFAULT ? 0 : -1);
		 while (strcmp(text, "public"));
		 OK(fd = mem_open(child, "mem"));
		 EQUAL(pread(fd, text, 7, (off_t)SECRET_PAGE), 7);
		 child_go(go_fd);
		 EQUAL(report_read(report_fd).euid, OWNER);
		 EQUAL(pread(fd, text, 7, (off_t)SECRET_PAGE), 0);
		 SAME(text, "public"));
}

/* Whoever reads all the time never sees what the program with rights has. */
TEST(exec_and_reading_at_once)
{
	programs_make();
	IN_CHILD(user_become(OTHER);
	for (int i = 0; i < 30; i++) {
		int report_fd, go_fd, status;
		pid_t child = child_start("./ids", "", &report_fd, &go_fd);
		char text[8] = "";

		child_go(go_fd);
		while (waitpid(child, &status, WNOHANG) == 0)
			if (remote_read(child, text) == 7)
				CHECK(strcmp(text, "secret"));
		EQUAL(status, 0);
		EQUAL(report_read(report_fd).euid, OWNER);
	});
}

/* ---- Capabilities ---- */

/* The calling process is OTHER, with this of its capabilities. */
static void user_become_with(uint64_t caps)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { (uint32_t)caps, (uint32_t)caps, 0 } };

	OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	user_become(OTHER);
	OK(syscall(SYS_capset, &header, data));
	OK(prctl(PR_SET_DUMPABLE, 1));
}

TEST(capabilities_decide)
{
	uint64_t few = 1u << CAP_CHOWN, more = few | 1u << CAP_KILL;
	pid_t child;

	root_only();
	OK(child = fork());
	if (!child) {
		user_become_with(few);
		for (;;)
			pause();
	}
	test_await_sleep(child);
	IN_CHILD(user_become(OTHER); FAILS(ptrace(PTRACE_SEIZE, child, 0, 0), EPERM));
	IN_CHILD(user_become_with(1u << CAP_KILL);
		 FAILS(ptrace(PTRACE_SEIZE, child, 0, 0), EPERM));
	IN_CHILD(user_become_with(more); OK(ptrace(PTRACE_SEIZE, child, 0, 0));
		 OK(ptrace(PTRACE_INTERRUPT, child, 0, 0));
		 EQUAL(report_of(child), 128 << 16 | SIGTRAP << 8 | 0x7f));
	IN_CHILD(user_become_with(1u << CAP_SYS_PTRACE); OK(ptrace(PTRACE_SEIZE, child, 0, 0)));
	OK(kill(child, SIGKILL));
	EQUAL(test_wait(child), 1000 + SIGKILL);
}

/* A program with more rights than its parent does not give them away by asking to be traced. */
TEST(trace_me_by_a_program_with_rights)
{
	programs_make();
	IN_CHILD(user_become(OTHER);
		 int report_fd; int go_fd;
		 pid_t child = child_start("./root", "trace-me", &report_fd, &go_fd);
		 child_go(go_fd);
		 EQUAL(report_read(report_fd).trace_me_errno, EPERM);
		 EQUAL(test_wait(child), 0));
}

TEST(no_yama)
{
	if (!access("/proc/sys/kernel/yama/ptrace_scope", F_OK))
		test_skip("this kernel has Yama");
	FAILS(prctl(PR_SET_PTRACER, getppid(), 0, 0, 0), EINVAL);
	FAILS(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0), EINVAL);
}
