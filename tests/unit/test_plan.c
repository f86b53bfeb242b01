/* SPDX-License-Identifier: MIT */
/* Plans: what they take, what they refuse, and that each refusal names its cause. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/launch/plan.h"
#include "host/launch/user.h"
#include "tests/unit/unit.h"

static char *command[] = { "true", NULL };

static struct plan good_plan(void)
{
	struct plan plan;
	struct error err;

	assert_int_equal(plan_init_for_rootfs(&plan, "/", &err), 0);
	plan.hostname = "here";
	plan.argv = command;
	return plan;
}

static void test_rootfs_defaults(void **state)
{
	struct plan plan = good_plan();
	struct error err;

	(void)state;
	assert_int_equal(plan.uid, 0);
	assert_string_equal(plan.cwd, "/");
	assert_non_null(strstr(strings_variable(&plan.environment, "PATH"), "/usr/bin"));
	assert_string_equal(strings_variable(&plan.environment, "HOME"), "/root");
	assert_int_equal(plan_check(&plan, &err), 0);
	plan_release(&plan);
}

static void test_caller_keeps_all(void **state)
{
	char *environment[] = { "A=1", "B=2", NULL };
	struct plan plan;
	struct error err;
	char *cwd = getcwd(NULL, 0);

	(void)state;
	assert_int_equal(plan_init_as_caller(&plan, environment, &err), 0);
	assert_string_equal(plan.cwd, cwd);
	assert_int_equal(plan.uid, geteuid());
	assert_int_equal(plan.environment.count, 2);
	assert_string_equal(plan.rootfs, "/");
	plan_release(&plan);
	free(cwd);
}

static void test_variables(void **state)
{
	struct plan plan = good_plan();
	struct error err;

	(void)state;
	setenv("OUTSIDE", "yes", 1);
	unsetenv("NOWHERE");
	assert_int_equal(plan_set_variable(&plan, strdup("PATH=/x"), &err), 0);
	assert_int_equal(plan_set_variable(&plan, "OUTSIDE", &err), 0);
	assert_int_equal(plan_set_variable(&plan, "NOWHERE", &err), 0);
	assert_int_equal(plan_set_variable(&plan, "EMPTY=", &err), 0);
	assert_string_equal(strings_variable(&plan.environment, "PATH"), "/x");
	assert_string_equal(strings_variable(&plan.environment, "OUTSIDE"), "yes");
	assert_null(strings_variable(&plan.environment, "NOWHERE"));
	assert_string_equal(strings_variable(&plan.environment, "EMPTY"), "");
	assert_int_not_equal(plan_set_variable(&plan, "=x", &err), 0);
	assert_int_not_equal(plan_set_variable(&plan, "", &err), 0);
	plan_release(&plan);
}

static void test_user(void **state)
{
	struct user user = { .uid = 7, .gid = 8, .group_count = 1, .groups = { 9 },
			     .home = "/srv" };
	struct plan plan = good_plan();
	struct error err;

	(void)state;
	assert_int_equal(plan_set_user(&plan, &user, &err), 0);
	assert_int_equal(plan.uid, 7);
	assert_int_equal(plan.gid, 8);
	assert_int_equal(plan.group_count, 1);
	assert_int_equal(plan.groups[0], 9);
	assert_string_equal(strings_variable(&plan.environment, "HOME"), "/srv");
	user.home[0] = '\0';
	assert_int_equal(plan_set_user(&plan, &user, &err), 0);
	assert_string_equal(strings_variable(&plan.environment, "HOME"), "/srv");
	plan_release(&plan);
}

static void refused(struct plan *plan, const char *cause)
{
	struct error err;

	assert_int_not_equal(plan_check(plan, &err), 0);
	assert_non_null(strstr(err.text, cause));
}

static void test_refusals(void **state)
{
	struct plan plan = good_plan();
	char *nothing[] = { NULL };
	char *huge[] = { malloc(CONFIG_TEXT_MAX + 1), NULL };

	(void)state;
	plan.argv = nothing;
	refused(&plan, "no command");
	plan.argv = command;
	plan.rootfs = "/no/such/directory";
	refused(&plan, "/no/such/directory: No such file");
	plan.rootfs = "/etc/passwd";
	refused(&plan, "/etc/passwd: Not a directory");
	plan.rootfs = "/";
	plan.hostname = "";
	refused(&plan, "--hostname");
	plan.hostname = "here";
	strcpy(plan.cwd, "x");
	refused(&plan, "--workdir x");
	strcpy(plan.cwd, "/");
	memset(huge[0], 'x', CONFIG_TEXT_MAX);
	huge[0][CONFIG_TEXT_MAX] = '\0';
	plan.argv = huge;
	refused(&plan, "arguments and environment");
	free(huge[0]);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rootfs_defaults),
		cmocka_unit_test(test_caller_keeps_all),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
