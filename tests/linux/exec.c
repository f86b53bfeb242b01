/* SPDX-License-Identifier: MIT */
/* execve: what is passed on, scripts, bad and lying files, sizes. */
#include "tests/linux/test.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

static char *const no_strings[] = { NULL };

/* ---- What programs share of a library's text ---- */

static int alarm_pipe[2];
static volatile sig_atomic_t alarms;

static void alarm_answer(int number)
{
	(void)number;
	if (++alarms == 2)
		write(alarm_pipe[1], "x", 1);
}

/* A read that is interrupted, and goes on by itself. */
static int read_restarts(void)
{
	struct sigaction action = { .sa_handler = alarm_answer, .sa_flags = SA_RESTART };
	struct itimerval time = { { 0, 1000 }, { 0, 1000 } };
	char byte;

	if (pipe(alarm_pipe) || sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &time, NULL))
		return 1;
	return read(alarm_pipe[0], &byte, 1) != 1;
}

/* The text that read() lies in: its place, its file and the offset there. False: none was found. */
static bool library_text(char **start, size_t *size, unsigned long *offset, char path[256])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to, read_at = (unsigned long)&read;
	char line[512];
	bool found = false;

	while (!found && maps && fgets(line, sizeof(line), maps))
		found = sscanf(line, "%lx-%lx r-xp %lx %*s %*s %255s", &from, &to, offset,
			       path) == 4 && read_at >= from && read_at < to;
	if (maps)
		fclose(maps);
	*start = (char *)from;
	*size = to - from;
	return found;
}

#define SCRAWL "scrawled"
#define SCRAWL_AT 0xff0

/* Maps a library's text in two pieces, of which it changes the first. */
static int text_scrawl(void)
{
	unsigned long offset;
	char *start, *at, path[256];
	size_t size;
	int fd;

	if (!library_text(&start, &size, &offset, path))
		return 1;
	fd = open(path, O_RDONLY);
	at = mmap(NULL, size + (2 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || at == MAP_FAILED)
		return 2;
	at += 1 << 20;		/* room for what else wants to be near */
	for (int i = 0; i < 200; i++) {
		if (mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
			 (off_t)offset) != at ||
		    mprotect(at, 4096, PROT_READ | PROT_WRITE))
			return 3;
		memcpy(at + SCRAWL_AT, SCRAWL, 8);
		if (mprotect(at, 4096, PROT_READ | PROT_EXEC) ||
		    mmap(at + 4096, size - 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			 fd, (off_t)offset + 4096) != at + 4096)
			return 4;
	}
	return 0;
}

static int text_is_clean(void)
{
	unsigned long offset;
	char *start, path[256];
	size_t size;

	return !library_text(&start, &size, &offset, path) ||
	       !memcmp(start + SCRAWL_AT, SCRAWL, 8);
}

/*
 * Runs in the executed copy of this program: one word says what to check; the status is the
 * verdict.
 */
int test_reentry(int argc, char **argv, char **envp)
{
	const char *task = argc ? argv[0] : "";

	if (!strcmp(task, "arguments"))
		return !(argc == 4 && !strcmp(argv[1], "") && !strcmp(argv[2], "a b") &&
			 !strcmp(argv[3], "\xff*$"));
	if (!strcmp(task, "environment"))
		return !(envp[0] && !strcmp(envp[0], "ONE=1") && envp[1] &&
			 !strcmp(envp[1], "no-equals-sign") && !envp[2]);
	if (!strcmp(task, "descriptors"))
		return !(fcntl(atoi(argv[1]), F_GETFD) == 0 &&
			 fcntl(atoi(argv[2]), F_GETFD) == -1 && errno == EBADF);
	if (!strcmp(task, "signals")) {
		struct sigaction ignored, handled;
		sigset_t mask;

		sigaction(SIGUSR1, NULL, &ignored);
		sigaction(SIGUSR2, NULL, &handled);
		sigprocmask(SIG_SETMASK, NULL, &mask);
		return !(ignored.sa_handler == SIG_IGN && handled.sa_handler == SIG_DFL &&
			 sigismember(&mask, SIGHUP) == 1 && sigismember(&mask, SIGINT) == 0);
	}
	if (!strcmp(task, "pending")) {
		sigset_t set;

		sigpending(&set);
		return !sigismember(&set, SIGUSR1);
	}
	if (!strcmp(task, "identity"))
		return !(getpid() == atoi(argv[1]) && getppid() == atoi(argv[2]));
	if (!strcmp(task, "size"))
		return !((size_t)atol(argv[1]) == strlen(argv[2]));
	if (!strcmp(task, "count"))
		return !(argc == atoi(argv[1]));
	if (!strcmp(task, "auxiliary"))
		return !(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM) &&
			 getauxval(AT_UID) == getuid() && getauxval(AT_EGID) == getegid() &&
			 getauxval(AT_PHDR) && getauxval(AT_ENTRY) && getauxval(AT_EXECFN) &&
			 getauxval(AT_SECURE) == 0);
	if (!strcmp(task, "restart"))
		return read_restarts();
	if (!strcmp(task, "scrawl"))
		return text_scrawl();
	if (!strcmp(task, "clean"))
		return text_is_clean();
	if (!strcmp(task, "again")) {
		int depth = atoi(argv[1]);
		char text[16];

		if (!depth)
			return 33;
		snprintf(text, sizeof(text), "%d", depth - 1);
		execl("/proc/self/exe", "again", "--child", "again", text, NULL);
		return 1;
	}
	if (!strcmp(task, "name"))
		return strcmp(test_read_file("/proc/self/comm"), argv[1]) != 0;
	if (!strcmp(task, "stack")) {
		uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

		return stack % 16 != 0;
	}
	return 99;
}

/* Executes this program with --child and these words in a child; its exit status. */
#define RUN_SELF(environment, ...) ({ \
	pid_t run_self_ = fork(); \
	OK(run_self_); \
	if (!run_self_) { \
		execve(test_self, (char *[]){ test_self, "--child", __VA_ARGS__, NULL }, \
		       environment); \
		_exit(98); \
	} \
	test_wait(run_self_); \
})

/* First, before a domain has made its own copy of the C library's text. */
TEST(exec_what_a_program_does_to_its_text_stays_with_it)
{
	for (int i = 0; i < 8; i++)
		EQUAL(RUN_SELF(no_strings, "restart"), 0);
	EQUAL(RUN_SELF(no_strings, "scrawl"), 0);
	EQUAL(RUN_SELF(no_strings, "clean"), 0);
}

/* Executes a file in a child; 0 when it ran and ended with 0, else the errno of execve. */
static int run_file(const char *path)
{
	pid_t child = fork();
	OK(child);
	if (!child) {
		execve(path, (char *[]){ (char *)path, NULL }, no_strings);
		_exit(errno);
	}
	return test_wait(child);
}

static void make_program(const char *path, const void *content, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	OK(fd);
	EQUAL(write(fd, content, size), size);
	OK(close(fd));
}

static void make_script(const char *path, const char *text)
{
	make_program(path, text, strlen(text));
}

TEST(arguments_arrive)
{
	EQUAL(RUN_SELF(no_strings, "arguments", "", "a b", "\xff*$"), 0);
}

TEST(environment_arrives)
{
	EQUAL(RUN_SELF(((char *[]){ "ONE=1", "no-equals-sign", NULL }), "environment"), 0);
}

TEST(no_arguments_at_all)
{
	/* Linux puts an empty name in front since 5.18. */
	pid_t child = fork();

	if (!child) {
		execve("/bin/true", no_strings, no_strings);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
}

TEST(close_on_exec)
{
	char kept[16], closed[16];
	int a, b;

	OK(a = open("/dev/null", O_RDONLY));
	OK(b = open("/dev/null", O_RDONLY | O_CLOEXEC));
	snprintf(kept, sizeof(kept), "%d", a);
	snprintf(closed, sizeof(closed), "%d", b);
	EQUAL(RUN_SELF(no_strings, "descriptors", kept, closed), 0);
	OK(fcntl(b, F_GETFD));
	OK(fcntl(a, F_SETFD, FD_CLOEXEC));
	OK(fcntl(b, F_SETFD, 0));
	EQUAL(RUN_SELF(no_strings, "descriptors", closed, kept), 0);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(signal_state_is_reset)
{
	sigset_t set;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	EQUAL(RUN_SELF(no_strings, "signals"), 0);
}

TEST(pending_signals_stay)
{
	sigset_t set;
	pid_t child = fork();

	if (!child) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR1);
		execl(test_self, test_self, "--child", "pending", NULL);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
}

TEST(identity_stays)
{
	char pid[16], parent[16];
	pid_t child = fork();

	if (!child) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		snprintf(parent, sizeof(parent), "%d", getppid());
		execl(test_self, test_self, "--child", "identity", pid, parent, NULL);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
}

TEST(nested_execs)
{
	EQUAL(RUN_SELF(no_strings, "again", "20"), 33);
}

TEST(auxiliary_vector)
{
	EQUAL(RUN_SELF(no_strings, "auxiliary"), 0);
}

TEST(stack_is_aligned)
{
	EQUAL(RUN_SELF(no_strings, "stack"), 0);
	EQUAL(RUN_SELF(no_strings, "stack", "x"), 0);
	EQUAL(RUN_SELF(((char *[]){ "A=1", NULL }), "stack", "abcdefg"), 0);
}

TEST(process_name_is_the_file)
{
	OK(symlink(test_self, "a-rather-long-program-name"));
	pid_t child = fork();
	if (!child) {
		execl("./a-rather-long-program-name", "other", "--child", "name",
		      "a-rather-long-p\n", NULL);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
}

TEST(large_argument)
{
	size_t size = 128 * 1024 - 1;
	char *text = malloc(size + 2), count[16];

	memset(text, 'x', size + 2);
	text[size] = 0;
	snprintf(count, sizeof(count), "%zu", size);
	EQUAL(RUN_SELF(no_strings, "size", count, text), 0);
	text[size] = 'x';
	text[size + 1] = 0;
	FAILS(execve(test_self, (char *[]){ test_self, text, NULL }, no_strings), E2BIG);
}

TEST(many_arguments)
{
	enum { ARGUMENTS = 20000 };
	static char *arguments[ARGUMENTS + 3] = { test_self, "--child", "count", "20000" };
	pid_t child;

	for (int i = 4; i < ARGUMENTS + 2; i++)
		arguments[i] = "argument";
	child = fork();
	if (!child) {
		execve(test_self, arguments, no_strings);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
}

TEST(too_much_is_refused)
{
	enum { STRINGS = 100 };
	static char *strings[STRINGS + 1], text[100000];

	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < STRINGS; i++)
		strings[i] = text;
	FAILS(execve("/bin/true", strings, no_strings), E2BIG);
	FAILS(execve("/bin/true", no_strings, strings), E2BIG);
}

TEST(bad_pointers_are_refused)
{
	char *bad[] = { "name", (char *)8, NULL };

	FAILS(execve("/bin/true", bad, no_strings), EFAULT);
	FAILS(execve("/bin/true", no_strings, bad), EFAULT);
	FAILS(execve("/bin/true", (char **)8, no_strings), EFAULT);
	FAILS(execve((char *)8, no_strings, no_strings), EFAULT);
	FAILS(execve("", no_strings, no_strings), ENOENT);
	FAILS(execve("/missing", no_strings, no_strings), ENOENT);
	FAILS(execve("/bin/true/x", no_strings, no_strings), ENOTDIR);
	FAILS(execve("/dev/null", no_strings, no_strings), EACCES);
}

TEST(scripts)
{
	make_script("plain", "#!/bin/sh\nexit 7\n");
	EQUAL(run_file("./plain"), 7);
	make_script("argument", "#! /bin/sh -e \nfalse\nexit 0\n");
	EQUAL(run_file("./argument"), 1);
	make_script("name", "#!/bin/sh\ntest \"$0\" = ./name\n");
	EQUAL(run_file("./name"), 0);
	make_script("no-newline", "#!/bin/true");
	EQUAL(run_file("./no-newline"), 0);
	make_script("one-argument", "#!/bin/echo a b c\n");
	int fds[2];
	char text[64] = "";
	OK(pipe(fds));
	pid_t child = fork();
	if (!child) {
		dup2(fds[1], 1);
		execl("./one-argument", "zero", "last", NULL);
		_exit(98);
	}
	EQUAL(test_wait(child), 0);
	OK(read(fds[0], text, sizeof(text) - 1));
	SAME(text, "a b c ./one-argument last\n");
}

TEST(scripts_in_scripts)
{
	char here[4096], text[5000];

	CHECK(getcwd(here, sizeof(here)));
	make_script("0", "#!/bin/sh\nexit 12\n");
	for (int i = 1; i <= 6; i++) {
		char name[2] = { '0' + i };

		snprintf(text, sizeof(text), "#!%s/%d\n", here, i - 1);
		make_script(name, text);
	}
	EQUAL(run_file("./3"), 12);
	EQUAL(run_file("./6"), ELOOP);
	make_script("self", "#!./self\n");
	EQUAL(run_file("./self"), ELOOP);
}

TEST(script_refusals)
{
	make_script("missing", "#!/no/such/interpreter\n");
	EQUAL(run_file("./missing"), ENOENT);
	make_script("nothing", "#!\n");
	EQUAL(run_file("./nothing"), ENOEXEC);
	make_script("blank", "#!   \t \n");
	EQUAL(run_file("./blank"), ENOEXEC);
	make_script("directory", "#!/tmp\n");
	EQUAL(run_file("./directory"), EACCES);
	make_script("text", "echo not a script\n");
	EQUAL(run_file("./text"), ENOEXEC);
	make_script("empty", "");
	EQUAL(run_file("./empty"), ENOEXEC);
	char text[400];
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	make_program("long", text, sizeof(text));
	EQUAL(run_file("./long"), ENOEXEC);
}

TEST(open_for_writing_is_busy)
{
	int fd;

	make_script("script", "#!/bin/sh\nexit 0\n");
	OK(fd = open("script", O_WRONLY));
	EQUAL(run_file("./script"), ETXTBSY);
	OK(close(fd));
	EQUAL(run_file("./script"), 0);
}

/* A program of one page that exits with 42: header, one segment, code. */
struct tiny {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	unsigned char code[16];
};

static struct tiny tiny_program(void)
{
	/* mov $60,%eax; mov $42,%edi; syscall */
	static const unsigned char code[] = {
		0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05, 0xf4
	};
	struct tiny tiny = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = 0x400000 + offsetof(struct tiny, code),
			.e_phoff = offsetof(struct tiny, segment),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segment = { {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
			.p_paddr = 0x400000, .p_filesz = sizeof(struct tiny),
			.p_memsz = sizeof(struct tiny), .p_align = 4096,
		} },
	};

	memcpy(tiny.code, code, sizeof(code));
	return tiny;
}

static int run_tiny(const struct tiny *tiny)
{
	make_program("tiny", tiny, sizeof(*tiny));
	return run_file("./tiny");
}

TEST(smallest_program)
{
	struct tiny tiny = tiny_program();

	EQUAL(run_tiny(&tiny), 42);
	tiny.header.e_type = ET_DYN;
	tiny.segment[0].p_vaddr = 0;
	tiny.header.e_entry -= 0x400000;
	EQUAL(run_tiny(&tiny), 42);
}

TEST(bss_is_zero_and_large)
{
	struct tiny tiny = tiny_program();

	tiny.segment[0].p_flags = PF_R | PF_W | PF_X;
	tiny.segment[0].p_memsz = 64 << 20;
	/* mov 0x2000000+0x400000,%edi (absolute); mov $60,%eax; syscall */
	static const unsigned char code[] = {
		0x8b, 0x3c, 0x25, 0, 0, 0x40, 2, 0xb8, 60, 0, 0, 0, 0x0f, 0x05
	};
	memcpy(tiny.code, code, sizeof(code));
	EQUAL(run_tiny(&tiny), 0);
}

TEST(wrong_kinds_of_elf)
{
	struct tiny tiny;

	tiny = tiny_program();
	tiny.header.e_machine = EM_AARCH64;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_machine = 0xffff;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_type = ET_REL;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_type = ET_CORE;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_ident[0] = 0;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_phentsize = 1;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny = tiny_program();
	tiny.header.e_phnum = 0;
	EQUAL(run_tiny(&tiny), ENOEXEC);
}

TEST(truncated_elf)
{
	struct tiny tiny = tiny_program();

	make_program("tiny", &tiny, 4);
	EQUAL(run_file("./tiny"), ENOEXEC);
	make_program("tiny", &tiny, sizeof(Elf64_Ehdr) - 1);
	EQUAL(run_file("./tiny"), ENOEXEC);
	make_program("tiny", &tiny, sizeof(Elf64_Ehdr));
	CHECK(run_file("./tiny") != 42);
	make_program("tiny", &tiny, sizeof(Elf64_Ehdr) + 10);
	CHECK(run_file("./tiny") != 42);
}

TEST(lying_elf)
{
	/*
	 * Whatever an ELF file claims, the program fails to start or dies, and nothing else
	 * happens.
	 */
	static const uint64_t lies[] = {
		0, 1, 4095, 4097, 1UL << 31, 1UL << 40, 1UL << 47, 1UL << 63, UINT64_MAX - 4095,
		UINT64_MAX,
	};

	for (size_t i = 0; i < COUNT(lies); i++) {
		for (int field = 0; field < 6; field++) {
			struct tiny tiny = tiny_program();
			Elf64_Phdr *segment = &tiny.segment[0];

			switch (field) {
			case 0: segment->p_filesz = lies[i]; break;
			case 1: segment->p_memsz = lies[i]; break;
			case 2: segment->p_vaddr = lies[i]; break;
			case 3: segment->p_offset = lies[i]; break;
			case 4: tiny.header.e_phoff = lies[i]; break;
			case 5: tiny.header.e_entry = lies[i]; break;
			}
			int result = run_tiny(&tiny);

			CHECK(result != 98 && result != 0);
		}
	}
	struct tiny tiny = tiny_program();
	tiny.segment[0].p_filesz = 1 << 20;
	tiny.segment[0].p_memsz = 1 << 20;
	CHECK(run_tiny(&tiny) != 98);
	tiny.segment[0].p_memsz = 10;
	tiny.segment[0].p_filesz = 100;
	CHECK(run_tiny(&tiny) != 42);
}

TEST(interpreter_of_elf)
{
	struct tiny tiny = tiny_program();

	tiny.header.e_phnum = 2;
	tiny.segment[1] = (Elf64_Phdr){
		.p_type = PT_INTERP, .p_offset = offsetof(struct tiny, code) + 8, .p_filesz = 8,
	};
	memcpy(tiny.code + 8, "/nowher", 8);
	EQUAL(run_tiny(&tiny), ENOENT);
	memcpy(tiny.code + 8, "/bin/sh", 8);
	tiny.segment[1].p_filesz = 1;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny.segment[1].p_filesz = 1UL << 40;
	EQUAL(run_tiny(&tiny), ENOEXEC);
	tiny.segment[1].p_filesz = 8;
	memcpy(tiny.code + 8, "/tmp\0\0\0", 8);
	EQUAL(run_tiny(&tiny), EACCES);
}

TEST(exec_by_descriptor)
{
	int fd, dir;
	pid_t child;

	OK(fd = open("/bin/sh", O_RDONLY));
	child = fork();
	if (!child) {
		fexecve(fd, (char *[]){ "sh", "-c", "exit 14", NULL }, no_strings);
		_exit(98);
	}
	EQUAL(test_wait(child), 14);
	OK(dir = open("/bin", O_RDONLY));
	child = fork();
	if (!child) {
		syscall(SYS_execveat, dir, "sh", (char *[]){ "sh", "-c", "exit 15", NULL },
			no_strings, 0);
		_exit(98);
	}
	EQUAL(test_wait(child), 15);
	OK(symlink("/bin/true", "link"));
	FAILS(syscall(SYS_execveat, AT_FDCWD, "link", no_strings, no_strings, AT_SYMLINK_NOFOLLOW),
	      ELOOP);
	FAILS(syscall(SYS_execveat, fd, "", no_strings, no_strings, 0), ENOENT);
}

static void *exec_from_thread(void *argument)
{
	(void)argument;
	execl(test_self, test_self, "--child", "again", "0", NULL);
	return NULL;
}

static void *sleep_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

TEST(exec_ends_other_threads)
{
	pid_t child = fork();

	if (!child) {
		pthread_t thread;

		for (int i = 0; i < 5; i++)
			ZERO(pthread_create(&thread, NULL, sleep_for_ever, NULL));
		ZERO(pthread_create(&thread, NULL, exec_from_thread, NULL));
		for (;;)
			pause();
	}
	EQUAL(test_wait(child), 33);
}

static void *exec_identity(void *argument)
{
	char **identity = argument;

	execl(test_self, test_self, "--child", "identity", identity[0], identity[1], NULL);
	return NULL;
}

TEST(exec_from_a_thread_keeps_the_process_id)
{
	char pid[16], parent[16], *identity[2] = { pid, parent };
	pthread_t thread;
	pid_t child = fork();

	if (!child) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		snprintf(parent, sizeof(parent), "%d", getppid());
		ZERO(pthread_create(&thread, NULL, exec_identity, identity));
		for (;;)
			pause();
	}
	EQUAL(test_wait(child), 0);
}

TEST(failed_exec_changes_nothing)
{
	int fd;

	OK(fd = open("/dev/null", O_RDONLY | O_CLOEXEC));
	signal(SIGUSR1, on_signal);
	make_script("text", "no program\n");
	FAILS(execve("./text", no_strings, no_strings), ENOEXEC);
	OK(fcntl(fd, F_GETFD));
	struct sigaction action;
	OK(sigaction(SIGUSR1, NULL, &action));
	CHECK(action.sa_handler == on_signal);
	EQUAL(RUN_SELF(no_strings, "again", "1"), 33);
}

TEST(a_hundred_execs_of_a_dynamic_program)
{
	for (int i = 0; i < 100; i++)
		EQUAL(run_file("/bin/true"), 0);
}

TEST(exec_leaves_shared_descriptors_alone)
{
	int fd, child;

	OK(fd = open("/dev/null", O_RDONLY | O_CLOEXEC));
	child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	OK(child);
	if (!child) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static int child_runs[2];

/* Plays its child still while the other thread calls exec, and would never end by itself. */
static void *vfork_slowly(void *argument)
{
	pid_t child = vfork();

	(void)argument;
	if (!child) {
		write(child_runs[1], "x", 1);
		usleep(100000);
		_exit(0);
	}
	for (;;)
		;
}

TEST(exec_while_another_thread_waits_for_its_vfork_child)
{
	pthread_t thread;
	pid_t child;
	char byte;

	child = fork();
	OK(child);
	if (!child) {
		OK(pipe(child_runs));
		ZERO(pthread_create(&thread, NULL, vfork_slowly, NULL));
		EQUAL(read(child_runs[0], &byte, 1), 1);
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	EQUAL(test_wait(child), 0);
}

/* Many enough that what they share of the C library is arranged in one way or another. */
TEST(exec_many_programs_whose_calls_are_restarted)
{
	for (int i = 0; i < 80; i++)
		EQUAL(RUN_SELF(no_strings, "restart"), 0);
}
