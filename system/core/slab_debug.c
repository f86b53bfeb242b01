/* SPDX-License-Identifier: MIT */
/* See slab_debug.h. Nothing in ordinary builds. */
#include "core/slab_debug.h"

#ifdef MEZZO_DEBUG

#include "boundary/layout.h"
#include "core/report.h"
#include "core/string.h"

#define POISON_FREE 0x6b
#define POISON_ZONE 0xfd

/* The last bytes of an object's place. */
struct tail {
	uptr caller;
	u32 size;
	u32 check;		/* ~size while in use */
};

static struct tail *tail_of(const char *object, u32 class_size)
{
	return (struct tail *)(object + class_size - sizeof(struct tail));
}

size_t padded_size(size_t size)
{
	size_t padded = size + sizeof(struct tail);

	return padded > SLAB_MAX ? padded : 1ul << (64 - __builtin_clzl(padded - 1));
}

void object_check_free(const char *object, u32 class_size)
{
	for (u32 i = 2; i < class_size; i++)
		if ((u8)object[i] != POISON_FREE)
			panic("heap: %p (class %u) was written at +%u after it was freed", object,
			      class_size, i);
}

void object_mark_used(char *object, u32 class_size, size_t size, const void *caller)
{
	memset(object + size, POISON_ZONE, class_size - sizeof(struct tail) - size);
	*tail_of(object, class_size) = (struct tail){
		.caller = (uptr)caller, .size = (u32)size, .check = ~(u32)size,
	};
}

static bool in_use(const char *object, u32 class_size)
{
	const struct tail *tail = tail_of(object, class_size);

	return tail->check == ~tail->size && tail->size <= class_size - sizeof(struct tail);
}

void object_mark_free(char *object, u32 class_size)
{
	u32 size = tail_of(object, class_size)->size;

	if (!in_use(object, class_size))
		panic("heap: %p (class %u) was freed twice or overrun", object, class_size);
	for (u32 i = size; i < class_size - sizeof(struct tail); i++)
		if ((u8)object[i] != POISON_ZONE)
			panic("heap: %p (%u bytes) was overrun at +%u", object, size, i);
	memset(object, POISON_FREE, class_size);
}

void objects_poison(char *page)
{
	memset(page, POISON_FREE, PAGE_SIZE);
}

void object_visit(const char *object, u32 class_size,
		  void (*visit)(size_t size, uptr caller, void *data), void *data)
{
	if (in_use(object, class_size))
		visit(tail_of(object, class_size)->size, tail_of(object, class_size)->caller, data);
}

#endif
