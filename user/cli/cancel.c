// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl cancel */
#include "cli.h"
#include "job_call.h"

#define TIMEOUT_MS 10000

static const char help[] =
	"Stop jobs: what is in flight is finished, nothing more is started.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl cancel 7     7 as 'kcopyctl jobs' numbers it\n"
	"  kcopyctl cancel 7 8\n"
	"\n"
	"Options:\n"
	"  -h, --help   this text\n"
	"\n"
	"Waits 10 seconds for the I/O in flight of each; then the job goes on draining\n"
	"by itself. Exit: 0 they have ended (also if they had before), 4 there is no\n"
	"such job or it is somebody else's, 5 still draining.\n";

static int cancel(struct kcopy *kcopy, uint64_t job, void *context)
{
	(void)context;
	return kcopy_cancel(kcopy, job, TIMEOUT_MS);
}

int verb_cancel(int argc, char *argv[])
{
	return job_verb(argc, argv, help, "ended", cancel);
}
