/* SPDX-License-Identifier: MIT */
/*
 * `mezzo-image`: picks the verb. `mezzo image` and `mezzo store` run it under these names, and
 * `mezzo` under its own for verbs of its own that need it: then it fails with mezzo's own status.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "host/base/fd.h"
#include "host/base/output.h"
#include "host/base/verb_hint.h"
#include "host/image/cli.h"
#include "host/image/interrupt.h"

#define STATUS_OF_MEZZO 125 /* EXIT_MEZZO_FAILED of boundary/abi.h */

static const char image_usage[] =
	"Usage: mezzo image VERB [options]\n"
	"\n"
	"Images: root file systems for domains, kept in the store, where equal files are kept "
	"once.\n"
	"\n"
	"  import NAME SOURCE         from a directory, a tar, a `docker save` archive, an OCI "
	"image layout\n"
	"  build-debian NAME [SUITE]  by debootstrap\n"
	"  ls                         list the images\n"
	"  show NAME                  tell about one: its config, its size, how much it shares "
	"with others\n"
	"  tag NAME NEW               give it a second name\n"
	"  export NAME [FILE]         as a tar or as an OCI image layout\n"
	"  commit DOMAIN NAME         make one of what a domain has made of its own\n"
	"  rm NAME...                 remove images, and what no other image needs\n"
	"\n"
	"      --store DIR            where the store is; else $MEZZO_STORE; else /var/lib/mezzo "
	"for root, and\n"
	"                             ~/.local/share/mezzo for others\n"
	"\n"
	"`mezzo image VERB --help` tells more, mezzo-image(1) all.\n";

static const char store_usage[] =
	"Usage: mezzo store VERB [options]\n"
	"\n"
	"The store, in which images and domains keep their files.\n"
	"\n"
	"  info                       tell how much is in it\n"
	"  fsck                       look for damage, and mend it with --repair\n"
	"  dedup                      make equal files of idle domains one\n"
	"  ls                         list its objects\n"
	"\n"
	"      --store DIR            where the store is, as with `mezzo image`\n"
	"\n"
	"`mezzo store VERB --help` tells more, mezzo-image(1) all.\n";

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct verb image_verbs[] = {
	{ "import", verb_import }, { "build-debian", verb_build_debian },
	{ "ls", verb_ls },	   { "show", verb_show },
	{ "rm", verb_rm },	   { "tag", verb_tag },
	{ "export", verb_export }, { "commit", verb_commit },
	{ "cp", verb_cp },	   { "send", verb_send },
	{ 0 },
};

static const struct verb store_verbs[] = {
	{ "info", verb_info },
	{ "fsck", verb_fsck },
	{ "dedup", verb_dedup },
	{ "ls", verb_objects },
	{ 0 },
};

static int run_verb(const struct verb *verbs, const char *text, int argc, char **argv)
{
	char hint[VERB_HINT_SIZE];
	const char *near = NULL;
	struct error err;

	if (argc < 2) {
		error_set(&err, 0, "no verb given: try `%s --help`", cli_program);
		return cli_fail(&err);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") || !strcmp(argv[1], "-h")) {
		fputs(text, stdout);
		return 0;
	}
	for (; verbs->name; verbs++) {
		if (!strcmp(argv[1], verbs->name))
			return verbs->run(argc - 1, argv + 1);
		if (verb_is_near(argv[1], verbs->name))
			near = verbs->name;
	}
	if (argv[1][0] == '-')
		error_set(&err, 0, "the verb comes first and %.60s behind it: try `%s --help`",
			  argv[1], cli_program);
	else
		error_set(&err, 0, "unknown verb '%.60s': %s", argv[1],
			  verb_hint(cli_program, argv[1], near, hint));
	return cli_fail(&err);
}

int main(int argc, char **argv)
{
	bool is_store = argc && !strcmp(argv[0], "mezzo store");
	struct error err;
	int status;

	if (is_store || (argc && (!strcmp(argv[0], "mezzo image") || !strcmp(argv[0], "mezzo")))) {
		cli_program = argv[0];
		cli_failed_status = STATUS_OF_MEZZO;
	}
	if (fd_secure_standard())
		return cli_failed_status;
	/* libarchive converts names by it. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* A reader that goes away or a file too large is an error of write(), and has a message. */
	cli_dies_of_pipe = signal(SIGPIPE, SIG_IGN) != SIG_IGN;
	signal(SIGXFSZ, SIG_IGN);
	status = is_store ? run_verb(store_verbs, store_usage, argc, argv) :
			    run_verb(image_verbs, image_usage, argc, argv);
	if (status)
		interrupt_die();
	/* Who has failed has said why. */
	return !status && output_flush(&err) ? cli_fail(&err) : status;
}
