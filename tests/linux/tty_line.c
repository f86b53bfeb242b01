/* SPDX-License-Identifier: MIT */
/* The line discipline: for each flag and each control character what is read, and what is seen. */
#include "tests/linux/tty.h"

#include <signal.h>

#ifndef IUTF8
#define IUTF8 0040000
#endif

struct text {
	const char *data;
	size_t size;
};

#define T(text) { text, sizeof(text) - 1 }

struct row {
	const char *name;
	tcflag_t on[3], off[3];		/* of the initial c_iflag, c_oflag, c_lflag */
	struct { int index, value; } cc[2];
	struct text typed, read, seen;	/* reads end with a bar each */
};

#define NO_ECHO .off = { 0, 0, ECHO }

static const struct row rows[] = {
	{ "a line", .typed = T("ab\n"), .read = T("ab\n|"), .seen = T("ab\r\n|") },
	{ "half a line", .typed = T("ab"), .read = T(""), .seen = T("ab|") },
	{ "two lines", .typed = T("a\nb\n"), .read = T("a\n|b\n|"), .seen = T("a\r\nb\r\n|") },
	{ "no echo", NO_ECHO, .typed = T("ab\n"), .read = T("ab\n|"), .seen = T("") },
	{ "ECHONL", .on = { 0, 0, ECHONL }, NO_ECHO, .typed = T("ab\n"), .read = T("ab\n|"),
	  .seen = T("\r\n|") },
	{ "VEOF after text", .typed = T("ab\4"), .read = T("ab|"), .seen = T("ab|") },
	{ "VEOF alone", .typed = T("\4"), .read = T("|"), .seen = T("") },
	{ "VEOF twice", .typed = T("ab\4\4"), .read = T("ab||"), .seen = T("ab|") },
	{ "VEOF changed", .cc = { { VEOF, 'x' } }, .typed = T("a\4x"), .read = T("a\4|"),
	  .seen = T("a^D|") },
	{ "VEOL", .cc = { { VEOL, ';' } }, .typed = T("a;b;"), .read = T("a;|b;|"),
	  .seen = T("a;b;|") },
	{ "VEOL2", .cc = { { VEOL2, ';' } }, .typed = T("a;"), .read = T("a;|"), .seen = T("a;|") },
	{ "VEOL2 without IEXTEN", .off = { 0, 0, IEXTEN }, .cc = { { VEOL2, ';' } },
	  .typed = T("a;"), .read = T(""), .seen = T("a;|") },
	{ "a NUL is a byte", .typed = T("a\0b\n"), .read = T("a\0b\n|"), .seen = T("a^@b\r\n|") },
	{ "VERASE", .typed = T("ab\177c\n"), .read = T("ac\n|"), .seen = T("ab\b \bc\r\n|") },
	{ "VERASE at the front", .typed = T("\177a\n"), .read = T("a\n|"), .seen = T("a\r\n|") },
	{ "VERASE not over a line's end", .typed = T("a\n\177b\n"), .read = T("a\n|b\n|"),
	  .seen = T("a\r\nb\r\n|") },
	{ "VERASE of a control code", .typed = T("a\1\177\n"), .read = T("a\n|"),
	  .seen = T("a^A\b \b\b \b\r\n|") },
	{ "VERASE of a control code without ECHOCTL", .off = { 0, 0, ECHOCTL },
	  .typed = T("a\1\177\n"), .read = T("a\n|"), .seen = T("a\1\r\n|") },
	{ "VERASE of a tab", .typed = T("a\t\177b\n"), .read = T("ab\n|"),
	  .seen = T("a\t\b\b\b\b\b\b\bb\r\n|") },
	{ "VERASE of the second tab", .typed = T("a\tbc\t\177\n"), .read = T("a\tbc\n|"),
	  .seen = T("a\tbc\t\b\b\b\b\b\b\r\n|") },
	{ "VERASE without ECHOE", .off = { 0, 0, ECHOE }, .typed = T("ab\177\n"),
	  .read = T("a\n|"), .seen = T("ab^?\r\n|") },
	{ "VERASE on paper", .on = { 0, 0, ECHOPRT }, .typed = T("abc\177\177d\n"),
	  .read = T("ad\n|"), .seen = T("abc\\cb/d\r\n|") },
	{ "VERASE of all on paper", .on = { 0, 0, ECHOPRT }, .typed = T("a\177\n"),
	  .read = T("\n|"), .seen = T("a\\a/\r\n|") },
	{ "VERASE of a UTF-8 character", .on = { IUTF8 }, .typed = T("a\303\244\177\n"),
	  .read = T("a\n|"), .seen = T("a\303\244\b \b\r\n|") },
	{ "VERASE of a byte without IUTF8", .off = { IUTF8 }, .typed = T("a\303\244\177\n"),
	  .read = T("a\303\n|"), .seen = T("a\303\244\b \b\r\n|") },
	{ "VERASE of half a character", .on = { IUTF8 }, .typed = T("\244\177a\n"),
	  .read = T("\244a\n|"), .seen = T("\244a\r\n|") },
	{ "VERASE is a byte in raw mode", .off = { 0, 0, ICANON }, .typed = T("a\177"),
	  .read = T("a\177|"), .seen = T("a^?|") },
	{ "VWERASE", .typed = T("one two \27x\n"), .read = T("one x\n|"),
	  .seen = T("one two \b \b\b \b\b \b\b \bx\r\n|") },
	{ "VWERASE up to punctuation", .typed = T("a.b_c\27\n"), .read = T("a.\n|"),
	  .seen = T("a.b_c\b \b\b \b\b \b\r\n|") },
	{ "VWERASE without IEXTEN", .off = { 0, 0, IEXTEN }, .typed = T("a\27\n"),
	  .read = T("a\27\n|"), .seen = T("a^W\r\n|") },
	{ "VKILL", .typed = T("abc\25d\n"), .read = T("d\n|"),
	  .seen = T("abc\b \b\b \b\b \bd\r\n|") },
	{ "VKILL without ECHOKE", .off = { 0, 0, ECHOKE }, .typed = T("ab\25d\n"),
	  .read = T("d\n|"), .seen = T("ab^U\r\nd\r\n|") },
	{ "VKILL without ECHOK", .off = { 0, 0, ECHOK }, .typed = T("ab\25d\n"), .read = T("d\n|"),
	  .seen = T("ab^Ud\r\n|") },
	{ "VKILL without echo", NO_ECHO, .typed = T("ab\25d\n"), .read = T("d\n|"), .seen = T("") },
	{ "VKILL at the front", .typed = T("\25a\n"), .read = T("a\n|"), .seen = T("a\r\n|") },
	{ "VLNEXT", .typed = T("a\26\177\26\3\n"), .read = T("a\177\3\n|"),
	  .seen = T("a^\b^?^\b^C\r\n|") },
	{ "VLNEXT before a newline", .typed = T("\26\nb\n"), .read = T("\nb\n|"),
	  .seen = T("^\b^Jb\r\n|") },
	{ "VLNEXT before VEOF", .typed = T("\26\4\n"),
	  .read = T("\4\n|"), .seen = T("^\b^D\r\n|") },
	{ "VLNEXT without IEXTEN", .off = { 0, 0, IEXTEN }, .typed = T("\26\177\n"),
	  .read = T("\n|"), .seen = T("^V\b \b\b \b\r\n|") },
	{ "VREPRINT", .typed = T("ab\22c\n"), .read = T("abc\n|"), .seen = T("ab^R\r\nabc\r\n|") },
	{ "VREPRINT without echo", NO_ECHO, .typed = T("ab\22c\n"), .read = T("ab\22c\n|"),
	  .seen = T("") },
	{ "a control character that is none", .cc = { { VKILL, 0 } }, .typed = T("a\25b\n"),
	  .read = T("a\25b\n|"), .seen = T("a^Ub\r\n|") },
	{ "ECHOCTL", .typed = T("\1\33\n"), .read = T("\1\33\n|"), .seen = T("^A^[\r\n|") },
	{ "without ECHOCTL", .off = { 0, 0, ECHOCTL }, .typed = T("\1\33\n"),
	  .read = T("\1\33\n|"), .seen = T("\1\33\r\n|") },
	{ "ECHOCTL leaves tabs", .typed = T("\t\n"), .read = T("\t\n|"), .seen = T("\t\r\n|") },
	{ "ICRNL", .typed = T("a\r"), .read = T("a\n|"), .seen = T("a\r\n|") },
	{ "without ICRNL", .off = { ICRNL }, .typed = T("a\r\n"), .read = T("a\r\n|"),
	  .seen = T("a^M\r\n|") },
	{ "IGNCR", .on = { IGNCR }, .typed = T("a\rb\n"), .read = T("ab\n|"),
	  .seen = T("ab\r\n|") },
	{ "INLCR", .on = { INLCR }, .off = { ICRNL }, .typed = T("a\n\4"), .read = T("a\r|"),
	  .seen = T("a^M|") },
	{ "INLCR with ICRNL", .on = { INLCR }, .typed = T("a\nb\r"), .read = T("a\rb\n|"),
	  .seen = T("a^Mb\r\n|") },
	{ "ISTRIP", .on = { ISTRIP }, .typed = T("\341\n"), .read = T("a\n|"),
	  .seen = T("a\r\n|") },
	{ "IUCLC", .on = { IUCLC }, .typed = T("AbC\n"), .read = T("abc\n|"),
	  .seen = T("abc\r\n|") },
	{ "IUCLC without IEXTEN", .on = { IUCLC }, .off = { 0, 0, IEXTEN }, .typed = T("AbC\n"),
	  .read = T("AbC\n|"), .seen = T("AbC\r\n|") },
	{ "PARMRK", .on = { PARMRK }, .typed = T("a\377\n"), .read = T("a\377\377\n|"),
	  .seen = T("a\377\r\n|") },
	{ "XCASE changes nothing", .on = { 0, 0, XCASE }, .typed = T("\\a\n"),
	  .read = T("\\a\n|"), .seen = T("\\a\r\n|") },
	{ "IXON takes VSTART", .typed = T("a\21b\n"), .read = T("ab\n|"), .seen = T("ab\r\n|") },
	{ "IXON stops the echo", .typed = T("a\23b\n"), .read = T("ab\n|"), .seen = T("") },
	{ "IXON starts it again", .typed = T("a\23b\n\21c"), .read = T("ab\n|"),
	  .seen = T("ab\r\nc|") },
	{ "IXANY", .on = { IXANY }, .typed = T("a\23bc\n"), .read = T("abc\n|"),
	  .seen = T("abc\r\n|") },
	{ "without IXON", .off = { IXON }, .typed = T("a\23\21\n"), .read = T("a\23\21\n|"),
	  .seen = T("a^S^Q\r\n|") },
	{ "VSTOP changed", .cc = { { VSTOP, 'x' }, { VSTART, 'y' } }, .typed = T("axbyc\n"),
	  .read = T("abc\n|"), .seen = T("abc\r\n|") },
	{ "raw mode", .off = { 0, 0, ICANON }, .typed = T("a\4b"), .read = T("a\4b|"),
	  .seen = T("a^Db|") },
	{ "raw mode shows a newline as a control code", .off = { 0, 0, ICANON }, .typed = T("a\n"),
	  .read = T("a\n|"), .seen = T("a^J|") },
	{ "raw mode and ICRNL", .off = { 0, 0, ICANON }, .typed = T("a\r"), .read = T("a\n|"),
	  .seen = T("a\r\n|") },
	{ "ISIG off", .off = { 0, 0, ISIG }, .typed = T("\3\34\32\n"), .read = T("\3\34\32\n|"),
	  .seen = T("^C^\\^Z\r\n|") },
	{ "VINTR drops the line", .typed = T("ab\3c\n"), .read = T("c\n|"), .seen = T("^Cc\r\n|") },
	{ "VQUIT drops the line", .typed = T("ab\34c\n"), .read = T("c\n|"),
	  .seen = T("^\\c\r\n|") },
	{ "VSUSP drops the line", .typed = T("ab\32c\n"), .read = T("c\n|"),
	  .seen = T("^Zc\r\n|") },
	{ "VINTR drops lines that wait", .typed = T("a\n\3b\n"), .read = T("b\n|"),
	  .seen = T("^Cb\r\n|") },
	{ "NOFLSH", .on = { 0, 0, NOFLSH }, .typed = T("ab\3c\n"), .read = T("abc\n|"),
	  .seen = T("ab^Cc\r\n|") },
	{ "VINTR without echo", NO_ECHO, .typed = T("ab\3c\n"), .read = T("c\n|"), .seen = T("") },
	{ "VINTR starts output", .typed = T("\23a\3b\n"),
	  .read = T("b\n|"), .seen = T("^Cb\r\n|") },
	{ "echo by OLCUC", .on = { 0, OLCUC }, .typed = T("ab\n"), .read = T("ab\n|"),
	  .seen = T("AB\r\n|") },
	{ "echo without OPOST", .off = { 0, OPOST }, .typed = T("ab\n"), .read = T("ab\n|"),
	  .seen = T("ab\n|") },
	{ "EXTPROC", .on = { 0, 0, EXTPROC }, .typed = T("a\177\3\n"), .read = T("a\177\3\n|"),
	  .seen = T("") },
};

static void row_set(const struct row *row, int fd)
{
	struct termios modes;
	tcflag_t *flags[] = { &modes.c_iflag, &modes.c_oflag, &modes.c_lflag };

	OK(tcgetattr(fd, &modes));
	for (size_t i = 0; i < COUNT(flags); i++)
		*flags[i] = (*flags[i] | row->on[i]) & ~row->off[i];
	for (size_t i = 0; i < COUNT(row->cc); i++)
		if (row->cc[i].index || row->cc[i].value)
			modes.c_cc[row->cc[i].index] = row->cc[i].value;
	OK(tcsetattr(fd, TCSANOW, &modes));
}

static void same(const char *name, const char *what, const char *data, size_t size,
		 const struct text *wanted)
{
	if (size != wanted->size || memcmp(data, wanted->data, size))
		test_fail(__FILE__, __LINE__, "%s: %s \"%s\", not \"%s\"", name, what,
			  tty_show(data, size), tty_show(wanted->data, wanted->size));
}

TEST(tty_line_flags_and_control_characters)
{
	char data[1024];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair pair = pair_open();

		row_set(&rows[i], pair.slave);
		EQUAL(write(pair.master, rows[i].typed.data, rows[i].typed.size),
		      rows[i].typed.size);
		same(rows[i].name, "read", data, tty_drain(pair.slave, data, sizeof(data)),
		     &rows[i].read);
		same(rows[i].name, "seen", data, tty_drain(pair.master, data, sizeof(data)),
		     &rows[i].seen);
		close(pair.slave);
		close(pair.master);
	}
}

/* ---- Output ---- */

static const struct {
	const char *name;
	tcflag_t on, off;
	const char *written, *seen;
} outputs[] = {
	{ "ONLCR", 0, 0, "a\nb\n", "a\r\nb\r\n|" },
	{ "without ONLCR", 0, ONLCR, "a\nb\n", "a\nb\n|" },
	{ "without OPOST", 0, OPOST, "a\n\tb\r", "a\n\tb\r|" },
	{ "OCRNL", OCRNL, ONLCR, "a\rb", "a\nb|" },
	{ "OCRNL and ONLCR", OCRNL, 0, "a\rb\n", "a\nb\r\n|" },
	{ "ONOCR", ONOCR, 0, "\ra\r\rb", "a\rb|" },
	{ "ONOCR after ONLRET", ONOCR | ONLRET, ONLCR, "a\n\rb", "a\nb|" },
	{ "ONOCR after a newline", ONOCR, ONLCR, "a\n\rb", "a\n\rb|" },
	{ "OLCUC", OLCUC, 0, "aBc1\n", "ABC1\r\n|" },
	{ "tabs stay", 0, 0, "a\tb", "a\tb|" },
	{ "XTABS", XTABS, 0, "\ta\tbc\t", "        a       bc      |" },
	{ "XTABS from a newline", XTABS, 0, "abc\n\tx", "abc\r\n        x|" },
	{ "XTABS from a return", XTABS, 0, "abc\r\tx", "abc\r        x|" },
	{ "XTABS without ONLCR", XTABS, ONLCR, "abc\n\tx", "abc\n     x|" },
	{ "XTABS after backspace", XTABS, 0, "ab\b\tx", "ab\b       x|" },
	{ "XTABS and control codes", XTABS, 0, "\33\1\tx", "\33\1        x|" },
	{ "XTABS and bytes of UTF-8", XTABS, 0, "\303\244\tx", "\303\244      x|" },
	{ "NLDLY and others are ignored", NLDLY | CRDLY | BSDLY | VTDLY | FFDLY | OFILL | OFDEL, 0,
	  "a\n\v\f\b", "a\r\n\v\f\b|" },
};

TEST(tty_line_output_flags)
{
	char data[256];

	for (size_t i = 0; i < COUNT(outputs); i++) {
		struct text wanted = { outputs[i].seen, strlen(outputs[i].seen) };
		struct pair pair = pair_open();
		struct termios modes;

		OK(tcgetattr(pair.slave, &modes));
		modes.c_oflag = (modes.c_oflag | outputs[i].on) & ~outputs[i].off;
		OK(tcsetattr(pair.slave, TCSANOW, &modes));
		tty_type(pair.slave, outputs[i].written);
		same(outputs[i].name, "seen", data, tty_drain(pair.master, data, sizeof(data)),
		     &wanted);
		close(pair.slave);
		close(pair.master);
	}
}

TEST(tty_line_utf8_columns)
{
	struct pair pair = pair_open();
	struct termios modes;

	OK(tcgetattr(pair.slave, &modes));
	modes.c_iflag |= IUTF8;
	modes.c_oflag |= XTABS;
	OK(tcsetattr(pair.slave, TCSANOW, &modes));
	tty_type(pair.slave, "\303\244\tx");
	tty_expect(pair.master, "\303\244       x");
}

/* ---- Reading ---- */

TEST(tty_line_read_in_pieces)
{
	struct pair pair = pair_open();
	char data[8];

	tty_type(pair.master, "abcde\nf\n");
	EQUAL(read(pair.slave, data, 3), 3);
	EQUAL(read(pair.slave, data, 8), 3);
	EQUAL(data[2], '\n');
	EQUAL(read(pair.slave, data, 2), 2);
	EQUAL(read(pair.slave, data, 0), 0);
	set_nonblock(pair.slave, true);
	FAILS(read(pair.slave, data, 8), EAGAIN);
	EQUAL(read(pair.slave, data, 0), 0);
}

/* An end of file that comes right behind what filled the buffer is not a second one. */
TEST(tty_line_end_of_file_behind_a_full_read)
{
	struct pair pair = pair_open();
	char data[8];

	tty_type(pair.master, "abc\4d\n");
	EQUAL(read(pair.slave, data, 3), 3);
	EQUAL(read(pair.slave, data, 8), 2);
	tty_type(pair.master, "abc\4\4");
	EQUAL(read(pair.slave, data, 8), 3);
	EQUAL(read(pair.slave, data, 8), 0);
}

TEST(tty_line_count_of_input)
{
	struct pair pair = pair_open();
	char data[16];
	int count;

	tty_set(pair.slave, 0, ECHO);
	tty_type(pair.master, "ab\ncd\4half");
	EQUAL(read(pair.slave, data, 1), 1);
	OK(ioctl(pair.slave, FIONREAD, &count));
	EQUAL(count, 4);
	tty_set(pair.slave, 0, ICANON);
	OK(ioctl(pair.slave, FIONREAD, &count));
	EQUAL(count, 9);
	OK(ioctl(pair.slave, TIOCOUTQ, &count));
	EQUAL(count, 0);
}

/* A line may have 4095 bytes and its end; of what comes after, the last byte counts. */
TEST(tty_line_too_long)
{
	static char line[5000], data[8192];
	struct pair pair = pair_open();

	tty_set(pair.slave, 0, ECHO);
	memset(line, 'x', sizeof(line));
	line[4097] = 'y';
	EQUAL(write(pair.master, line, 4098), 4098);
	tty_type(pair.master, "\n");
	EQUAL(read(pair.slave, data, sizeof(data)), 4096);
	EQUAL(data[4094], 'x');
	EQUAL(data[4095], '\n');
	tty_type(pair.master, "next\n");
	EQUAL(read(pair.slave, data, sizeof(data)), 5);
}

/* What waits behind a full input is not lost. */
/* As much as there is room for: Linux keeps more, but may then forget to wake who reads it. */
TEST(tty_line_much_input_is_kept)
{
	enum { LINES = 40 };
	static char line[100], data[100];
	struct pair pair = pair_open();

	tty_set(pair.slave, 0, ECHO);
	memset(line, 'x', sizeof(line));
	line[99] = '\n';
	for (int i = 0; i < LINES; i++) {
		line[0] = 'a' + i % 26;
		EQUAL(write(pair.master, line, sizeof(line)), sizeof(line));
	}
	for (int i = 0; i < LINES; i++) {
		EQUAL(read(pair.slave, data, sizeof(data)), sizeof(data));
		EQUAL(data[0], 'a' + i % 26);
		EQUAL(data[99], '\n');
	}
}

TEST(tty_line_raw_input_that_is_not_read_becomes_a_line)
{
	struct pair pair = pair_open();
	char data[16];

	tty_set(pair.slave, 0, ICANON | ECHO);
	tty_type(pair.master, "ab\ncd");
	EQUAL(read(pair.slave, data, 1), 1);
	tty_set(pair.slave, ICANON, 0);
	EQUAL(read(pair.slave, data, sizeof(data)), 4);
	tty_type(pair.master, "half");
	tty_set(pair.slave, 0, ICANON);
	EQUAL(read(pair.slave, data, sizeof(data)), 4);
}

/* ---- VMIN and VTIME ---- */

TEST(tty_line_min_without_time)
{
	struct pair pair = pair_open();
	char data[16];
	pid_t child;

	tty_raw(pair.slave, 3, 0);
	tty_type(pair.master, "abcd");
	EQUAL(read(pair.slave, data, 2), 2);
	OK(child = fork());
	if (!child) {
		EQUAL(read(pair.slave, data, sizeof(data)), 3);
		_exit(0);
	}
	test_await_sleep(child);
	tty_type(pair.master, "e");
	EQUAL(test_wait(child), 0);
}

TEST(tty_line_time_without_min)
{
	struct pair pair = pair_open();
	char data[16];

	tty_raw(pair.slave, 0, 0);
	EQUAL(read(pair.slave, data, sizeof(data)), 0);
	tty_raw(pair.slave, 0, 1);
	EQUAL(read(pair.slave, data, sizeof(data)), 0);
	set_nonblock(pair.slave, true);
	FAILS(read(pair.slave, data, sizeof(data)), EAGAIN);
	set_nonblock(pair.slave, false);
	tty_raw(pair.slave, 0, 255);
	tty_type(pair.master, "a");
	EQUAL(read(pair.slave, data, sizeof(data)), 1);
}

TEST(tty_line_min_and_time)
{
	struct pair pair = pair_open();
	char data[16];
	pid_t child;

	tty_raw(pair.slave, 3, 1);
	tty_type(pair.master, "a");
	EQUAL(read(pair.slave, data, sizeof(data)), 1);
	tty_type(pair.master, "abc");
	EQUAL(read(pair.slave, data, sizeof(data)), 3);
	OK(child = fork());
	if (!child) {
		EQUAL(read(pair.slave, data, sizeof(data)), 1);
		_exit(0);
	}
	test_await_sleep(child);
	tty_type(pair.master, "a");
	EQUAL(test_wait(child), 0);
}

static void nothing(int number)
{
	(void)number;
}

TEST(tty_line_a_signal_ends_a_read)
{
	struct sigaction action = { .sa_handler = nothing };
	struct pair pair = pair_open();
	char byte;
	pid_t child;

	OK(sigaction(SIGUSR1, &action, NULL));
	OK(child = fork());
	if (!child) {
		FAILS(read(pair.slave, &byte, 1), EINTR);
		_exit(0);
	}
	test_await_sleep(child);
	OK(kill(child, SIGUSR1));
	EQUAL(test_wait(child), 0);
}

/* ---- Flow and flushing ---- */

TEST(tty_line_flow_by_call)
{
	struct pair pair = pair_open();
	char data[64];

	OK(tcflow(pair.slave, TCOOFF));
	set_nonblock(pair.slave, true);
	FAILS(write(pair.slave, "x", 1), EAGAIN);
	tty_type(pair.master, "\21");		/* does not help */
	EQUAL(tty_drain(pair.slave, data, sizeof(data)), 0);
	set_nonblock(pair.slave, true);
	FAILS(write(pair.slave, "x", 1), EAGAIN);
	OK(tcflow(pair.slave, TCOON));
	tty_type(pair.slave, "y");
	tty_expect(pair.master, "y");
	OK(tcflow(pair.slave, TCIOFF));
	tty_expect(pair.master, "\23");
	OK(tcflow(pair.slave, TCION));
	tty_expect(pair.master, "\21");
	FAILS(ioctl(pair.slave, TCXONC, 9), EINVAL);
	FAILS(ioctl(pair.slave, TCFLSH, 9), EINVAL);
}

TEST(tty_line_stopped_writer_goes_on)
{
	struct pair pair = pair_open();
	char data[64];
	pid_t child;

	tty_type(pair.master, "\23");
	EQUAL(tty_drain(pair.slave, data, sizeof(data)), 0);
	OK(child = fork());
	if (!child) {
		tty_type(pair.slave, "late");
		_exit(0);
	}
	test_await_sleep(child);
	EQUAL(tty_drain(pair.master, data, sizeof(data)), 0);
	tty_type(pair.master, "\21");
	EQUAL(test_wait(child), 0);
	tty_expect(pair.master, "late");
}

TEST(tty_line_clearing_ixon_starts_output)
{
	struct pair pair = pair_open();
	struct termios modes;
	char data[64];

	tty_type(pair.master, "\23");
	EQUAL(tty_drain(pair.slave, data, sizeof(data)), 0);
	OK(tcgetattr(pair.slave, &modes));
	modes.c_iflag &= ~IXON;
	OK(tcsetattr(pair.slave, TCSANOW, &modes));
	tty_type(pair.slave, "on");
	tty_expect(pair.master, "on");
}

TEST(tty_line_flushing)
{
	struct pair pair = pair_open();
	char data[64];

	tty_set(pair.slave, 0, ECHO);
	tty_type(pair.master, "a\nb");
	OK(tcflush(pair.slave, TCOFLUSH));
	EQUAL(read(pair.slave, data, 1), 1);
	OK(tcflush(pair.slave, TCIFLUSH));
	tty_type(pair.master, "c\n");
	EQUAL(read(pair.slave, data, sizeof(data)), 2);
	EQUAL(data[0], 'c');
	tty_type(pair.master, "d\n");
	EQUAL(read(pair.slave, data, 1), 1);
	struct termios modes;
	OK(tcgetattr(pair.slave, &modes));
	OK(tcsetattr(pair.slave, TCSAFLUSH, &modes));
	EQUAL(tty_drain(pair.slave, data, sizeof(data)), 0);
	tty_type(pair.master, "e\n");
	OK(tcsetattr(pair.slave, TCSADRAIN, &modes));
	EQUAL(read(pair.slave, data, sizeof(data)), 2);
	OK(tcdrain(pair.slave));
	OK(tcsendbreak(pair.slave, 0));
}

TEST(tty_line_typing_by_call)
{
	struct pair pair = pair_open();
	char data[16];

	if (geteuid())
		test_skip("needs root");
	for (const char *at = "hi\n"; *at; at++)
		OK(ioctl(pair.slave, TIOCSTI, at));
	EQUAL(read(pair.slave, data, sizeof(data)), 3);
	tty_expect(pair.master, "hi\r\n");
	FAILS(ioctl(pair.slave, TIOCSTI, (void *)8), EFAULT);
}
