// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl resume */
#include "cli.h"
#include "job_call.h"

static const char help[] =
	"Let paused jobs go on.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl resume 7     7 as 'kcopyctl jobs' numbers it\n"
	"\n"
	"Options:\n"
	"  -h, --help   this text\n"
	"\n"
	"Exit: 0 done (also if the job was not paused, or has ended), 4 there is no\n"
	"such job or it is somebody else's.\n";

static int resume(struct kcopy *kcopy, uint64_t job, void *context)
{
	(void)context;
	return kcopy_resume(kcopy, job);
}

int verb_resume(int argc, char *argv[])
{
	return job_verb(argc, argv, help, "goes on", resume);
}
