// SPDX-License-Identifier: GPL-2.0-or-later
/* --save: what would be run is known to be right, and will it be later? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "identity.h"
#include "job_file.h"
#include "job_save.h"
#include "text.h"
#include "textfile.h"

/* Whether it can be gone on with, when what is there is from us. */
static int check_identity(const struct plan_target *dest)
{
	char identity[IDENTITY_MAX];

	/* Of one that is not there yet it is found out when it is. */
	if ((dest->file && dest->is_new) ||
	    *identity_of(dest, identity, sizeof(identity)))
		return 0;
	complain(
		"%s: a job with --force=resume could not go on with it: %s, so that no map can name it; leave that out, and go on with --force=signature",
		dest->path, identity_wanted(dest));
	return EXIT_SAFETY;
}

static int check_identities(const struct plan *plan)
{
	unsigned int i;
	int code, first = 0;

	if (!(plan->options->force & FORCE_RESUME))
		return 0;
	for (i = 0; i < plan->nr_dests; i++) {
		code = check_identity(&plan->dests[i]);
		if (!first)
			first = code;
	}
	return first;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Links are somebody's who knows what they mean, and so are names of dm's. */
static bool is_kernel_name(const struct plan_target *target)
{
	return !strcmp(name_of(target->path), name_of(target->device->node));
}

static void warn_target(const struct plan *plan,
			const struct plan_target *target)
{
	if (target->file || !target->device || !is_kernel_name(target) ||
	    !strcmp(job_file_path(plan, target), target->device->by_id))
		return;
	if (*target->device->by_id)
		complain(
			"warning: %s is saved by that name, since its map is called by it, and after a restart it may be another disk: name it %s",
			target->path, target->device->by_id);
	else
		complain(
			"warning: %s has no link in /dev/disk/by-id and is saved by that name: after a restart it may be another disk",
			target->path);
}

static void warn(const struct plan *plan)
{
	unsigned int i;

	if (plan->options->source)
		warn_target(plan, &plan->source);
	for (i = 0; i < plan->nr_dests; i++)
		warn_target(plan, &plan->dests[i]);
}

static int save_text(const struct plan *plan, const char *text, size_t len)
{
	const struct copy_options *options = plan->options;
	int code;

	if (!access(options->save, F_OK)) {
		complain("%s is there already: name another file, or remove it",
			 options->save);
		return EXIT_SAFETY;
	}
	code = textfile_replace(options->save, text, len);
	if (code)
		return code;
	warn(plan);
	if (!options->display.quiet)
		fprintf(stderr, "kcopyctl: 'kcopyctl run %s' runs it\n",
			options->save);
	return 0;
}

static int no_memory(void)
{
	complain("there is not enough memory");
	return EXIT_ENVIRONMENT;
}

int job_save(const struct plan *plan)
{
	struct text text;
	FILE *file;
	int code = check_identities(plan);

	if (code)
		return code;
	file = text_open(&text);
	if (!file)
		return no_memory();
	code = job_file_print(plan->options, plan, file);
	/* What did not fit would be missing at its end. */
	if (text_close(file, &text))
		return code ? code : no_memory();
	if (!code)
		code = save_text(plan, text.data, text.len);
	free(text.data);
	return code;
}
