/* SPDX-License-Identifier: MIT */
/*
 * Filling a console; see program.h. No locks: a console belongs to who fills it until the domain is
 * told of it.
 */
#include <stddef.h>
#include <string.h>

#include "host/launch/program.h"

/* Copies strings one behind the other into the console's text. */
struct text_writer {
	char *text;
	uint32_t offset;		/* of text, from the start of the channel */
	uint32_t used;
};

/* Returns the string's offset. The sizes were checked before. */
static uint32_t text_add(struct text_writer *writer, const char *text)
{
	uint32_t offset = writer->offset + writer->used;
	size_t size = strlen(text) + 1;

	memcpy(writer->text + writer->used, text, size);
	writer->used += (uint32_t)size;
	return offset;
}

size_t program_text_size(const struct plan *plan)
{
	size_t size = strlen(plan->cwd) + strlen(plan->hostname) + strlen(plan->argv[0]) + 3;

	for (char **arg = plan->argv; *arg; arg++)
		size += strlen(*arg) + 1;
	for (size_t i = 0; i < plan->environment.count; i++)
		size += strlen(plan->environment.items[i]) + 1;
	for (size_t i = 0; i < plan->volume_count; i++)
		size += strlen(plan->volumes[i].path) + 1;
	return size;
}

/* What belongs to the domain, and not to one of its programs. */
static void fill_domain(struct config *config, struct text_writer *writer, const struct plan *plan)
{
	config->hostname_offset = text_add(writer, plan->hostname);
	config->volume_count = (uint32_t)plan->volume_count;
	for (size_t i = 0; i < plan->volume_count; i++) {
		const struct plan_volume *volume = &plan->volumes[i];

		config->volumes[i] = (struct volume_place){
			.flags = volume->read_only ? VOLUME_READ_ONLY : 0,
			.path_offset = text_add(writer, volume->path),
		};
	}
}

static void fill_text(struct channel *channel, uint32_t console, const struct plan *plan)
{
	struct program *program = &channel->consoles[console].program;
	struct text_writer writer = {
		.text = channel->text[console],
		.offset = (uint32_t)(offsetof(struct channel, text) + console * CONFIG_TEXT_MAX),
	};

	program->path_offset = text_add(&writer, plan->argv[0]);
	program->cwd_offset = text_add(&writer, plan->cwd);
	if (console == CONSOLE_FIRST)
		fill_domain(&channel->config, &writer, plan);
	program->argv_offset = writer.offset + writer.used;
	for (char **arg = plan->argv; *arg; arg++, program->argc++)
		text_add(&writer, *arg);
	program->envp_offset = writer.offset + writer.used;
	program->envc = (uint32_t)plan->environment.count;
	for (size_t i = 0; i < plan->environment.count; i++)
		text_add(&writer, plan->environment.items[i]);
}

static void fill_streams(struct channel *channel, uint32_t console, const struct plan *plan)
{
	struct console *to = &channel->consoles[console];

	memcpy(to->program.stream_flags, plan->stream_flags, sizeof(plan->stream_flags));
	for (uint32_t i = 0; i < STREAM_COUNT; i++)
		to->streams[i].data_offset = (uint32_t)(offsetof(struct channel, stream_data) +
							(console * STREAM_COUNT + i) * RING_SIZE);
}

void program_fill(struct channel *channel, uint32_t console, const struct plan *plan)
{
	struct program *program = &channel->consoles[console].program;

	memset(&channel->consoles[console], 0, sizeof(channel->consoles[console]));
	program->flags = plan->program_flags;
	program->uid = plan->uid;
	program->gid = plan->gid;
	program->group_count = (uint32_t)plan->group_count;
	memcpy(program->groups, plan->groups, plan->group_count * sizeof(plan->groups[0]));
	fill_streams(channel, console, plan);
	fill_text(channel, console, plan);
}
