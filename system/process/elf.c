/* SPDX-License-Identifier: MIT */
/*
 * Loading ELF files: headers checked, segments mapped from the file, stack built as the System V
 * ABI for x86-64 says. The file may lie about everything. Runs on a thread that is alone in its
 * address space.
 */
#include <asm/unistd_64.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/personality.h>

#include "arch/x86_64/arch.h"
#include "boundary/layout.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/exec.h"
#include "process/process.h"
#include "vfs/file.h"
#include "vfs/path.h"

#define SEGMENTS_MAX		(65536 / sizeof(Elf64_Phdr))
#define PIE_BASE		0x555555554000ul	/* where Linux begins to put them */
#define PIE_RANDOM_PAGES	(1ul << 28)
#define BRK_RANDOM_PAGES	(1ul << 13)
#define STACK_RANDOM_PAGES	(1ul << 20)
#define MMAP_RANDOM_PAGES	(1ul << 24)
/* Of the numbers that elf_load() draws; the others are the program's. */
#define PLACES_RANDOM	4
#define STACK_SIZE_MIN		(128ul << 10)
/* of unlimited ones too: all of it is mapped at once */
#define STACK_SIZE_MAX		(64ul << 20)
#define STACK_GAP		(1ul << 20)
#define AUXV_WORDS_MAX		48

/* ---- Headers ---- */

static bool header_is_valid(const Elf64_Ehdr *header)
{
	return !memcmp(header->e_ident, ELFMAG, SELFMAG) &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_machine == EM_X86_64 &&
	       (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
	       header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum >= 1 &&
	       header->e_phnum <= SEGMENTS_MAX;
}

/* Reads all of it, or says that the file is no program. */
static int read_exactly(struct file *file, void *to, size_t size, u64 offset)
{
	ssize_t got = (s64)offset < 0 ? -EINVAL : file_read_kernel(file, to, size, offset);

	if (got == (ssize_t)size)
		return 0;
	return got < 0 && got != -EINVAL ? (int)got : -ENOEXEC;
}

int elf_open(struct elf *elf, struct file *file)
{
	size_t size;
	int error = read_exactly(file, &elf->header, sizeof(elf->header), 0);

	if (error)
		return error;
	if (!header_is_valid(&elf->header) || !file->operations->map)
		return -ENOEXEC;
	size = elf->header.e_phnum * sizeof(Elf64_Phdr);
	elf->segments = heap_alloc(size);
	if (!elf->segments)
		return -ENOMEM;
	error = read_exactly(file, elf->segments, size, elf->header.e_phoff);
	if (error) {
		heap_free(elf->segments);
		elf->segments = NULL;
		return error;
	}
	elf->file = file;
	return 0;
}

void elf_release(struct elf *elf)
{
	heap_free(elf->segments);
	elf->segments = NULL;
	if (elf->file)
		file_put(elf->file);
	elf->file = NULL;
}

char *elf_interpreter_name(const struct elf *elf)
{
	const Elf64_Phdr *segment = elf->segments, *end = segment + elf->header.e_phnum;
	char *name;
	int error;

	while (segment < end && segment->p_type != PT_INTERP)
		segment++;
	if (segment == end)
		return NULL;
	if (segment->p_filesz < 2 || segment->p_filesz > PATH_MAX)
		return ERROR_PTR(-ENOEXEC);
	name = heap_alloc(segment->p_filesz);
	if (!name)
		return ERROR_PTR(-ENOMEM);
	error = read_exactly(elf->file, name, segment->p_filesz, segment->p_offset);
	if (!error && name[segment->p_filesz - 1])
		error = -ENOEXEC;
	if (!error)
		return name;
	heap_free(name);
	return ERROR_PTR(error);
}

/* ---- Segments ---- */

struct span {
	u64 start, end;			/* of all segments, as the file has it, in whole pages */
};

static bool segment_is_sane(const Elf64_Phdr *segment)
{
	return segment->p_filesz <= segment->p_memsz && segment->p_memsz <= USER_END &&
	       segment->p_vaddr <= USER_END - segment->p_memsz &&
	       segment->p_vaddr % PAGE_SIZE == segment->p_offset % PAGE_SIZE &&
	       segment->p_offset <= (u64)1 << 62;
}

static int span_find(const struct elf *elf, struct span *span)
{
	*span = (struct span){ ~0ul, 0 };
	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type != PT_LOAD)
			continue;
		if (!segment_is_sane(segment))
			return -EINVAL;
		span->start = MIN(span->start, ROUND_DOWN(segment->p_vaddr, PAGE_SIZE));
		span->end =
			MAX(span->end, ROUND_UP(segment->p_vaddr + segment->p_memsz, PAGE_SIZE));
	}
	return span->start < span->end ? 0 : -ENOEXEC;
}

static int segment_protection(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? PROT_READ : 0) |
	       (segment->p_flags & PF_W ? PROT_WRITE : 0) |
	       (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

static int area_map(struct mm *mm, u64 start, u64 end, int protection, struct file *file,
		    u64 offset)
{
	int flags = MAP_PRIVATE | MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
	long place;

	if (start >= end)
		return 0;
	if (!user_range_ok(start, end - start))
		return -ENOMEM;
	place = mm_map(mm, start, end - start, protection, flags, file, offset, 0);
	return place < 0 ? (int)place : 0;
}

static int segment_map(struct mm *mm, const struct elf *elf, const Elf64_Phdr *segment)
{
	u64 start = segment->p_vaddr + elf->bias, file_end = start + segment->p_filesz;
	u64 end = ROUND_UP(start + segment->p_memsz, PAGE_SIZE),
	    file_pages_end = ROUND_UP(file_end, PAGE_SIZE);
	int protection = segment_protection(segment), error = 0;

	if (segment->p_filesz)
		error = area_map(mm, ROUND_DOWN(start, PAGE_SIZE), file_pages_end, protection,
				 elf->file, ROUND_DOWN(segment->p_offset, PAGE_SIZE));
	else
		file_pages_end = ROUND_DOWN(start, PAGE_SIZE);
	/* The rest of the last page is zero: glibc's first allocator counts on it. */
	if (!error && segment->p_filesz && segment->p_memsz > segment->p_filesz &&
	    (protection & PROT_WRITE) && file_end < file_pages_end)
		error = clear_user(file_end, file_pages_end - file_end);
	if (!error)
		error = area_map(mm, file_pages_end, end, protection, NULL, 0);
	return error;
}

static int segments_map(struct mm *mm, const struct elf *elf)
{
	int error = 0;

	for (u32 i = 0; !error && i < elf->header.e_phnum; i++)
		if (elf->segments[i].p_type == PT_LOAD)
			error = segment_map(mm, elf, &elf->segments[i]);
	return error;
}

/* A free range of a size, from the top down, for what may lie anywhere. */
static u64 place_find(struct mm *mm, u64 size, u64 lowest, u64 highest)
{
	u64 place;

	lock_acquire(&mm->lock);
	place = mm_find_gap_locked(mm, size, lowest, highest);
	lock_release(&mm->lock);
	return place;
}

static int program_place(struct mm *mm, struct elf *elf, const struct span *span, u64 random)
{
	u64 size = span->end - span->start, base;

	elf->bias = 0;
	if (elf->header.e_type == ET_EXEC)
		return 0;
	base = PIE_BASE + random % PIE_RANDOM_PAGES * PAGE_SIZE;
	base = place_find(mm, size, base, base + size)
		       ?: place_find(mm, size, USER_MIN, mm->search_top);
	if (!base)
		return -ENOMEM;
	elf->bias = base - span->start;
	return 0;
}

static int interpreter_map(struct mm *mm, struct elf *elf)
{
	struct span span;
	int error = span_find(elf, &span);
	u64 base;

	if (error)
		return error;
	elf->bias = 0;
	if (elf->header.e_type == ET_DYN) {
		base = place_find(mm, span.end - span.start, USER_MIN, mm->search_top);
		if (!base)
			return -ENOMEM;
		elf->bias = base - span.start;
	}
	mm->linker_start = span.start + elf->bias;
	mm->linker_end = span.end + elf->bias;
	return segments_map(mm, elf);
}

static void code_record(struct mm *mm, const struct elf *elf)
{
	mm->start_code = ~0ul;
	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		u64 start = segment->p_vaddr + elf->bias, end = start + segment->p_filesz;

		if (segment->p_type != PT_LOAD)
			continue;
		mm->start_code = MIN(mm->start_code, start);
		mm->start_data = MAX(mm->start_data, start);
		if (segment->p_flags & PF_X)
			mm->end_code = MAX(mm->end_code, end);
		mm->end_data = MAX(mm->end_data, end);
	}
}

/* ---- Around the program ---- */

static int vdso_record(struct mm *mm)
{
	struct area area = {
		.start = config()->vdso_start, .end = config()->vdso_end,
		.protection = PROT_READ | PROT_EXEC, .max_protection = PROT_READ | PROT_EXEC,
		.flags = AREA_VDSO,
	};
	int error;

	if (area.start >= area.end)
		return 0;
	lock_acquire(&mm->lock);
	error = mm_add_locked(mm, &area);
	lock_release(&mm->lock);
	return error;
}

static int stack_map(struct mm *mm, const u64 *random)
{
	u64 limit = process_current()->limits[RLIMIT_STACK].rlim_cur;
	u64 size = ROUND_UP(MIN(MAX(limit, STACK_SIZE_MIN), STACK_SIZE_MAX), PAGE_SIZE);
	u64 top = USER_END - random[0] % STACK_RANDOM_PAGES * PAGE_SIZE, place;
	long mapped;

	place = place_find(mm, size, USER_MIN, top);
	if (!place)
		return -ENOMEM;
	mapped = mm_map(mm, place, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_FIXED, NULL,
			0, AREA_STACK);
	if (mapped < 0)
		return (int)mapped;
	mm->stack_start = place + size;
	mm->stack_limit = place;
	mm->search_top = place - STACK_GAP - random[1] % MMAP_RANDOM_PAGES * PAGE_SIZE;
	mm->free_hint = mm->search_top;
	return 0;
}

/*
 * The host gives page tables back with the last mapping near. On bare Linux the vDSO stands at the
 * upper edge of what mmap(2) uses and keeps them for programs that map and unmap little; here a
 * page without access does, where no dynamic linker stands there.
 */
static int edge_map(struct mm *mm)
{
	long place = mm_map(mm, mm->search_top - PAGE_SIZE, PAGE_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
			    NULL, 0, 0);

	return place < 0 && place != -EEXIST ? (int)place : 0;
}

static void brk_place(struct mm *mm, const struct elf *elf, const struct span *span, u64 random)
{
	mm->brk_start = span->end + elf->bias + random % BRK_RANDOM_PAGES * PAGE_SIZE;
	mm->brk_end = mm->brk_start;
}

/* ---- The stack's contents ---- */

struct stack {
	u64 top;		/* going down as things are put */
	u64 *words;		/* argc, argv, envp, auxv: copied in one go */
	u32 word_count;
};

static int stack_put(struct stack *stack, const void *data, size_t size)
{
	stack->top -= size;
	return copy_to_user(stack->top, data, size);
}

static void stack_word(struct stack *stack, u64 word)
{
	stack->words[stack->word_count++] = word;
}

/* Pointers to strings that lie one after the other from address on, and NULL. */
static void stack_pointers(struct stack *stack, const struct text *text, u64 address)
{
	const char *string = text->data;

	for (u32 i = 0; i < text->count; i++) {
		size_t size = strlen(string) + 1;

		stack_word(stack, address);
		address += size;
		string += size;
	}
	stack_word(stack, 0);
}

/* Where the program finds its own headers: within the segment that holds them. */
static u64 headers_address(const struct elf *elf)
{
	u64 offset = elf->header.e_phoff;

	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && offset >= segment->p_offset &&
		    offset - segment->p_offset < segment->p_filesz)
			return elf->bias + segment->p_vaddr + offset - segment->p_offset;
	}
	return 0;
}

static void auxv_fill(const struct exec *exec, struct mm *mm, u64 random, u64 name, u64 platform)
{
	const struct credentials *c = exec->credentials;
	const u64 pairs[][2] = {
		{ AT_SYSINFO_EHDR, config()->vdso_image },
		{ AT_HWCAP, config()->hwcap },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, config()->clock_ticks },
		{ AT_PHDR, headers_address(&exec->program) },
		{ AT_PHENT, sizeof(Elf64_Phdr) },
		{ AT_PHNUM, exec->program.header.e_phnum },
		{ AT_BASE, exec->interpreter.file ? exec->interpreter.bias : 0 },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, exec->program.header.e_entry + exec->program.bias },
		{ AT_UID, c->uid }, { AT_EUID, c->euid }, { AT_GID, c->gid }, { AT_EGID, c->egid },
		{ AT_SECURE, exec->secure },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, config()->hwcap2 },
		{ AT_EXECFN, name },
		{ AT_PLATFORM, platform },
		{ AT_MINSIGSTKSZ, config()->min_signal_stack },
		{ AT_NULL, 0 },
	};

	_Static_assert(sizeof(pairs) / sizeof(u64) <= AUXV_WORDS_MAX, "auxv is kept for /proc");
	mm->auxv_words = 0;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] == AT_SYSINFO_EHDR && !pairs[i][1])
			continue;
		mm->auxv[mm->auxv_words++] = pairs[i][0];
		mm->auxv[mm->auxv_words++] = pairs[i][1];
	}
}

/* Strings at the top, then the words; rsp in stack->top. */
static int stack_fill(struct exec *exec, struct mm *mm, struct stack *stack, const u64 *random)
{
	static const char platform[] = "x86_64";
	u64 name, platform_address, random_address;
	int error;

	stack->top = mm->stack_start - sizeof(u64);
	error = stack_put(stack, exec->name, strlen(exec->name) + 1);
	name = stack->top;
	error = error ?: stack_put(stack, exec->environment.data, exec->environment.size);
	mm->env_start = stack->top;
	mm->env_end = mm->env_start + exec->environment.size;
	error = error ?: stack_put(stack, exec->arguments.data, exec->arguments.size);
	mm->arg_start = stack->top;
	mm->arg_end = mm->arg_start + exec->arguments.size;
	error = error ?: stack_put(stack, platform, sizeof(platform));
	platform_address = stack->top;
	stack->top = ROUND_DOWN(stack->top, 16ul);
	error = error ?: stack_put(stack, random, 16);
	random_address = stack->top;
	auxv_fill(exec, mm, random_address, name, platform_address);
	stack_word(stack, exec->arguments.count);
	stack_pointers(stack, &exec->arguments, mm->arg_start);
	stack_pointers(stack, &exec->environment, mm->env_start);
	for (u32 i = 0; i < mm->auxv_words; i++)
		stack_word(stack, mm->auxv[i]);
	stack->top = ROUND_DOWN(stack->top - stack->word_count * sizeof(u64), 16ul);
	return error ?: copy_to_user(stack->top, stack->words, stack->word_count * sizeof(u64));
}

static int stack_build(struct exec *exec, struct mm *mm, const u64 *random, u64 *rsp)
{
	size_t words = exec->arguments.count + exec->environment.count + 3 + AUXV_WORDS_MAX;
	struct stack stack = { .words = heap_alloc(words * sizeof(u64)) };
	int error;

	if (!stack.words)
		return -ENOMEM;
	error = stack_fill(exec, mm, &stack, random);
	heap_free(stack.words);
	*rsp = stack.top;
	return error;
}

int elf_load(struct exec *exec, struct mm *mm, struct regs *regs)
{
	struct elf *first = exec->interpreter.file ? &exec->interpreter : &exec->program;
	struct span span;
	u64 random[6], rsp;
	int error;

	if (host_call3(__NR_getrandom, random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	if (process_current()->personality & ADDR_NO_RANDOMIZE)
		memset(random, 0, PLACES_RANDOM * sizeof(random[0]));
	error = vdso_record(mm) ?: stack_map(mm, random) ?: span_find(&exec->program, &span) ?:
		program_place(mm, &exec->program, &span, random[2]) ?:
		segments_map(mm, &exec->program);
	if (!error)
		error = exec->interpreter.file ? interpreter_map(mm, &exec->interpreter)
					       : edge_map(mm);
	if (error)
		return error;
	mm->has_loaded = true;
	code_record(mm, &exec->program);
	brk_place(mm, &exec->program, &span, random[3]);
	error = stack_build(exec, mm, random + 4, &rsp);
	if (error)
		return error;
	if (!user_range_ok(first->header.e_entry + first->bias, 1))
		return -ENOEXEC;
	regs_init_program(regs, first->header.e_entry + first->bias, rsp);
	return 0;
}
