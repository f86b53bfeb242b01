/* SPDX-License-Identifier: MIT */
/*
 * What a program is replaced by, from the call until it runs. Everything that can be refused is
 * found out before the old program is given up; exec.c prepares, elf.c loads.
 */
#ifndef PROCESS_EXEC_H
#define PROCESS_EXEC_H

#include <linux/elf.h>

#include "boundary/layout.h"
#include "core/thread.h"

struct credentials;
struct file;
struct mm;
struct process;

/* Strings that end in NUL, one after the other, in pages of their own. */
struct text {
	char *data;
	size_t size, capacity;
	u32 count;
};

/* An ELF file that was looked at. */
struct elf {
	struct file *file;		/* reference held; NULL: none */
	Elf64_Ehdr header;
	Elf64_Phdr *segments;		/* header.e_phnum of them, in the heap */
	u64 bias;			/* what is added to its addresses; known after loading */
};

struct exec {
	char *name;			/* as the program gave it: AT_EXECFN */
	struct text arguments, environment;
	size_t size_max;		/* of both together */
	struct elf program, interpreter;
	struct credentials *credentials;	/* of the new program; reference held */
	bool hidden;			/* a file of it may be run but not read */
	bool secure;			/* AT_SECURE; known with the credentials */
	u32 old_tid;			/* of the thread that called; its id becomes the pid */
};

/* ---- elf.c ---- */

/*
 * Reads and checks the headers; takes over the reference on file only on success. -ENOEXEC,
 * -ENOMEM, -EIO.
 */
int elf_open(struct elf *elf, struct file *file) __must_check;
void elf_release(struct elf *elf);
/* Name of the interpreter the file asks for, in the heap; NULL: none. ERROR_PTR. */
char *elf_interpreter_name(const struct elf *elf);
/*
 * Maps the program into the calling host process, whose program memory is empty, and records it in
 * mm; builds the stack; sets registers. An error leaves a ruin that can only be ended.
 */
int elf_load(struct exec *exec, struct mm *mm, struct regs *regs) __must_check;

/* ---- exec_prepare.c ---- */

/*
 * All that is known of the new program but its strings. Takes over the reference on file. 0 or as
 * execve(2).
 */
int exec_prepare(struct exec *exec, struct file *file) __must_check;
/*
 * What the program may: makes exec->credentials and exec->secure of what the calling process has,
 * the rights of the file, and who traces it. signal_lock of the process is held until they are its
 * own, so that nobody begins to trace it in between.
 */
void exec_credentials_decide_locked(struct exec *exec);
void exec_free(struct exec *exec);

/* ---- exec_text.c ---- */

#define EXEC_STRING_MAX	(32 * PAGE_SIZE)	/* of one string, as on Linux */

/* Appends a string. -ENOMEM, or -E2BIG over max. */
int text_add(struct text *text, const char *string, size_t max) __must_check;
/*
 * Appends the strings of an array of pointers in program memory that ends in NULL; each pointer
 * counts for its own size. Also -EFAULT.
 */
int text_add_user_array(struct text *text, uptr array, size_t max) __must_check;
int text_reserve(struct text *text, size_t more) __must_check;
int text_copy(struct text *to, const struct text *from) __must_check;
void text_release(struct text *text);

/* ---- exec.c ---- */

/*
 * A program that is started from outside (program.h), on the first thread of its process, in a
 * fresh host process. Takes over the reference on file; name is what it is called. Does not return
 * where it runs, and has released the strings then; else -errno.
 */
int exec_first(struct file *file, const char *name, struct text *arguments,
	       struct text *environment);

#endif
