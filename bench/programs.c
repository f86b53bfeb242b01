/* SPDX-License-Identifier: MIT */
/*
 * Figures of everyday programs: a project is configured and made, trees are walked, interpreters
 * start. What they work on was made by the driver. As in commands.c they are started from inside
 * the domain. No locks.
 */
#include "bench.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A fresh copy of the tree that the driver prepared, as "project": the name under which it was
 * configured. It becomes the current directory, and the copy is on disk.
 */
static void project_enter(const char *prepared)
{
	char *remove[] = { "rm", "-rf", "project", NULL };
	char *copy[] = { "cp", "-a", (char *)prepared, "project", NULL };

	MUST(chdir(bench_directory) == 0);
	command_time_ns(remove, -1, -1);
	command_time_ns(copy, -1, -1);
	sync();
	MUST(chdir("project") == 0);
}

static void project_leave(const char *made, off_t size_min)
{
	char *remove[] = { "rm", "-rf", "project", NULL };
	struct stat status;

	MUST(stat(made, &status) == 0 && status.st_size >= size_min);
	MUST(chdir(bench_directory) == 0);
	command_time_ns(remove, -1, -1);
}

/* configure: some thousand short programs, most of them children of a shell. */
static double configure_run(void)
{
	char *configure[] = { "./configure", NULL };
	double taken_ns;

	project_enter("source");
	taken_ns = (double)command_time_ns(configure, -1, -1);
	project_leave("Makefile", 100000);
	return taken_ns;
}

/* make_project: all of the project, by two compilers at a time. */
static double make_project_run(void)
{
	char *make[] = { "make", "-j2", NULL };
	double taken_ns;

	project_enter("configured");
	taken_ns = (double)command_time_ns(make, -1, -1);
	project_leave("src/sort", 100000);
	return taken_ns;
}

static double program_measure(char **arguments)
{
	MUST(chdir(bench_directory) == 0);
	return measure(command_batch, arguments, UINT64_MAX / 2);
}

/* git_status: of a tree of 2,000 files in which nothing has changed. */
static double git_status_run(void)
{
	return program_measure((char *[]){ "git", "-C", "repository", "status", NULL });
}

/* find_tree: all names of a tree of 50,000 files. */
static double find_tree_run(void)
{
	return program_measure((char *[]){ "find", "tree", "-xdev", NULL });
}

/* python_imports: 20 modules, which bring some 200 more. */
static double python_imports_run(void)
{
	char imports[] = "import argparse, asyncio, base64, collections, csv, datetime, decimal, "
			 "email.message, hashlib, http.client, json, logging, pathlib, random, "
			 "shutil, sqlite3, subprocess, tempfile, unittest, xml.etree.ElementTree";

	return program_measure((char *[]){ "/usr/bin/python3", "-c", imports, NULL });
}

static double node_hello_run(void)
{
	return program_measure((char *[]){ "node", "-e", "console.log('hello')", NULL });
}

/* java_hello: of a class that the driver has compiled. */
static double java_hello_run(void)
{
	return program_measure((char *[]){ "java", "-cp", ".", "Hello", NULL });
}

const struct figure program_figures[] = {
	{ "configure", configure_run },		  { "make_project", make_project_run },
	{ "git_status", git_status_run },	  { "find_tree", find_tree_run },
	{ "python_imports", python_imports_run }, { "node_hello", node_hello_run },
	{ "java_hello", java_hello_run },	  { 0 },
};
