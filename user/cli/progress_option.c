// SPDX-License-Identifier: GPL-2.0-or-later
/* --progress=HOW */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "display.h"

static int parse_fd(const char *text, struct display_options *options)
{
	uint64_t fd;
	int code = number_option("--progress=fd", text, 0, INT_MAX, &fd);

	if (code)
		return code;
	if (fcntl(fd, F_GETFD) < 0)
		return usage_error(
			"--progress=fd:%s: no such descriptor is open", text);
	options->mode = PROGRESS_JSON;
	options->fd = fd;
	return 0;
}

int progress_option(const char *text, struct display_options *options)
{
	static const struct word words[] = {
		{ "auto", PROGRESS_AUTO },     { "never", PROGRESS_NEVER },
		{ "always", PROGRESS_ALWAYS }, { "json", PROGRESS_JSON },
		{ "fd:N", PROGRESS_JSON },     {}
	};
	int mode, code;

	options->fd = STDERR_FILENO;
	if (!strncmp(text, "fd:", 3) && strcmp(text, "fd:N"))
		return parse_fd(text + 3, options);
	code = word_option("--progress", text, words, &mode);
	if (!code)
		options->mode = mode;
	return code;
}
