// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/command_line.h"

static void says(const char *word, const char *expected)
{
	char *const argv[] = { (char *)"copy", (char *)word, NULL };
	char *line = command_line(argv, NULL), text[256];

	snprintf(text, sizeof(text), "kcopyctl copy %s", expected);
	cr_expect_str_eq(line, text);
	free(line);
}

Test(command_line, plain_words_are_as_they_are)
{
	says("/dev/disk/by-id/ata-X_1:0-part2",
	     "/dev/disk/by-id/ata-X_1:0-part2");
	says("--map=/tmp/m", "--map=/tmp/m");
}

Test(command_line, what_a_shell_would_change_is_quoted)
{
	says("", "''");
	says("my disk", "'my disk'");
	says("$(reboot)", "'$(reboot)'");
	says("a*b", "'a*b'");
	says("~", "'~'");
	says("it's", "$'it\\'s'");
	says("two\nlines", "$'two\\012lines'");
	says("\033[2J", "$'\\033[2J'");
	says("back\\slash", "'back\\slash'");
	says("both'\\", "$'both\\'\\\\'");
}

/* The proof is in the shell. */
Test(command_line, a_shell_takes_it_as_it_was)
{
	static const char word[] = "a'b\\c\n\t$HOME \"q\" `x` \033";
	char *const argv[] = { (char *)"copy", (char *)word, NULL };
	char *line = command_line(argv, "--force=signature"), got[64];
	char command[512];
	FILE *shell;
	size_t len;

	snprintf(command, sizeof(command),
		 "bash -c 'eval \"set -- $LINE\"; printf %%s \"$4\"'");
	setenv("LINE", line, 1);
	shell = popen(command, "r");
	cr_assert_not_null(shell);
	len = fread(got, 1, sizeof(got) - 1, shell);
	got[len] = '\0';
	cr_assert_eq(pclose(shell), 0);
	cr_expect_str_eq(got, word, "%s", line);
	free(line);
}
