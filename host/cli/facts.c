/* SPDX-License-Identifier: MIT */
/* What is told of a domain; see facts.h. No locks. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/facts.h"
#include "host/cli/json.h"
#include "host/domain/control.h"
#include "host/monitor/output.h"

struct facts {
	const char *name, *state, *reason, *image, *rootfs, *workdir, *user, *hostname;
	const struct strings *command, *environment, *volumes;
	int64_t status, pid, disk, log_size, created_ns, started_ns, finished_ns;
	bool running, interactive, terminal, remove;
};

enum kind { KIND_TEXT, KIND_LIST, KIND_NUMBER, KIND_TIME, KIND_FLAG };

enum {
	ANY = 1 << DOMAIN_CREATED | 1 << DOMAIN_RUNNING | 1 << DOMAIN_EXITED | 1 << DOMAIN_KILLED,
	ENDED = 1 << DOMAIN_EXITED | 1 << DOMAIN_KILLED,
	RUNNING = 1 << DOMAIN_RUNNING,
	NEVER = 0,				/* of docker's alone */
};

#define FACT(name, docker, kind, member, states) \
	{ name, docker, kind, offsetof(struct facts, member), states }

/* In the order of the JSON object, which has a member in these states, where it is no NULL. */
static const struct fact {
	const char *name, *docker;
	enum kind kind;
	size_t offset;
	unsigned states;
} table[] = {
	FACT("name", "Name", KIND_TEXT, name, ANY),
	FACT("state", "State.Status", KIND_TEXT, state, ANY),
	FACT("running", "State.Running", KIND_FLAG, running, NEVER),
	FACT("status", "State.ExitCode", KIND_NUMBER, status, ENDED),
	FACT("reason", "State.Error", KIND_TEXT, reason, ENDED),
	FACT("pid", "State.Pid", KIND_NUMBER, pid, RUNNING),
	FACT("image", "Config.Image", KIND_TEXT, image, ANY),
	FACT("rootfs", "Rootfs", KIND_TEXT, rootfs, ANY),
	FACT("command", "Config.Cmd", KIND_LIST, command, ANY),
	FACT("environment", "Config.Env", KIND_LIST, environment, ANY),
	FACT("volumes", "HostConfig.Binds", KIND_LIST, volumes, ANY),
	FACT("workdir", "Config.WorkingDir", KIND_TEXT, workdir, ANY),
	FACT("user", "Config.User", KIND_TEXT, user, ANY),
	FACT("hostname", "Config.Hostname", KIND_TEXT, hostname, ANY),
	FACT("interactive", "Config.OpenStdin", KIND_FLAG, interactive, ANY),
	FACT("tty", "Config.Tty", KIND_FLAG, terminal, ANY),
	FACT("rm", "HostConfig.AutoRemove", KIND_FLAG, remove, ANY),
	FACT("disk", "Disk", KIND_NUMBER, disk, ANY),
	FACT("log_size", "LogSize", KIND_NUMBER, log_size, ANY),
	FACT("created", "Created", KIND_TIME, created_ns, ANY),
	FACT("started", "State.StartedAt", KIND_TIME, started_ns, ANY),
	FACT("finished", "State.FinishedAt", KIND_TIME, finished_ns, ANY),
};

#define COUNT (sizeof(table) / sizeof(table[0]))

/* The status as `mezzo wait` prints it. */
static struct facts facts_of(const struct folder *folder, const struct domain_record *record,
			     enum domain_state state)
{
	int64_t ended = state == DOMAIN_EXITED ? record->status :
			state == DOMAIN_KILLED ? 128 + SIGKILL : 0;

	return (struct facts){
		.name = folder->name, .state = domain_state_name(state), .image = record->image,
		.rootfs = record->rootfs, .workdir = record->workdir,
		.user = record->user ? record->user : "0", .hostname = record->hostname,
		.command = &record->arguments, .environment = &record->environment,
		.volumes = &record->volumes, .status = ended,
		.pid = state == DOMAIN_RUNNING ? control_monitor(folder) : 0,
		.reason = state == DOMAIN_EXITED && record->reason == REASON_DISK_LIMIT ?
				  "disk limit passed" : NULL,
		.disk = record->disk_limit,
		.log_size = record->log_size ? record->log_size : (int64_t)OUTPUT_SIZE_USUAL,
		.created_ns = record->created_ns,
		.started_ns = record->started_ns, .finished_ns = record->finished_ns,
		.running = state == DOMAIN_RUNNING, .interactive = record->interactive,
		.terminal = record->terminal, .remove = record->remove,
	};
}

static const void *fact_at(const struct facts *facts, const struct fact *fact)
{
	return (const char *)facts + fact->offset;
}

/* ---- JSON ---- */

static void print_list(const struct strings *list)
{
	putchar('[');
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			putchar(',');
		json_print_text(list->items[i]);
	}
	putchar(']');
}

static void print_json(const struct facts *facts, const struct fact *fact)
{
	const void *at = fact_at(facts, fact);

	switch (fact->kind) {
	case KIND_TEXT:
		json_print_text(*(const char *const *)at);
		break;
	case KIND_LIST:
		print_list(*(const struct strings *const *)at);
		break;
	case KIND_NUMBER:
		printf("%lld", *(const long long *)at);
		break;
	case KIND_TIME:
		json_print_time(*(const int64_t *)at);
		break;
	case KIND_FLAG:
		fputs(*(const bool *)at ? "true" : "false", stdout);
	}
}

void facts_print_json(const struct folder *folder, const struct domain_record *record,
		      enum domain_state state)
{
	struct facts facts = facts_of(folder, record, state);
	bool first = true;

	putchar('{');
	for (const struct fact *fact = table; fact < table + COUNT; fact++) {
		if (!(fact->states & 1u << state) ||
		    (fact->kind == KIND_TEXT && !*(const char *const *)fact_at(&facts, fact)))
			continue;
		json_print_name(fact->name, first);
		print_json(&facts, fact);
		first = false;
	}
	putchar('}');
}

/* ---- Formats ---- */

/* As a Go template would, whose lists are [a b]. */
static void print_plain(const struct facts *facts, const struct fact *fact)
{
	const void *at = fact_at(facts, fact);
	const struct strings *list;

	if (fact->kind == KIND_TEXT) {
		fputs(*(const char *const *)at ? *(const char *const *)at : "", stdout);
	} else if (fact->kind == KIND_LIST) {
		list = *(const struct strings *const *)at;
		putchar('[');
		for (size_t i = 0; i < list->count; i++)
			printf(i ? " %s" : "%s", list->items[i]);
		putchar(']');
	} else if (fact->kind == KIND_TIME) {
		time_print_plain(*(const int64_t *)at);
	} else {
		print_json(facts, fact);
	}
}

/* What is within {{ and }}: "json" and a name behind a dot; blanks do not matter. */
static const struct fact *parse(const char *text, size_t size, bool *json)
{
	char words[2][80] = { "", "" }, copy[160];
	const char *name;
	int count;

	if (size >= sizeof(copy))
		return NULL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	count = sscanf(copy, "%79s %79s", words[0], words[1]);
	*json = count == 2;
	if (count < 1 || (*json && strcmp(words[0], "json")))
		return NULL;
	name = words[*json];
	for (const struct fact *fact = table; fact < table + COUNT && name[0] == '.'; fact++) {
		if (!strcmp(name + 1, fact->name) || !strcmp(name + 1, fact->docker))
			return fact;
	}
	return NULL;
}

int facts_check_format(const char *format, struct error *err)
{
	const char *at = format, *end;
	bool json;

	while ((at = strstr(at, "{{"))) {
		end = strstr(at, "}}");
		if (!end)
			return error_set(err, 0, "--format: a {{ has no }} behind it");
		if (!parse(at + 2, (size_t)(end - at - 2), &json))
			return error_set(err, 0, "--format: %.*s is nothing that is known: want "
					 "{{.NAME}} or {{json .NAME}}, see `mezzo inspect --help`",
					 (int)(end + 2 - at < 80 ? end + 2 - at : 80), at);
		at = end + 2;
	}
	return 0;
}

/* Text between facts; docker takes \t and \n in it, too. */
static void print_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\\' && i + 1 < size && (text[i + 1] == 't' || text[i + 1] == 'n'))
			putchar(text[++i] == 't' ? '\t' : '\n');
		else
			putchar(text[i]);
	}
}

void facts_print_format(const char *format, const struct folder *folder,
			const struct domain_record *record, enum domain_state state)
{
	struct facts facts = facts_of(folder, record, state);
	const char *at = format, *begin, *end;
	const struct fact *fact;
	bool json;

	while ((begin = strstr(at, "{{"))) {
		end = strstr(begin, "}}");
		print_text(at, (size_t)(begin - at));
		fact = parse(begin + 2, (size_t)(end - begin - 2), &json);
		if (json)
			print_json(&facts, fact);
		else
			print_plain(&facts, fact);
		at = end + 2;
	}
	print_text(at, strlen(at));
	putchar('\n');
}
