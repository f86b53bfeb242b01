/* SPDX-License-Identifier: MIT */
/* `mezzo help`, `mezzo help VERB`. */
#include <stdio.h>
#include <string.h>

#include "host/cli/cli.h"

static const char text[] =
"Mezzo runs unmodified Linux programs in domains: virtual environments that start like a process\n"
"and bring the operating system that they need with them.\n"
"\n"
"Usage: mezzo VERB [options]\n"
"\n"
"  do       run a command over a private view of your own root file system\n"
"  run      run a command over an image, or a root file system in a directory\n"
"  image    import, list, export and remove images, which domains start from\n"
"  store    tell about the store where images are, check and mend it\n"
"  volume   make, list and remove volumes: directories that domains share\n"
"  inspect  show what this host offers and what domains may ask of it, or all about a domain\n"
"\n"
"Domains that last (run with --name or -d makes them, too):\n"
"\n"
"  create   make one            start    run it            attach   be there while it runs\n"
"  stop     end it              kill     send a signal     wait     for its end\n"
"  ps       those that run      ls       all               logs     what it printed\n"
"  rm       remove it           rename   name it anew      exec     run a command in it\n"
"  diff     what it changed     cp       files out, in     commit   an image of it\n"
"  stats    what they use\n"
"\n"
"  version  print the version\n"
"  help     this text, or that of a VERB\n"
"\n"
"`mezzo VERB --help` tells more, mezzo(1) all. To begin: mezzo do -- bash\n";

int verb_help(int argc, char **argv)
{
	char *of_verb[] = { argv[1], "--help", NULL };
	char *of_inner[] = { argv[1], argv[1] ? argv[2] : NULL, "--help", NULL };

	if (argc < 2 || !strcmp(argv[1], "help")) {
		fputs(text, stdout);
		return 0;
	}
	/* Their verbs have texts of their own. */
	if (argc > 2 && (!strcmp(argv[1], "image") || !strcmp(argv[1], "store")))
		return cli_run_verb(3, of_inner);
	return cli_run_verb(2, of_verb);
}
