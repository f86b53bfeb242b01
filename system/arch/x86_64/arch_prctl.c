/* SPDX-License-Identifier: MIT */
/*
 * arch_prctl(2): the segment bases. GS base is the layer's own, which finds the thread by it: what
 * a program sets is remembered, and that is all. No locks.
 */
#include <asm/prctl.h>

#include "arch/x86_64/arch.h"
#include "memory/usercopy.h"
#include "syscalls.h"

long sys_arch_prctl(int operation, u64 address)
{
	switch (operation) {
	case ARCH_SET_FS:
		if (address >= USER_END)
			return -EPERM;
		fs_base_set(address);
		return 0;
	case ARCH_GET_FS:
		return put_user(fs_base_get(), address);
	case ARCH_GET_GS:
		return put_user(thread_current()->gs_base, address);
	case ARCH_SET_GS:
		if (address >= USER_END)
			return -EPERM;
		thread_current()->gs_base = address;
		return 0;
	default:
		return -EINVAL;
	}
}
