/* SPDX-License-Identifier: MIT */
/*
 * Requests about objects: checked and served; see boundary/abi.h. The monitor's main thread alone:
 * no locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "boundary/overlay.h"
#include "host/monitor/request.h"

/* The ids in a request's data are count, and not too many. */
static bool ids_are_whole(const struct request *request)
{
	return request->count && request->count <= REQUEST_OPEN_MAX &&
	       request->data_size == request->count * sizeof(uint64_t);
}

static uint64_t id_of(const struct request *request, uint32_t i)
{
	uint64_t id;

	memcpy(&id, request->data + i * sizeof(id), sizeof(id));
	return id;
}

static int serve_grant(const struct objects *objects, const struct request *request,
		       struct answer *answer, struct error *err)
{
	int32_t results[REQUEST_OPEN_MAX];

	if (!ids_are_whole(request))
		return request_bad(err, "a wrong number of objects");
	for (uint32_t i = 0; i < request->count; i++) {
		int fd = objects_grant(objects, id_of(request, i), &results[i]);

		if (fd < 0)
			results[i] = fd;
		else
			answer->handles[answer->handle_count++] = fd;
	}
	answer->count = request->count;
	answer->used = request->count * sizeof(results[0]);
	memcpy(answer->area, results, answer->used);
	return 0;
}

static int serve_create(struct objects *objects, const struct request *request,
			struct answer *answer, int32_t *result, struct error *err)
{
	uint64_t id;

	if (!request->count || request->count > REQUEST_OPEN_MAX)
		return request_bad(err, "a wrong number of objects");
	*result = quota_take(&objects->quota, objects, request->count * OWN_OBJECT_LEAST);
	while (!*result && answer->count < request->count) {
		int fd = own_objects_create(&objects->own, &id);

		/* Some are better than none. */
		if (fd < 0) {
			*result = answer->count ? 0 : fd;
			break;
		}
		answer->handles[answer->handle_count++] = fd;
		memcpy(answer->area + answer->used, &id, sizeof(id));
		answer->used += sizeof(id);
		answer->count++;
	}
	return 0;
}

static int serve_delete(struct objects *objects, const struct request *request,
			struct error *err)
{
	if (!ids_are_whole(request))
		return request_bad(err, "a wrong number of objects");
	for (uint32_t i = 0; i < request->count; i++) {
		if (id_of(request, i) < OVERLAY_OWN_OBJECT)
			return request_bad(err, "an object that is not its own");
		objects_delete(objects, id_of(request, i));
	}
	return 0;
}

static int serve_list(const struct objects *objects, const struct request *request,
		      struct answer *answer, int32_t *result)
{
	uint64_t ids[1024], from = request->offset;
	int count = own_objects_list(&objects->own, &from, ids, sizeof(ids) / sizeof(ids[0]));

	if (count < 0) {
		*result = count;
		return 0;
	}
	answer->count = (uint32_t)count;
	answer->used = (size_t)count * sizeof(ids[0]);
	memcpy(answer->area, ids, answer->used);
	answer->offset = from;
	return 0;
}

static int serve_grow(struct objects *objects, const struct request *request,
		      struct answer *answer, int32_t *result, struct error *err)
{
	if (request->offset % OVERLAY_PAGE)
		return request_bad(err, "a part of a page");
	*result = request->count ? objects_fill_overlay(objects, request->offset,
							(uint64_t)request->count * OVERLAY_PAGE)
				 : objects_grow_overlay(objects, request->offset);
	answer->offset = objects->overlay_size;
	return 0;
}

/* Small numbers come from an honest layer, and no number does harm. */
static int serve_take(struct objects *objects, const struct request *request,
		      struct answer *answer, int32_t *result, struct error *err)
{
	uint64_t settled, more = 0;

	if (request->data_size != sizeof(settled))
		return request_bad(err, "disk of a wrong size");
	memcpy(&settled, request->data, sizeof(settled));
	quota_settle(&objects->quota, settled);
	/* Who wants nothing gives back what it has. */
	if (request->offset)
		*result = quota_lend(&objects->quota, objects, request->offset, &more);
	answer->offset = request->offset + more;
	return 0;
}

static int serve_allocate(struct objects *objects, const struct request *request, int32_t *result,
			  struct error *err)
{
	struct object_space space;

	if (request->data_size != sizeof(space))
		return request_bad(err, "space of a wrong size");
	memcpy(&space, request->data, sizeof(space));
	if (space.id < OVERLAY_OWN_OBJECT)
		return request_bad(err, "an object that is not its own");
	if (space.mode & ~(uint32_t)FALLOC_FL_KEEP_SIZE || !space.size ||
	    space.offset > INT64_MAX || space.size > INT64_MAX - space.offset)
		return request_bad(err, "space that no file has");
	*result = objects_allocate(objects, &space);
	return 0;
}

static int serve_tell(const struct objects *objects, struct answer *answer, int32_t *result)
{
	struct disk disk;

	*result = quota_tell(&objects->quota, objects, &disk.total, &disk.left);
	if (*result)
		return 0;
	memcpy(answer->area, &disk, sizeof(disk));
	answer->used = sizeof(disk);
	return 0;
}

int objects_serve(struct objects *objects, const struct request *request, struct answer *answer,
		  int32_t *result, struct error *err)
{
	*result = 0;
	if (!objects)
		return request_bad(err, "an object, and it has none");
	if (request->op == REQ_OBJECTS)
		return serve_grant(objects, request, answer, err);
	if (objects->overlay < 0)
		return request_bad(err, "an object of its own, and it can have none");
	if (request->flags & REQUEST_DISK_FREED)
		quota_may_have_room(&objects->quota);
	switch (request->op) {
	case REQ_OBJECT_CREATE:
		return serve_create(objects, request, answer, result, err);
	case REQ_OBJECT_DELETE:
		return serve_delete(objects, request, err);
	case REQ_OBJECT_LIST:
		return serve_list(objects, request, answer, result);
	case REQ_DISK_TAKE:
		return serve_take(objects, request, answer, result, err);
	case REQ_OBJECT_ALLOCATE:
		return serve_allocate(objects, request, result, err);
	case REQ_DISK_TELL:
		return serve_tell(objects, answer, result);
	case REQ_OBJECT_SYNC:
		*result = own_objects_sync(&objects->own);
		return 0;
	default:
		return serve_grow(objects, request, answer, result, err);
	}
}
