/* SPDX-License-Identifier: MIT */
/*
 * Memory policies, as on a machine with one node: a thread's is kept for who asks, and all memory
 * is where it says. Where the host's pages lie is the host's to choose. No locks: only a thread
 * itself changes its policy.
 */
#include <linux/mempolicy.h>

#include "boundary/layout.h"
#include "memory/mm.h"
#include "memory/usercopy.h"
#include "process/process.h"
#include "syscalls.h"

#define NODES		1ul	/* the set of nodes that there are */
#define MODE_MANY	5u	/* MPOL_PREFERRED_MANY, in newer headers */
#define BITS_MAX	(PAGE_SIZE * 8)

/* The set of nodes that a program gives: the highest bit that counts is maxnode - 2. */
static int nodes_read(uptr from, u64 maxnode, u64 *nodes)
{
	u64 word;

	*nodes = 0;
	if (!from || maxnode < 2)
		return 0;
	if (--maxnode > BITS_MAX)
		return -EINVAL;
	for (u64 bit = 0; bit < maxnode; bit += 64) {
		if (get_user(word, from + bit / 8))
			return -EFAULT;
		if (maxnode - bit < 64)
			word &= (1ul << (maxnode - bit)) - 1;
		if (bit && word)
			return -EINVAL;
		*nodes |= word;
	}
	return 0;
}

static int nodes_write(uptr to, u64 maxnode, u64 nodes)
{
	for (u64 bit = 0; bit < maxnode; bit += 64) {
		if (put_user(nodes, to + bit / 8))
			return -EFAULT;
		nodes = 0;
	}
	return 0;
}

/* What Linux makes of a mode and nodes: the policy in *mode and *nodes, or -EINVAL. */
static int policy_check(u32 *mode, u64 *nodes)
{
	u32 flags = *mode & MPOL_MODE_FLAGS;

	*mode &= ~(u32)MPOL_MODE_FLAGS;
	if (*mode > MODE_MANY ||
	    (flags & MPOL_F_STATIC_NODES && flags & MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	switch (*mode) {
	case MPOL_DEFAULT:
		return *nodes ? -EINVAL : 0;
	case MPOL_LOCAL:
		return *nodes || flags ? -EINVAL : 0;
	case MPOL_PREFERRED:
		if (!*nodes) {
			*mode = MPOL_LOCAL;
			return flags ? -EINVAL : 0;
		}
		break;
	}
	*nodes &= NODES;
	*mode |= flags;
	return *nodes ? 0 : -EINVAL;
}

long sys_set_mempolicy(int mode_argument, uptr mask, u64 maxnode)
{
	u32 mode = (u32)mode_argument;
	u64 nodes;
	int error = nodes_read(mask, maxnode, &nodes);

	if (!error)
		error = policy_check(&mode, &nodes);
	if (error)
		return error;
	thread_current()->memory_policy = mode;
	return 0;
}

long sys_mbind(uptr start, size_t size, int mode_argument, uptr mask, u64 maxnode, u64 flags)
{
	u32 mode = (u32)mode_argument;
	u64 nodes, end;
	int error = nodes_read(mask, maxnode, &nodes);

	if (error)
		return error;
	if (flags & ~(u64)MPOL_MF_VALID)
		return -EINVAL;
	if (flags & MPOL_MF_MOVE_ALL)
		return -EPERM;
	if (start % PAGE_SIZE)
		return -EINVAL;
	end = start + ROUND_UP(size, PAGE_SIZE);
	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	error = policy_check(&mode, &nodes);
	if (!error && !mm_range_is_mapped(process_current()->mm, start, end))
		error = -EFAULT;
	return error;
}

/* MPOL_F_ADDR: of the memory at an address, and with MPOL_F_NODE where that is. */
static long policy_of_address(uptr address, u64 flags, u32 *policy)
{
	address = ROUND_DOWN(address, PAGE_SIZE);
	if (!mm_range_is_mapped(process_current()->mm, address, address + PAGE_SIZE))
		return -EFAULT;
	*policy = flags & MPOL_F_NODE ? 0 : thread_current()->memory_policy;
	return 0;
}

long sys_get_mempolicy(uptr mode, uptr mask, u64 maxnode, uptr address, u64 flags)
{
	u32 policy = thread_current()->memory_policy;
	long error = 0;

	if (flags & ~(u64)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if (mask && !maxnode)
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		if (flags & (MPOL_F_NODE | MPOL_F_ADDR))
			return -EINVAL;
		policy = 0;
	} else if (flags & MPOL_F_ADDR) {
		error = policy_of_address(address, flags, &policy);
	} else if (address) {
		return -EINVAL;
	} else if (flags & MPOL_F_NODE) {
		/* Only the next node of those that take turns can be asked for. */
		if ((policy & ~(u32)MPOL_MODE_FLAGS) != MPOL_INTERLEAVE)
			return -EINVAL;
		policy = 0;
	}
	if (error)
		return error;
	if (mode && put_user(policy, mode))
		return -EFAULT;
	if (!mask)
		return 0;
	return nodes_write(mask, maxnode,
			   flags & MPOL_F_MEMS_ALLOWED ||
					   (policy & ~(u32)MPOL_MODE_FLAGS) != MPOL_DEFAULT
				   ? NODES
				   : 0);
}
