// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl jobs */
#include <json-c/json.h>
#include <stdio.h>
#include <libkcopy.h>
#include "cli.h"
#include "job_list.h"
#include "service.h"

static const char help[] =
	"List the jobs: those that run, and the last that have ended.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl jobs\n"
	"  kcopyctl jobs --json | jq '.jobs[] | select(.state == \"running\").job'\n"
	"\n"
	"Options:\n"
	"  -a, --all    every finished job that is remembered (256), not just 8\n"
	"  -J, --json   as JSON, with every job\n"
	"  -h, --help   this text\n"
	"\n"
	"Root sees everybody's jobs, others their own. DONE is how far the slowest\n"
	"destination is; of a job that is being verified, how much of it has been.\n";

static int print(struct kcopy *kcopy, bool all, bool json)
{
	struct json_object *document;

	if (!json) {
		job_list_print(kcopy, all);
		return EXIT_COMPLETE;
	}
	document = json_document();
	json_object_object_add(document, "jobs", job_list_json(kcopy));
	return json_print(document);
}

int verb_jobs(int argc, char *argv[])
{
	struct view_options view;
	struct kcopy *kcopy;
	int code;

	code = view_options(argc, argv, help, true, &view);
	if (code || view.helped)
		return code;
	code = no_operands(argc, argv);
	if (!code)
		code = open_service(&kcopy);
	if (code)
		return code;
	code = print(kcopy, view.all, view.json);
	kcopy_close(kcopy);
	return code;
}
