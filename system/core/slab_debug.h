/* SPDX-License-Identifier: MIT */
/*
 * What debug builds add to each small object: behind its end a red zone, who allocated it, and the
 * size that was asked for; and poison where it is free. So overruns, double frees and writes after
 * a free are found when the object is next freed or allocated, and leaks have a name. Under the
 * class's lock.
 */
#ifndef CORE_SLAB_DEBUG_H
#define CORE_SLAB_DEBUG_H

#include "core/types.h"

#define SLAB_MAX 2048

#ifdef MEZZO_DEBUG

/* Bytes to allocate for size bytes; a power of two, so that alignment holds. */
size_t padded_size(size_t size);
void object_check_free(const char *object, u32 class_size);
void object_mark_used(char *object, u32 class_size, size_t size, const void *caller);
void object_mark_free(char *object, u32 class_size);
/* A page in which all objects are free. */
void objects_poison(char *page);
/* Calls visit if the object is in use. */
void object_visit(const char *object, u32 class_size,
		  void (*visit)(size_t size, uptr caller, void *data), void *data);

#else

static inline size_t padded_size(size_t size) { return size; }
static inline void object_check_free(const char *object, u32 class_size)
{
	(void)object; (void)class_size;
}
static inline void object_mark_used(char *object, u32 class_size, size_t size, const void *caller)
{
	(void)object; (void)class_size; (void)size; (void)caller;
}
static inline void object_mark_free(char *object, u32 class_size)
{
	(void)object; (void)class_size;
}
static inline void objects_poison(char *page) { (void)page; }
static inline void object_visit(const char *object, u32 class_size,
				void (*visit)(size_t size, uptr caller, void *data), void *data)
{
	(void)object; (void)class_size; (void)visit; (void)data;
}

#endif

#endif
