/* SPDX-License-Identifier: MIT */
/* What run and create are told about a domain, and the record that becomes of it. */
#ifndef HOST_CLI_SETTINGS_H
#define HOST_CLI_SETTINGS_H

#include "host/cli/cli.h"
#include "host/cli/image_launch.h"
#include "host/domain/record.h"

struct settings {
	struct plan plan;
	const char *name;		/* of a lasting domain, or NULL */
	struct image_use use;		/* what the plan has of its image */
	bool interactive, terminal;	/* -i, -t */
	bool detach, remove;		/* -d, --rm */
	uint64_t log_size;		/* 0: the usual */
	char *owned[4];			/* paths that were made absolute */
	char *volumes[VOLUME_MAX];	/* as the record has them */
};

struct option;

#define SETTINGS_OPTIONS \
	CLI_COMMON_OPTIONS, \
	{ "rootfs", required_argument, NULL, OPTION_ROOTFS }, \
	{ "store", required_argument, NULL, OPTION_STORE }, \
	{ "user", required_argument, NULL, 'u' }, \
	{ "entrypoint", required_argument, NULL, OPTION_ENTRYPOINT }, \
	{ "disk", required_argument, NULL, OPTION_DISK }, \
	{ "log-size", required_argument, NULL, OPTION_LOG_SIZE }, \
	{ "tty", no_argument, NULL, 't' }, \
	{ "rm", no_argument, NULL, OPTION_REMOVE }
#define SETTINGS_LETTERS "e:w:u:v:it"

/* The help of those options, but for --help. */
#define SETTINGS_HELP \
"      --rootfs DIR       a directory as the root file system\n" \
"      --store DIR        where images and domains are; else $MEZZO_STORE, /var/lib/mezzo for\n" \
"                         root, or ~/.local/share/mezzo\n" \
"  -e, --env NAME=VALUE   set a variable; NAME alone takes your value\n" \
"  -w, --workdir DIR      start in DIR\n" \
"  -v, --volume SOURCE:PATH[:ro]\n" \
"                         share a directory (/... or ./...), or the store's volume of that\n" \
"                         name, at PATH; what is changed there is changed for all at once\n" \
"  -u, --user USER[:GROUP] start as this user, by number, or by name as /etc/passwd and\n" \
"                         /etc/group of the root file system have it\n" \
"      --entrypoint FILE  run FILE in place of the image's entrypoint, and not its command\n" \
"      --disk SIZE        what a lasting domain over an image keeps may take so much disk:\n" \
"                         500M, 2G\n" \
"      --hostname NAME    what the domain calls itself\n" \
"      --trace            print each system call of the programs to stderr\n" \
"      --trace-file FILE  the same, to FILE\n" \
"      --log-size SIZE    what is kept of what a lasting domain prints may take so much disk\n" \
"                         (16M; 1M at least): each line takes 40 bytes more than it has, and\n" \
"                         when SIZE is full the older half goes\n" \
"      --log-file FILE    the system layer's log goes to FILE instead of stderr\n" \
"      --verbose          log more: calls that are lacking, warnings\n" \
"      --layer FILE       use another system layer\n" \
"      --no-key           run without the wall between programs and their system layer\n"

/* A verb that makes a domain. */
struct settings_verb {
	const char *name, *usage;
	const char *letters;		/* with SETTINGS_LETTERS, as for getopt() */
	const struct option *options;
	/* What follows the options. Returns 0 or mezzo's exit status, and it has been said. */
	int (*take_words)(struct settings *settings, char **words);
	int (*work)(struct settings *settings);	/* returns the exit status */
};

/* Options, words, and then the work. Returns mezzo's exit status. */
int settings_run(const struct settings_verb *verb, int argc, char **argv);

/*
 * Take IMAGE, where no --rootfs was given, and the command behind it. Returns 0 or mezzo's exit
 * status, and it has been said.
 */
int settings_take_command(struct settings *settings, char **words, const char *verb);

/*
 * What is not said in the options, by the image or the directory: the plan is whole then. The
 * image is kept until settings_release(). Standard streams must be there. Returns 0 or -errno.
 */
int settings_complete(struct settings *settings, struct error *err);

/*
 * Make the domain that the settings tell, with settings->name, which may be NULL for a name that
 * is made here. On success folder_close() is due.
 */
int settings_create(struct settings *settings, const struct domains *domains,
		    struct folder *folder, struct error *err);

#endif
