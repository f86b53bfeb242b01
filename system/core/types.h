/* SPDX-License-Identifier: MIT */
/*
 * Basic types and the few macros that the whole system layer uses.
 *
 * uptr is an address in a program's memory. It is an integer on purpose: the compiler then refuses
 * to dereference it, and all access goes through memory/usercopy.h.
 */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/errno.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef long ssize_t;
typedef long long loff_t;
typedef u64 uptr;		/* an address in program memory */

/* Results that never reach a program: the exit path turns them into a restart or EINTR. */
#define ERESTARTSYS	512	/* restart if the handler has SA_RESTART or there is no handler */
#define ERESTARTNOINTR	513	/* always restart */
#define ERESTARTNOHAND	514	/* restart only if no handler runs */

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))
#define MIN(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define MAX(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })

#define ROUND_UP(x, to)		(((x) + (to) - 1) & ~((__typeof__(x))(to) - 1))
#define ROUND_DOWN(x, to)	((x) & ~((__typeof__(x))(to) - 1))

/* Pointers that carry -errno instead of an address. */
#define ERROR_PTR(error)	((void *)(long)(error))
#define PTR_ERROR(pointer)	((long)(pointer))
#define IS_ERROR(pointer)	((unsigned long)(pointer) >= (unsigned long)-4095)

#define __packed	__attribute__((packed))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __noreturn	__attribute__((noreturn))
#define __must_check	__attribute__((warn_unused_result))

/* Shared memory is read and written by other threads at any time: say where that is meant. */
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_add(p, v)	__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)	__atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_or(p, v)		__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v)	__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_exchange(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_cas(p, old, new)                                                         \
	({                                                                              \
		__typeof__(*(p)) old_ = (old);                                          \
		__atomic_compare_exchange_n((p), &old_, (new), false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST);                          \
	})

/* A reference count: get needs a reference already held; put returns true for the last one. */
typedef struct { u32 count; } refcount;
static inline void refcount_init(refcount *r, u32 n) { r->count = n; }
static inline void refcount_get(refcount *r) { atomic_add(&r->count, 1); }
static inline bool refcount_put(refcount *r) { return atomic_sub(&r->count, 1) == 0; }

static inline void cpu_relax(void) { __builtin_ia32_pause(); }

#endif
