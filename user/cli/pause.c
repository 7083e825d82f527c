// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl pause */
#include "cli.h"
#include "job_call.h"

static const char help[] =
	"Let jobs start nothing more for now: what is in flight is finished.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl pause 7      7 as 'kcopyctl jobs' numbers it\n"
	"  kcopyctl resume 7     and it goes on\n"
	"\n"
	"Options:\n"
	"  -h, --help   this text\n"
	"\n"
	"Returns at once; 'kcopyctl jobs' says \"paused\" when nothing is in flight any\n"
	"more. Exit: 0 done (also if the job has ended), 4 there is no such job or it\n"
	"is somebody else's.\n";

static int pause_job(struct kcopy *kcopy, uint64_t job, void *context)
{
	(void)context;
	return kcopy_pause(kcopy, job);
}

int verb_pause(int argc, char *argv[])
{
	return job_verb(argc, argv, help, "is to pause", pause_job);
}
