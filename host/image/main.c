/* SPDX-License-Identifier: MIT */
/*
 * `mezzo-image`: picks the verb. `mezzo image` runs it as "mezzo image", and then it fails with
 * mezzo's own status.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "host/image/cli.h"

#define STATUS_OF_MEZZO 125 /* EXIT_MEZZO_FAILED of boundary/abi.h */

static const char usage[] =
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
	"  rm NAME...                 remove images, and what no other image needs\n"
	"\n"
	"      --store DIR            where the store is; else $MEZZO_STORE; else /var/lib/mezzo "
	"for root, and\n"
	"                             ~/.local/share/mezzo for others\n"
	"\n"
	"`mezzo image VERB --help` tells more, mezzo-image(1) all.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "import", verb_import }, { "build-debian", verb_build_debian },
	{ "ls", verb_ls },	   { "show", verb_show },
	{ "rm", verb_rm },	   { "tag", verb_tag },
	{ "export", verb_export },
};

static int run_verb(int argc, char **argv)
{
	struct error err;

	if (argc < 2) {
		error_set(&err, 0, "no verb given: try `%s --help`", cli_program);
		return cli_fail(&err);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") || !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	}
	error_set(&err, 0, "unknown verb '%.60s': try `%s --help`", argv[1], cli_program);
	return cli_fail(&err);
}

int main(int argc, char **argv)
{
	struct error err;
	int status;

	if (argc && !strcmp(argv[0], "mezzo image")) {
		cli_program = "mezzo image";
		cli_failed_status = STATUS_OF_MEZZO;
	}
	/* libarchive converts names by it. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* A reader that goes away or a file too large is an error of write(), and has a message. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	status = run_verb(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		error_set(&err, 0, "can't write to standard output");
		return cli_fail(&err);
	}
	return status;
}
