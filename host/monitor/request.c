/* SPDX-License-Identifier: MIT */
/*
 * Requests of a domain; see request.h. Decoding checks everything and refuses with a reason of its own;
 * only then something is done. Used by the monitor's main thread alone: no locks.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/place.h"
#include "host/monitor/request.h"

/* A request as received: our own copy, which the domain can't change any more. */
struct message {
	union {
		struct request request;
		char bytes[sizeof(struct request) + REQUEST_DATA_MAX];
	};
	char end;			/* NUL: data is a string for every operation */
};

int request_bad(struct error *err, const char *why)
{
	return error_set(err, 0, "the domain sent a bad request (%s) and was ended", why);
}

/* Receive without blocking. Returns bytes, 0 at end of file, -EAGAIN, or another -errno. */
static ssize_t receive(int socket, struct message *message)
{
	ssize_t size;

	/* A reset, where the domain did not read all replies, is told before what it said. */
	do {
		size = recv(socket, message->bytes, sizeof(message->bytes),
			    MSG_DONTWAIT | MSG_TRUNC);
	} while (size < 0 && errno == ECONNRESET);
	return size < 0 ? -errno : size;
}

static int check_frame(struct message *message, size_t size, struct error *err)
{
	struct request *request = &message->request;

	if (size > sizeof(message->bytes))
		return request_bad(err, "too long");
	if (size < sizeof(*request) || request->data_size != size - sizeof(*request))
		return request_bad(err, "its size is wrong");
	message->bytes[size] = '\0';
	/* One NUL at the end of a path is welcome. */
	if ((request->op == REQ_WALK || request->op == REQ_LIST) && request->data_size &&
	    !request->data[request->data_size - 1])
		request->data_size--;
	return 0;
}

/* The data is one proper path. */
static int check_path(const struct request *request, struct error *err)
{
	if (strlen(request->data) != request->data_size)
		return request_bad(err, "a NUL within a path");
	if (!lower_path_is_proper(request->data))
		return request_bad(err, "an improper path");
	return 0;
}

static int serve_walk(const struct lower *lower, const struct request *request,
		      struct answer *answer, int32_t *result, struct error *err)
{
	if (request->flags & ~REQUEST_OPEN_LAST)
		return request_bad(err, "unknown flags");
	if (check_path(request, err))
		return -EINVAL;
	*result = lower_walk(lower, request->data, request->count,
			     request->flags & REQUEST_OPEN_LAST, answer);
	return *result == -EINVAL ? request_bad(err, "more components skipped than there are") : 0;
}

static int serve_list(const struct lower *lower, const struct request *request,
		      struct answer *answer, int32_t *result, struct error *err)
{
	if (check_path(request, err))
		return -EINVAL;
	*result = lower_list(lower, request->data, request->offset, answer);
	return 0;
}

static int serve_open(const struct lower *lower, const struct request *request,
		      struct answer *answer, int32_t *result, struct error *err)
{
	int32_t results[REQUEST_OPEN_MAX];
	size_t at = 0;

	if (!request->count || request->count > REQUEST_OPEN_MAX)
		return request_bad(err, "a wrong number of paths");
	for (uint32_t i = 0; i < request->count; i++) {
		const char *path = request->data + at;

		if (at >= request->data_size)
			return request_bad(err, "fewer paths than promised");
		if (!lower_path_is_proper(path))
			return request_bad(err, "an improper path");
		results[i] = lower_open_file(lower, path, answer);
		at += strlen(path) + 1;
	}
	if (at != request->data_size)
		return request_bad(err, "more bytes than paths");
	answer->count = request->count;
	answer->used = request->count * sizeof(results[0]);
	memcpy(answer->area, results, answer->used);
	*result = 0;
	return 0;
}

static int serve_xattr(const struct lower *lower, const struct request *request,
		       struct answer *answer, int32_t *result, struct error *err)
{
	const char *name = request->data + strlen(request->data) + 1;

	if ((size_t)(name - request->data) > request->data_size || !*name ||
	    !lower_path_is_proper(request->data))
		return request_bad(err, "an improper path or attribute name");
	*result = lower_xattr(lower, request->data, name, answer);
	return 0;
}

/* The console that a request names, where it is not the first. NULL: none that it may name. */
static struct console_slot *find_console(struct service *service, const struct request *request,
					 struct error *err)
{
	struct console_slot *slot = console_of_domain(&service->consoles, request->count);

	if (!slot)
		request_bad(err, "a console that runs no program");
	return slot;
}

static int serve_terminal(struct service *service, const struct request *request,
			  int32_t *result, struct error *err)
{
	struct terminal_keeper *terminal = &service->terminal;
	struct console_slot *slot;
	struct terminal_modes modes;

	if (request->count != CONSOLE_FIRST) {
		slot = find_console(service, request, err);
		if (!slot)
			return -EINVAL;
		terminal = &slot->terminal;
	}
	if (request->data_size != sizeof(modes) || request->flags & ~TERMINAL_FLUSH_INPUT)
		return request_bad(err, "improper terminal modes");
	memcpy(&modes, request->data, sizeof(modes));
	*result = terminal_set(terminal, &modes, request->flags & TERMINAL_FLUSH_INPUT);
	return 0;
}

/*
 * The first one's the monitor itself answers for. It stops for a user's shell that is to have its
 * terminal back; where there is none nobody would let it go on.
 */
static int serve_stopped(struct service *service, const struct request *request, struct error *err)
{
	struct console_slot *slot;

	if (request->count == CONSOLE_FIRST) {
		if (service->terminal.fd < 0)
			return request_bad(err, "a stop without a terminal");
		input_settle(&service->input, request->offset);
		return 0;
	}
	slot = find_console(service, request, err);
	if (!slot)
		return -EINVAL;
	console_stopped(&service->consoles, slot);
	return 0;
}

static int serve_console_exit(struct service *service, const struct request *request,
			      struct error *err)
{
	struct console_slot *slot = find_console(service, request, err);

	if (!slot)
		return -EINVAL;
	console_exit(&service->consoles, slot, request->status);
	return 0;
}

/* The one file that is granted whatever the domain's ground is: its name is ours, not a domain's. */
static int serve_program(const struct request *request, struct answer *answer, int32_t *result,
			 struct error *err)
{
	char path[PLACE_SIZE];
	struct error why;
	int fd;

	if (request->data_size || request->count || request->flags)
		return request_bad(err, "words beside the wish for a program");
	fd = place_open_installed("mezzo-receive", "the receiver of files", path, &why);
	*result = fd < 0 ? fd : 0;
	if (fd >= 0)
		answer->handles[answer->handle_count++] = fd;
	return 0;
}

static int serve_process(struct process_finder *processes, const struct request *request,
			 struct answer *answer, int32_t *result, struct error *err)
{
	struct process_memory memory;

	if (request->data_size)
		return request_bad(err, "words beside the id of a process");
	*result = process_memory_read(processes, request->count, &memory);
	if (*result)
		return 0;
	memcpy(answer->area, &memory, sizeof(memory));
	answer->used = sizeof(memory);
	return 0;
}

static int serve_process_areas(struct process_finder *processes, const struct request *request,
			       struct answer *answer, int32_t *result, struct error *err)
{
	if (request->data_size)
		return request_bad(err, "words beside the id of a process");
	*result = process_areas_read(processes, request->count, request->offset, answer);
	return 0;
}

/* Of a domain whose ground is a directory of the host. */
static int serve_lower(const struct lower *lower, const struct request *request,
		       struct answer *answer, int32_t *result, struct error *err)
{
	if (lower->root < 0)
		return request_bad(err, "a path, and there is no lower tree");
	switch (request->op) {
	case REQ_WALK:
		return serve_walk(lower, request, answer, result, err);
	case REQ_LIST:
		return serve_list(lower, request, answer, result, err);
	case REQ_OPEN:
		return serve_open(lower, request, answer, result, err);
	default:
		return serve_xattr(lower, request, answer, result, err);
	}
}

static int serve(struct service *service, const struct request *request, struct answer *answer,
		 int32_t *result, struct error *err)
{
	switch (request->op) {
	case REQ_WALK:
	case REQ_LIST:
	case REQ_OPEN:
	case REQ_XATTR:
		return serve_lower(&service->lower, request, answer, result, err);
	case REQ_OBJECTS:
	case REQ_OBJECT_CREATE:
	case REQ_OBJECT_ALLOCATE:
	case REQ_OBJECT_DELETE:
	case REQ_OBJECT_LIST:
	case REQ_OBJECT_SYNC:
	case REQ_OVERLAY_GROW:
	case REQ_DISK_TAKE:
	case REQ_DISK_TELL:
		return objects_serve(service->objects, request, answer, result, err);
	case REQ_VOLUME:
		return volumes_serve(&service->volumes, request, answer, result, err);
	case REQ_TERMINAL:
		return serve_terminal(service, request, result, err);
	case REQ_STOPPED:
		return serve_stopped(service, request, err);
	case REQ_CONSOLE_EXIT:
		return serve_console_exit(service, request, err);
	case REQ_PROCESS:
		return serve_process(&service->processes, request, answer, result, err);
	case REQ_PROCESS_AREAS:
		return serve_process_areas(&service->processes, request, answer, result, err);
	case REQ_PROGRAM:
		return serve_program(request, answer, result, err);
	case REQ_INPUT:
		*result = input_grant(&service->input, &service->lower, answer);
		return 0;
	}
	return request_bad(err, "unknown operation");
}

/* A domain that does not take its replies has broken the rules too. */
static int send_reply(int socket, struct reply *reply, const struct answer *answer,
		      struct error *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * REQUEST_OPEN_MAX)];
	} control;
	struct iovec part = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	size_t handles_size = answer->handle_count * sizeof(int);

	if (handles_size) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(handles_size);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(handles_size);
		memcpy(CMSG_DATA(&control.header), answer->handles, handles_size);
	}
	if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*reply))
		return 0;
	/* The end of the domain is noticed elsewhere. */
	return errno == EPIPE || errno == ECONNRESET ? 0 : request_bad(err, "it does not take replies");
}

static enum request_result serve_and_answer(int socket, struct service *service,
					    const struct request *request, struct error *err)
{
	struct answer answer = { .area = service->channel->reply_area, .room = REPLY_AREA_SIZE };
	struct reply reply = { .sequence = request->sequence };
	int error = serve(service, request, &answer, &reply.error, err);

	reply.count = answer.count;
	reply.handles = answer.handle_count;
	reply.data_size = (uint32_t)answer.used;
	reply.offset = answer.offset;
	if (!error)
		error = send_reply(socket, &reply, &answer, err);
	for (unsigned int i = 0; i < answer.handle_count; i++)
		close(answer.handles[i]);
	if (error)
		return REQUEST_BAD;
	if (request->op == REQ_STOPPED && request->count == CONSOLE_FIRST)
		return REQUEST_STOPPED;
	return REQUEST_NONE;
}

/* Not answered. */
static enum request_result serve_started(struct service *service, const struct request *request,
					 struct error *err)
{
	struct console_slot *slot;

	if (request->count == CONSOLE_FIRST)
		return REQUEST_STARTED;
	slot = find_console(service, request, err);
	if (!slot)
		return REQUEST_BAD;
	console_started(&service->consoles, slot);
	return REQUEST_NONE;
}

enum request_result request_serve(int socket, struct service *service, int32_t *status,
				  struct error *err)
{
	struct message message;
	ssize_t size = receive(socket, &message);

	if (size == -EAGAIN || size == -EINTR)
		return REQUEST_NONE;
	if (size <= 0)
		return REQUEST_CLOSED;
	if (check_frame(&message, (size_t)size, err))
		return REQUEST_BAD;
	switch (message.request.op) {
	case REQ_STARTED:
		return serve_started(service, &message.request, err);
	case REQ_VOLUME_FORGET:
		return volumes_serve_forget(&service->volumes, &message.request, err) ?
			       REQUEST_BAD : REQUEST_NONE;
	case REQ_EXIT:
		input_settle(&service->input, message.request.offset);
		*status = message.request.status;
		return REQUEST_EXIT;
	case REQ_CRASH:
		return REQUEST_CRASH;
	case REQ_KILLED:
		return REQUEST_KILLED;
	}
	return serve_and_answer(socket, service, &message.request, err);
}
