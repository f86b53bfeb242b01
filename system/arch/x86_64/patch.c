/* SPDX-License-Identifier: MIT */
/*
 * Patched system call sites.
 *
 * Three patterns cover nearly all sites of real programs (glibc 95%, Go 82%):
 *
 *   before:  mov $number, %eax; syscall             The 5 bytes (or 7: mov $number, %rax) of the mov become
 *                                                   a jump. The syscall stays: who jumps to it, traps.
 *   middle:  the same with one instruction between   The mov becomes the jump; the stub does both, and the
 *            that sets another register              instruction stays where it is for who jumps to it.
 *   behind:  syscall; cmp $-4095, %rax              The syscall and 3 bytes of the compare become a jump;
 *            (or -4096, as compilers prefer)        the stub does the compare and goes on behind it.
 *
 * No thread ever rests between the syscall and the compare of the last pattern: the way out of a trap
 * does the compare itself (regs_leave_stub). So a jump may be written over both.
 *
 * Stubs lie on pages of the heap that are mapped a second time, executable, within 2 GiB of the text. A child of fork
 * shares them. Blocks form a list that only grows at its head, so that parent and child share tails.
 *
 * Writing under running threads: first a breakpoint, then the tail, then the first byte, with all cores
 * made to serialise in between (Intel SDM vol. 3, 8.1.3); a thread that hits the breakpoint waits by
 * running into it again (site_is_changing).
 *
 * Locks: mm->lock to look at the area, then mm->stub_lock. Readers of the block list take none.
 */
#include <asm/unistd_64.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/mman.h>

#include "arch/x86_64/arch.h"
#include "arch/x86_64/key.h"
#include "arch/x86_64/patch.h"
#include "arch/x86_64/site.h"
#include "arch/x86_64/site_history.h"
#include "boundary/abi.h"
#include "core/handle.h"
#include "core/heap.h"
#include "core/host.h"
#include "core/string.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"

/* A patch costs about as much as three or four traps (docs/performance.md). */
#define TRAPS_BEFORE_PATCH	4

#define SITE_TABLE_SIZE		128
#define SITE_WAYS		4

#define STUB_SIZE		64
#define STUBS_PER_BLOCK		(PAGE_SIZE / STUB_SIZE)
#define JUMP_SIZE		5
#define JUMP_REACH		0x7f000000ul
#define STUBS_NEAR		0x100000ul

#define BREAKPOINT		0xcc	/* int3 */

/* What becomes of sites in an address space; under stub_lock. */
enum site_policy {
	SITES_CHANGE,		/* jumps are written */
	SITES_RESTORE,		/* no more, and those that are there are being taken away */
	SITES_KEEP,		/* the text is the file's */
};

struct stub {
	u8 code[48];
	/* from the stub to the `syscall` instruction: processes map the page at different places */
	s64 distance;
	u8 pattern;
	u8 behind;		/* offset of the code behind the call; STUB_SIZE if none */
	u8 reserved[6];
};

_Static_assert(sizeof(struct stub) == STUB_SIZE, "stubs are found by masking");

struct stub_block {
	refcount references;	/* heads of lists and next pointers */
	u32 used;
	u64 address;		/* where programs execute it */
	struct stub *stubs;	/* the same page in the heap */
	bool lent;		/* the page belongs to a patched text, and is full */
	struct stub_block *next;
};

void entry_stub(void);
void entry_stub_key(void);

struct stub_block *stub_blocks_share(struct stub_block *blocks)
{
	if (blocks)
		refcount_get(&blocks->references);
	return blocks;
}

void stub_blocks_put(struct stub_block *blocks)
{
	while (blocks && refcount_put(&blocks->references)) {
		struct stub_block *next = blocks->next;

		if (!blocks->lent)
			pages_free(blocks->stubs, 1);
		heap_free(blocks);
		blocks = next;
	}
}

static struct stub *stub_find(struct mm *mm, u64 rip, u64 *offset)
{
	struct stub_block *block;

	if (!mm)
		return NULL;
	for (block = load_acquire(&mm->stub_blocks); block; block = block->next)
		if (rip - block->address < PAGE_SIZE) {
			*offset = rip % STUB_SIZE;
			return &block->stubs[(rip - block->address) / STUB_SIZE];
		}
	return NULL;
}

bool stub_is_entering(struct mm *mm, u64 rip)
{
	u64 offset;
	struct stub *stub = stub_find(mm, rip, &offset);

	return stub && offset < stub->behind;
}

/*
 * The breakpoint that was hit belonged to a jump that was taken away again, and before we came here there
 * was the program's own instruction.
 */
static bool site_was_restored(struct mm *mm, u64 address)
{
	struct stub_block *block;
	u8 byte;

	if (READ_ONCE(mm->site_policy) == SITES_CHANGE || copy_from_user(&byte, address, 1) ||
	    byte == BREAKPOINT)
		return false;
	for (block = load_acquire(&mm->stub_blocks); block; block = block->next)
		for (u32 i = 0; i < MIN(READ_ONCE(block->used), (u32)STUBS_PER_BLOCK); i++) {
			u64 site = block->address + i * STUB_SIZE + (u64)block->stubs[i].distance;

			if (block->stubs[i].pattern && site - address <= JUMP_SIZE + MIDDLE_MAX)
				return true;
		}
	return false;
}

bool site_is_changing(struct mm *mm, u64 address)
{
	u64 offset;
	u8 jump[5];

	if (!mm)
		return false;
	if (READ_ONCE(mm->changing_site) == address || site_was_restored(mm, address))
		return true;
	/* The breakpoint was hit, and before we came here it had become what it was for. */
	return !copy_from_user(jump, address, sizeof(jump)) && jump[0] == 0xe9 &&
	       stub_find(mm, address + sizeof(jump) + *(s32 *)(jump + 1), &offset);
}

static u64 stub_site(const struct stub *stub, u64 rip, u64 offset)
{
	return rip - offset + (u64)stub->distance;
}

u64 regs_syscall_address(const struct regs *regs)
{
	u64 offset;
	struct stub *stub = stub_find(process_current()->mm, regs->rip, &offset);

	return stub ? stub_site(stub, regs->rip, offset) : regs->rip - 2;
}

/* The compare on saved registers; bytes are its instruction. */
static void compare_result(struct regs *regs, const u8 *bytes)
{
	const long with = -4096l + bytes[2];
	const u64 mask = 0x8d5;		/* CF PF AF ZF SF OF */
	u64 flags;

	__asm__("cmp %2, %1; pushfq; pop %0" : "=r"(flags) : "r"(regs->rax), "r"(with) : "cc", "memory");
	regs->rflags = (regs->rflags & ~mask) | (flags & mask);
	thread_current()->flags |= THREAD_FULL_RESTORE;
}

/* Waits until all jumps are gone, where they are being taken away. */
static bool sites_are_kept(struct mm *mm)
{
	u32 policy = mm ? READ_ONCE(mm->site_policy) : SITES_CHANGE;

	if (policy == SITES_RESTORE) {
		lock_acquire(&mm->stub_lock);
		policy = mm->site_policy;
		lock_release(&mm->stub_lock);
	}
	return policy == SITES_KEEP;
}

void regs_leave_stub(struct regs *regs)
{
	struct mm *mm = process_current()->mm;
	bool kept = sites_are_kept(mm);
	u64 offset;
	struct stub *stub = stub_find(mm, regs->rip, &offset);
	u8 bytes[2 + COMPARE_SIZE];

	if (stub) {
		if (stub->pattern != PATTERN_COMPARE || offset < stub->behind)
			return;
		/* The program does its compare by itself. */
		if (kept && offset == stub->behind) {
			regs->rip = regs->rcx = stub_site(stub, regs->rip, offset) + 2;
			return;
		}
		if (offset == stub->behind)
			compare_result(regs, stub->code + stub->behind);
		regs->rip = stub_site(stub, regs->rip, offset) + sizeof(bytes);
		thread_current()->flags |= THREAD_FULL_RESTORE;
		return;
	}
	if (kept || copy_from_user(bytes, regs->rip - 2, sizeof(bytes)))
		return;
	/* Behind a syscall that has its compare still, or behind the jump that was written over both. */
	if (bytes[0] == 0x0f && bytes[1] == 0x05 && site_is_compare(bytes + 2)) {
		compare_result(regs, bytes + 2);
	} else if (bytes[0] == 0xe9 && bytes[5] == 0xf0 && bytes[6] == 0xff && bytes[7] == 0xff) {
		stub = stub_find(process_current()->mm, regs->rip - 2 + JUMP_SIZE + *(s32 *)(bytes + 1), &offset);
		if (!stub || stub->pattern != PATTERN_COMPARE)
			return;
		compare_result(regs, stub->code + stub->behind);
	} else {
		return;
	}
	regs->rip += COMPARE_SIZE;
}

/* ---- Making stubs ---- */

static u8 *emit(u8 *to, const void *bytes, size_t count)
{
	memcpy(to, bytes, count);
	return to + count;
}

static u8 *emit_rel32(u8 *to, const void *opcode, size_t opcode_size, u64 end_address, u64 target)
{
	s32 relative = target - end_address;

	to = emit(to, opcode, opcode_size);
	return emit(to, &relative, sizeof(relative));
}

/*
 *	mov $number, %eax	(patterns with a mov)
 *	what stood between	(pattern with a middle)
 *	lea back(%rip), %rcx
 *	movabs $entry_stub, %r11
 *	jmp *%r11
 * back:			(pattern with a compare; else back is in the program's text)
 *	cmp, as in the program
 *	jmp site + 8
 */
static bool stub_write(struct stub *stub, u64 address, enum pattern pattern, u64 site, u32 number,
		       const struct site_view *view)
{
	static const u8 lea_rcx[] = { 0x48, 0x8d, 0x0d }, mov_r11[] = { 0x49, 0xbb },
		jump_r11[] = { 0x41, 0xff, 0xe3 }, mov_eax[] = { 0xb8 }, jump[] = { 0xe9 };
	const u64 entry = (u64)(key_in_use ? entry_stub_key : entry_stub);
	u8 *code = stub->code;
	u64 back = site + 2;

	stub->behind = STUB_SIZE;
	if (pattern == PATTERN_COMPARE) {
		stub->behind = 7 + 10 + 3;
		back = address + stub->behind;
	} else {
		code = emit(code, mov_eax, sizeof(mov_eax));
		code = emit(code, &number, sizeof(number));
	}
	if (pattern == PATTERN_MOV_MIDDLE) {
		code += view->middle;
		if (!site_middle_move(code - view->middle, view, site, address + (code - stub->code)))
			return false;
	}
	code = emit_rel32(code, lea_rcx, sizeof(lea_rcx), address + (code - stub->code) + 7, back);
	code = emit(code, mov_r11, sizeof(mov_r11));
	code = emit(code, &entry, sizeof(entry));
	code = emit(code, jump_r11, sizeof(jump_r11));
	if (pattern == PATTERN_COMPARE) {
		code = emit(code, view->code + SITE_BEFORE + 2, COMPARE_SIZE);
		code = emit_rel32(code, jump, sizeof(jump), address + (code - stub->code) + JUMP_SIZE,
				  site + 2 + COMPARE_SIZE);
	}
	stub->pattern = pattern;
	stub->distance = (s64)(site - address);
	return true;
}

static u64 gap_find(struct mm *mm, u64 site, u64 below, u64 above)
{
	u64 low = site > below ? site - below : USER_MIN;
	u64 high = ROUND_DOWN(site + above, PAGE_SIZE);

	return mm_find_gap_locked(mm, PAGE_SIZE, MAX(low, USER_MIN), MIN(high, USER_END));
}

/*
 * A free page within reach of site: if there is a choice, right below the file, where it needs no page table of its own,
 * or at least within reach of the neighbours too. 0: none.
 */
static u64 stub_place_find(struct mm *mm, u64 site)
{
	return gap_find(mm, site, STUBS_NEAR, 0) ?: gap_find(mm, site, JUMP_REACH / 2, JUMP_REACH / 2)
	       ?: gap_find(mm, site, JUMP_REACH, JUMP_REACH);
}

/* Maps a page of stubs at a free address. mm->lock and mm->stub_lock held. NULL: no memory. */
static struct stub_block *stub_block_map(struct mm *mm, u64 address, void *stubs)
{
	struct stub_block *block = heap_alloc_zero(sizeof(*block));
	struct area area = { .start = address, .end = address + PAGE_SIZE,
			     .protection = PROT_READ | PROT_EXEC, .flags = AREA_STUBS | AREA_SHARED };

	if (!block)
		return NULL;
	if (host_mmap(address, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE,
		      HANDLE_HEAP, heap_offset(stubs)) != (long)address)
		goto fail;
	if (mm_add_locked(mm, &area)) {
		host_munmap(address, PAGE_SIZE);
		goto fail;
	}
	block->stubs = stubs;
	block->address = address;
	refcount_init(&block->references, 1);
	block->next = mm->stub_blocks;		/* takes over the head's reference */
	store_release(&mm->stub_blocks, block);
	return block;
fail:
	heap_free(block);
	return NULL;
}

/* A further block within reach of site. mm->lock and mm->stub_lock held. */
static struct stub_block *stub_block_create(struct mm *mm, u64 site)
{
	u64 address = stub_place_find(mm, site);
	void *stubs = address ? pages_alloc_zero(1) : NULL;
	struct stub_block *block = stubs ? stub_block_map(mm, address, stubs) : NULL;

	if (stubs && !block)
		pages_free(stubs, 1);
	return block;
}

static struct stub *stub_alloc(struct mm *mm, u64 site, u64 *address)
{
	struct stub_block *block;
	u32 slot;

	for (block = mm->stub_blocks; block; block = block->next) {
		if (block->address - site + JUMP_REACH > 2 * JUMP_REACH || block->used >= STUBS_PER_BLOCK)
			continue;
		/* The block may belong to relatives too. */
		slot = atomic_add(&block->used, 1) - 1;
		if (slot < STUBS_PER_BLOCK)
			goto found;
	}
	block = stub_block_create(mm, site);
	if (!block)
		return NULL;
	slot = atomic_add(&block->used, 1) - 1;
found:
	*address = block->address + slot * STUB_SIZE;
	return &block->stubs[slot];
}

/* ---- Writing the jump ---- */

static void cores_serialise(void)
{
	host_call3(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

/* A jump that is to be written. */
struct jump {
	u64 at;
	size_t size;
	u8 bytes[8];
	u8 before[8];		/* what stands there now */
};

/* Puts back what stood there, as far as the pages are still there. */
static void text_restore(u64 at, const u8 *before, size_t size)
{
	for (size_t i = 0; i < size && !copy_to_user(at + i, before + i, 1); i++)
		;
}

/*
 * The text's pages are writable now. False: another thread or process took the page away, by truncating its file. Then
 * what is left of the text, on a page before, becomes what it was.
 */
static bool jump_write(struct mm *mm, const struct jump *jump, bool alone)
{
	static const u8 breakpoint = BREAKPOINT;
	bool written;

	if (alone) {
		written = !copy_to_user(jump->at, jump->bytes, jump->size);
		if (!written)
			text_restore(jump->at, jump->before, jump->size);
		return written;
	}
	host_call3(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
	store_release(&mm->changing_site, jump->at);
	written = !copy_to_user(jump->at, &breakpoint, 1);
	if (written) {
		cores_serialise();
		written = !copy_to_user(jump->at + 1, jump->bytes + 1, jump->size - 1);
		if (!written)
			text_restore(jump->at + 1, jump->before + 1, jump->size - 1);
		cores_serialise();
		written = !copy_to_user(jump->at, written ? jump->bytes : jump->before, 1) && written;
		cores_serialise();
	}
	store_release(&mm->changing_site, 0);
	return written;
}

/* Is the mov before the syscall a jump already? Then the place behind the syscall must stay as it is. */
static bool is_patched_before(struct mm *mm, const struct site_view *view, u64 site)
{
	u64 offset;

	for (u32 start = JUMP_SIZE; start <= JUMP_SIZE + MIDDLE_MAX; start++) {
		const u8 *jump = view->code + SITE_BEFORE - start;

		if (*jump == 0xe9 && stub_find(mm, site - start + JUMP_SIZE + *(s32 *)(jump + 1), &offset))
			return true;
	}
	return false;
}

/* Makes the stub. mm->lock and mm->stub_lock held. False where the site can't be patched, or is already. */
static bool jump_prepare(struct mm *mm, const struct area *area, u64 site, u64 number, struct jump *jump)
{
	struct site_view view;
	enum pattern pattern;
	struct stub *stub;
	u64 address;
	s32 relative;

	if (site < area->start + SITE_BEFORE || site + SITE_BEHIND > area->end ||
	    copy_from_user(view.code, site - SITE_BEFORE, sizeof(view.code)))
		return false;
	pattern = site_pattern(&view, number);
	if (pattern == PATTERN_NONE || is_patched_before(mm, &view, site))
		return false;
	stub = stub_alloc(mm, site, &address);
	if (!stub || !stub_write(stub, address, pattern, site, number, &view))
		return false;
	*jump = (struct jump){ .at = site - site_start(&view, pattern),
			       .size = pattern == PATTERN_MOV_LONG ? 7 : JUMP_SIZE,
			       .bytes = { 0xe9, 0, 0, 0, 0, 0x66, 0x90 } };
	relative = address - (jump->at + JUMP_SIZE);
	memcpy(jump->bytes + 1, &relative, sizeof(relative));
	memcpy(jump->before, view.code + SITE_BEFORE - (site - jump->at), jump->size);
	return true;
}

/* All jumps at once, in text that has this protection. False: not all of them could be written. */
static bool jumps_write(struct mm *mm, const struct jump *jumps, u32 count, u32 protection, bool alone)
{
	u64 first = -1ul, end = 0;
	bool written = true;

	for (u32 i = 0; i < count; i++) {
		first = MIN(first, ROUND_DOWN(jumps[i].at, PAGE_SIZE));
		end = MAX(end, ROUND_UP(jumps[i].at + jumps[i].size, PAGE_SIZE));
	}
	if (host_call3(__NR_mprotect, first, end - first, PROT_READ | PROT_WRITE | PROT_EXEC))
		return false;
	for (u32 i = 0; i < count; i++)
		written = jump_write(mm, &jumps[i], alone) && written;
	host_call3(__NR_mprotect, first, end - first, protection);
	return written;
}

/* Nobody but the caller runs in this address space. */
static bool is_alone(const struct mm *mm)
{
	return mm->references.count == 1 && process_current()->thread_count == 1;
}

/* mm->lock and mm->stub_lock held. False where it can't be patched, or is already. */
static bool site_patch(struct mm *mm, const struct area *area, u64 site, u64 number)
{
	const u32 protection = area->protection;	/* a new block of stubs moves the areas */
	struct jump jump;

	return jump_prepare(mm, area, site, number, &jump) &&
	       jumps_write(mm, &jump, 1, protection, is_alone(mm));
}

/* ---- Which sites ---- */

enum site_state { SITE_COUNTING, SITE_PATCHED, SITE_NEVER };

struct site_entry {
	u64 site;
	u32 count;		/* traps so far, in all processes of the table */
	u16 number;
	u8 state;		/* enum site_state; SITE_PATCHED: in one process at least */
};

/* Shared by a process and its relatives by fork since the last exec. Unlocked: a race delays a patch by a trap. */
struct site_table {
	refcount references;
	u32 generation;		/* raised with each site that becomes SITE_PATCHED */
	struct site_entry sites[SITE_TABLE_SIZE];
};

void site_table_share(struct site_table *table)
{
	if (table)
		refcount_get(&table->references);
}

void site_table_put(struct site_table *table)
{
	if (table && refcount_put(&table->references))
		heap_free(table);
}

static struct site_table *site_table_of(struct mm *mm)
{
	struct site_table *table = load_acquire(&mm->sites);

	if (table)
		return table;
	table = heap_alloc_zero(sizeof(*table));
	if (!table)
		return NULL;
	refcount_init(&table->references, 1);
	if (atomic_cas(&mm->sites, (struct site_table *)NULL, table))
		return table;
	heap_free(table);
	return mm->sites;
}

/*
 * The entry of a site, a new one if need be. The table has sets of SITE_WAYS entries, so that sites which take
 * turns don't push each other out; a new site takes the place of the one that trapped least.
 */
static struct site_entry *site_entry_find(struct site_table *table, u64 site, u64 number)
{
	struct site_entry *set = &table->sites[(site ^ site >> 7) % (SITE_TABLE_SIZE / SITE_WAYS) * SITE_WAYS];
	struct site_entry *least = set;

	for (size_t i = 0; i < SITE_WAYS; i++) {
		if (set[i].site == site)
			return &set[i];
		if (set[i].count < least->count)
			least = &set[i];
	}
	*least = (struct site_entry){ .site = site, .number = number };
	return least;
}

/* Only text that the program does not write: code that a JIT makes stays on the trap path. */
static bool is_constant_text(const struct area *area)
{
	return area->file && !(area->flags & AREA_SHARED) &&
	       (area->protection & (PROT_EXEC | PROT_WRITE)) == PROT_EXEC;
}

/* mm->lock and mm->stub_lock held. Whether the site can be patched. */
static bool site_try(struct mm *mm, const struct site_entry *entry)
{
	struct area *area = mm_find_locked(mm, entry->site);

	return area && area->start <= entry->site && is_constant_text(area) &&
	       mm->site_policy == SITES_CHANGE && site_patch(mm, area, entry->site, entry->number);
}

static void history_tell(struct mm *mm, u64 site, u64 number)
{
	struct file_version version;
	struct area *area;
	u64 offset = 0;
	bool known;

	lock_acquire(&mm->lock);
	area = mm_find_locked(mm, site);
	known = area && area->start <= site && is_constant_text(area);
	if (known) {
		area_file_version(area, &version);
		offset = site - area->start + area->offset;
	}
	lock_release(&mm->lock);
	if (known)
		site_history_trap(&version, offset, number);
}

void site_trapped(struct mm *mm, u64 site, u64 number)
{
	struct site_table *table;
	struct site_entry *entry;

	if (READ_ONCE(mm->site_policy) != SITES_CHANGE)
		return;
	table = site_table_of(mm);
	if (!table)
		return;
	entry = site_entry_find(table, site, number);
	if (entry->count < TRAPS_BEFORE_PATCH)
		history_tell(mm, site, number);
	if (++entry->count < TRAPS_BEFORE_PATCH || entry->state == SITE_NEVER)
		return;
	lock_acquire(&mm->lock);
	lock_acquire(&mm->stub_lock);
	if (!site_try(mm, entry)) {
		entry->state = SITE_NEVER;
	} else if (entry->state == SITE_COUNTING) {
		entry->state = SITE_PATCHED;
		/* This process has just seen it, unless it has more to catch up with. */
		if (mm->sites_seen == table->generation)
			mm->sites_seen++;
		table->generation++;
	}
	lock_release(&mm->stub_lock);
	lock_release(&mm->lock);
}

void sites_patch_known(struct mm *mm)
{
	struct site_table *table = mm->sites;
	u32 generation;

	if (!table || mm->sites_seen == (generation = READ_ONCE(table->generation)))
		return;
	for (size_t i = 0; i < SITE_TABLE_SIZE; i++) {
		struct site_entry entry = table->sites[i];

		if (entry.state == SITE_PATCHED)
			site_try(mm, &entry);
	}
	mm->sites_seen = generation;
}

/* ---- When text is mapped ---- */

static bool text_write(int handle, const struct area *area, const struct jump *jumps, u32 count)
{
	const u64 size = area->end - area->start;

	if (host_call4(__NR_pwrite64, handle, area->start, size, 0) != (long)size)
		return false;
	for (u32 i = 0; i < count; i++)
		if (host_call4(__NR_pwrite64, handle, jumps[i].bytes, jumps[i].size,
			       jumps[i].at - area->start) != (long)jumps[i].size)
			return false;
	return true;
}

/*
 * Copies text, and writes the jumps into the copy, all of whose stubs are in one block, for the
 * domain. The text is as the file has it still: once its pages are writable for the process's own
 * jumps, other threads may write there too, and what they do is not for other programs. Where
 * something fails, each process goes on patching for itself. mm->lock and mm->stub_lock held.
 */
static void text_keep(const struct area *area, const struct file_version *version,
		      struct stub_block *block, const struct jump *jumps,
		      const struct known_site *sites, u32 count)
{
	struct patched_text text = {
		.offset = area->offset, .size = area->end - area->start, .stubs = block->stubs,
		.distance = (s64)(block->address - area->start),
	};
	long handle = host_call2(__NR_memfd_create, "text", MFD_CLOEXEC);

	if (handle < 0)
		return;
	handle_came();
	text.handle = (int)handle;
	if (text_write(text.handle, area, jumps, count) &&
	    site_history_keep(version, &text, sites, count)) {
		block->lent = true;
		store_release(&block->used, STUBS_PER_BLOCK);
	} else {
		handle_close(text.handle);
	}
}

bool text_is_patched(struct mm *mm, struct file *file, u64 address, u64 offset, u64 size,
		     int *handle)
{
	struct area area = { .file = file };
	struct file_version version;
	struct stub_block *block = NULL;
	struct patched_text text;
	u64 stubs;

	if (READ_ONCE(mm->site_policy) != SITES_CHANGE)
		return false;
	area_file_version(&area, &version);
	if (!file_is_as_below(file) || !site_history_text(&version, offset, size, &text))
		return false;
	stubs = address + (u64)text.distance;
	lock_acquire(&mm->stub_lock);
	if (mm_find_gap_locked(mm, PAGE_SIZE, stubs, stubs + PAGE_SIZE) == stubs)
		block = stub_block_map(mm, stubs, text.stubs);
	if (block) {
		block->lent = true;
		block->used = STUBS_PER_BLOCK;
		*handle = text.handle;
	}
	lock_release(&mm->stub_lock);
	return block;
}

/*
 * mm->lock and mm->stub_lock held. How many jumps can be written, and which sites they are of,
 * first.
 */
static u32 known_prepare(struct mm *mm, u64 address, struct jump *jumps, struct known_site *sites,
			 u32 known)
{
	u32 count = 0;

	for (u32 i = 0; i < known; i++) {
		/* A new block of stubs moves the areas. */
		const struct area *area = mm_find_locked(mm, address);

		if (!jump_prepare(mm, area, sites[i].offset - area->offset + area->start,
				  sites[i].number, &jumps[count]))
			continue;
		sites[count++] = sites[i];
	}
	return count;
}

void sites_patch_mapped(struct mm *mm, u64 address, u64 size, bool patched)
{
	const struct area *area = mm_find_locked(mm, address);
	const u32 protection = area->protection;
	/* The program may have changed what the mapping was joined to. */
	bool keep = area->start == address && area->end == address + size;
	struct known_site sites[SITE_HISTORY_MAX];
	struct jump jumps[SITE_HISTORY_MAX];
	struct stub_block *block = NULL;
	struct file_version version;
	u64 from = area->offset, to = from + (area->end - area->start);
	u32 count;

	if (!is_constant_text(area))
		return;
	area_file_version(area, &version);
	count = site_history_map(&version, from, to, patched, sites, &keep);
	if (!count)
		return;
	lock_acquire(&mm->stub_lock);
	if (mm->site_policy != SITES_CHANGE) {
		lock_release(&mm->stub_lock);
		return;
	}
	if (keep && is_alone(mm) && file_is_as_below(area->file))
		block = stub_block_create(mm, address);
	count = known_prepare(mm, address, jumps, sites, count);
	if (block && count && mm->stub_blocks == block)
		text_keep(mm_find_locked(mm, address), &version, block, jumps, sites, count);
	if (count)
		jumps_write(mm, jumps, count, protection, true);
	lock_release(&mm->stub_lock);
}

/* ---- Taking jumps away ---- */

void sites_keep(struct mm *mm)
{
	mm->site_policy = SITES_KEEP;
}

/* What stood where the jump to a stub is now; its patterns tell all of it. */
static void jump_undo(const struct stub *stub, struct jump *jump)
{
	static const u8 mov_rax[] = { 0x48, 0xc7, 0xc0 }, syscall[] = { 0x0f, 0x05 };

	if (stub->pattern == PATTERN_COMPARE) {
		jump->size = JUMP_SIZE;
		memcpy(emit(jump->bytes, syscall, sizeof(syscall)), stub->code + stub->behind,
		       JUMP_SIZE - sizeof(syscall));
	} else if (stub->pattern == PATTERN_MOV_LONG) {
		jump->size = sizeof(mov_rax) + sizeof(u32);
		memcpy(emit(jump->bytes, mov_rax, sizeof(mov_rax)), stub->code + 1, sizeof(u32));
	} else {
		jump->size = JUMP_SIZE;
		memcpy(jump->bytes, stub->code, JUMP_SIZE);
	}
}

/* Where the jump to a stub is. False: there is none in this address space. */
static bool jump_find(const struct stub *stub, u64 address, struct jump *jump)
{
	u64 site = address + (u64)stub->distance;

	for (u32 start = 0; start <= JUMP_SIZE + MIDDLE_MAX; start++) {
		u8 bytes[JUMP_SIZE];
		s32 relative;

		if (copy_from_user(bytes, site - start, sizeof(bytes)) || bytes[0] != 0xe9)
			continue;
		memcpy(&relative, bytes + 1, sizeof(relative));
		if (site - start + JUMP_SIZE + (u64)relative != address)
			continue;
		jump->at = site - start;
		memcpy(jump->before, bytes, sizeof(bytes));
		return true;
	}
	return false;
}

/* mm->lock and mm->stub_lock held. */
static void block_restore(struct mm *mm, const struct stub_block *block)
{
	const u32 used = MIN(READ_ONCE(block->used), (u32)STUBS_PER_BLOCK);

	for (u32 i = 0; i < used; i++) {
		const struct stub *stub = &block->stubs[i];
		struct jump jump = { 0 };
		struct area *area;

		if (!stub->pattern || !jump_find(stub, block->address + i * STUB_SIZE, &jump))
			continue;
		jump_undo(stub, &jump);
		area = mm_find_locked(mm, jump.at);
		if (area && area->start <= jump.at)
			jumps_write(mm, &jump, 1, area->protection, is_alone(mm));
	}
}

void sites_restore(struct mm *mm)
{
	struct stub_block *block;

	if (!mm || READ_ONCE(mm->site_policy) == SITES_KEEP)
		return;
	lock_acquire(&mm->lock);
	lock_acquire(&mm->stub_lock);
	if (mm->site_policy == SITES_CHANGE) {
		WRITE_ONCE(mm->site_policy, SITES_RESTORE);
		for (block = mm->stub_blocks; block; block = block->next)
			block_restore(mm, block);
		WRITE_ONCE(mm->site_policy, SITES_KEEP);
	}
	lock_release(&mm->stub_lock);
	lock_release(&mm->lock);
}
