/* SPDX-License-Identifier: MIT */
/* The launch of an image as bytes; see launch.h. No locks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/launch.h"

#define TEXT_MAX (1u << 20)

static size_t list_count(char **list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return count;
}

static size_t list_size(char **list)
{
	size_t size = 0;

	for (; *list; list++)
		size += strlen(*list) + 1;
	return size;
}

static char *text_add(char *to, const char *text)
{
	return stpcpy(to, text) + 1;
}

static char *list_add(char *to, char **list)
{
	for (; *list; list++)
		to = text_add(to, *list);
	return to;
}

int launch_encode(const struct image_launch *launch, char **data, size_t *size, struct error *err)
{
	size_t text_size = list_size(launch->entrypoint) + list_size(launch->cmd) +
			   list_size(launch->env) + strlen(launch->user) + 1 +
			   strlen(launch->workdir) + 1;
	struct launch_head head = { .entrypoint_count = (uint32_t)list_count(launch->entrypoint),
				    .cmd_count = (uint32_t)list_count(launch->cmd),
				    .env_count = (uint32_t)list_count(launch->env),
				    .text_size = (uint32_t)text_size };
	char *out, *to;

	if (text_size > TEXT_MAX)
		return error_set(err, E2BIG, "config: command and environment of %zu bytes",
				 text_size);
	out = malloc(sizeof(head) + text_size);
	if (!out)
		return error_set(err, ENOMEM, "config");
	memcpy(out, &head, sizeof(head));
	to = list_add(out + sizeof(head), launch->entrypoint);
	to = list_add(to, launch->cmd);
	to = list_add(to, launch->env);
	to = text_add(to, launch->user);
	text_add(to, launch->workdir);
	*data = out;
	*size = sizeof(head) + text_size;
	return 0;
}

static int damaged(struct error *err)
{
	return error_set(err, EUCLEAN, "what the image's record says of its start is damaged");
}

static size_t count_ends(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += !text[i];
	return count;
}

/* Fills a list from strings that are known to be there; returns where the next ones begin. */
static char *list_fill(char ***slot, char ***list, uint32_t count, char *text)
{
	*list = *slot;
	for (uint32_t i = 0; i < count; i++) {
		*(*slot)++ = text;
		text += strlen(text) + 1;
	}
	*(*slot)++ = NULL;
	return text;
}

/* head fits the text: as many strings as it says, and the last one ends. */
static int launch_fill(struct image_launch *launch, const struct launch_head *head,
		       const char *text, struct error *err)
{
	size_t strings = (size_t)head->entrypoint_count + head->cmd_count + head->env_count;
	size_t slots = strings + 3;
	char **slot = malloc(slots * sizeof(*slot) + head->text_size);
	char *at;

	if (!slot)
		return error_set(err, ENOMEM, "record of an image");
	launch->memory = slot;
	at = memcpy(slot + slots, text, head->text_size);
	at = list_fill(&slot, &launch->entrypoint, head->entrypoint_count, at);
	at = list_fill(&slot, &launch->cmd, head->cmd_count, at);
	launch->user = list_fill(&slot, &launch->env, head->env_count, at);
	launch->workdir = launch->user + strlen(launch->user) + 1;
	return 0;
}

int launch_decode(const void *data, size_t size, struct image_launch *launch, struct error *err)
{
	struct launch_head head = { .text_size = 2 };
	struct image_launch out = { 0 };
	const char *text = "\0";
	int result;

	if (size) {
		if (size < sizeof(head))
			return damaged(err);
		memcpy(&head, data, sizeof(head));
		text = (const char *)data + sizeof(head);
		if (head.text_size != size - sizeof(head) || head.text_size > TEXT_MAX ||
		    !head.text_size || text[head.text_size - 1] ||
		    count_ends(text, head.text_size) != 2ull + head.entrypoint_count +
								head.cmd_count + head.env_count)
			return damaged(err);
	}
	result = launch_fill(&out, &head, text, err);
	for (char **env = out.env; !result && *env; env++) {
		if ((*env)[0] == '=' || !strchr(*env, '='))
			result = damaged(err);
	}
	if (result)
		launch_release(&out);
	else
		*launch = out;
	return result;
}

void launch_release(struct image_launch *launch)
{
	free(launch->memory);
	*launch = (struct image_launch){ 0 };
}
