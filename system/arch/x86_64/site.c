/* SPDX-License-Identifier: MIT */
/* Patterns of instructions around system calls; see site.h and patch.c. No state. */
#include "arch/x86_64/site.h"

#include "core/string.h"

#define NUMBER_RT_SIGRETURN	15	/* unwinders recognise its bytes */

bool site_is_compare(const u8 *bytes)
{
	static const u8 high[] = { 0xf0, 0xff, 0xff };

	return bytes[0] == 0x48 && bytes[1] == 0x3d && bytes[2] <= 1 &&
	       !memcmp(bytes + 3, high, sizeof(high));
}

/* ---- The instruction between mov and syscall ---- */

/*
 * Bytes of what follows the opcode of lea, or 0 where it is no memory operand; *relative: to the
 * instruction pointer.
 */
static u32 memory_operand_size(const u8 *modrm, bool *relative)
{
	u32 mode = modrm[0] >> 6, base = modrm[0] & 7, size = 1;

	if (mode == 3)
		return 0;
	*relative = mode == 0 && base == 5;
	if (base == 4)
		base = modrm[size++] & 7;
	if (mode == 1)
		return size + 1;
	return size + (mode == 2 || (mode == 0 && base == 5) ? 4 : 0);
}

/*
 * True where exactly these bytes are one instruction that sets a register but rax from another, a
 * constant, or an address: it can't fault, and does the same in the stub.
 */
static bool middle_is_movable(const u8 *bytes, u32 size, bool *relative)
{
	u8 rex = (bytes[0] & 0xf0) == 0x40 ? bytes[0] : 0;
	const u8 *opcode = bytes + (rex != 0), *modrm = opcode + 1;
	u32 prefix = rex != 0, to = (modrm[0] & 7) | (rex & 1) << 3,
	    reg = (modrm[0] >> 3 & 7) | (rex & 4) << 1;

	*relative = false;
	if (*opcode >= 0xb8 && *opcode <= 0xbf)			/* mov $constant */
		return size == prefix + 5 && !(rex & 8) && ((*opcode & 7) | (rex & 1) << 3) != 0;
	if (*opcode == 0x8d)					/* lea */
		return reg != 0 && size == prefix + 1 + memory_operand_size(modrm, relative);
	/* xor, mov: to the second operand */
	if (*opcode == 0x31 || *opcode == 0x89)
		return size == prefix + 2 && modrm[0] >> 6 == 3 && to != 0;
	if (*opcode == 0x33 || *opcode == 0x8b)			/* the same to the first */
		return size == prefix + 2 && modrm[0] >> 6 == 3 && reg != 0;
	return false;
}

bool site_middle_move(u8 *to, const struct site_view *view, u64 site, u64 end_address)
{
	const u8 *bytes = view->code + SITE_BEFORE - view->middle;
	s64 displacement;
	bool relative;

	memcpy(to, bytes, view->middle);
	if (!middle_is_movable(bytes, view->middle, &relative) || !relative)
		return true;
	displacement = *(s32 *)(bytes + view->middle - 4) + (s64)(site - end_address);
	*(s32 *)(to + view->middle - 4) = (s32)displacement;
	return displacement == (s32)displacement;
}

/* ---- Patterns ---- */

/* Behind a REX prefix it would be another register's mov. */
static bool is_mov_eax(const u8 *code, u64 number)
{
	return code[0] == 0xb8 && *(u32 *)(code + 1) == number && (code[-1] & 0xf0) != 0x40;
}

enum pattern site_pattern(struct site_view *view, u64 number)
{
	const u8 *site = view->code + SITE_BEFORE;
	bool relative;

	view->middle = 0;
	if (site[0] != 0x0f || site[1] != 0x05 || number == NUMBER_RT_SIGRETURN)
		return PATTERN_NONE;
	if (is_mov_eax(site - 5, number))
		return PATTERN_MOV;
	if (site[-7] == 0x48 && site[-6] == 0xc7 && site[-5] == 0xc0 &&
	    *(u32 *)(site - 4) == number)
		return PATTERN_MOV_LONG;
	for (u32 size = 2; size <= MIDDLE_MAX; size++) {
		if (!is_mov_eax(site - size - 5, number) ||
		    !middle_is_movable(site - size, size, &relative))
			continue;
		view->middle = size;
		return PATTERN_MOV_MIDDLE;
	}
	return site_is_compare(site + 2) ? PATTERN_COMPARE : PATTERN_NONE;
}

u32 site_start(const struct site_view *view, enum pattern pattern)
{
	switch (pattern) {
	case PATTERN_MOV:
	case PATTERN_MOV_MIDDLE:
		return 5 + view->middle;
	case PATTERN_MOV_LONG:
		return 7;
	default:
		return 0;
	}
}
