// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl verify */
#include "cli.h"
#include "copy.h"

static const char help[] =
	"Compare a block device or image file, or a range of it, with one or more\n"
	"others.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl verify /dev/sdb /dev/sdc            is it a copy?\n"
	"  kcopyctl verify --json /dev/sdb /dev/sdc |\n"
	"    jq '.destinations[].extents'               where it differs\n"
	"\n"
	"What to compare:\n"
	"      --offset SIZE           begin here on the source (0)\n"
	"      --length SIZE           this much (the rest of the source)\n"
	"      --dest-offset SIZE      begin here on every other (0)\n"
	"\n"
	"How:\n"
	"      --retry=HOW             a piece that differs or can't be read: none (all\n"
	"                              of it counts), edges or bisect (every block is\n"
	"                              found; default)\n"
	"      --on-slow=WHAT          a device that holds up the others: uncouple it,\n"
	"                              wait for it, or drop it\n"
	"      --limit RATE            at most so many bytes a second\n"
	"      --percent N             with I/O in flight at most N % of the time\n"
	"      --ioprio CLASS[:LEVEL]  realtime, best-effort or idle, as ionice(1)\n"
	"      --chunk SIZE            read pieces of this size\n"
	"      --depth N               so many of them in flight\n"
	"      --memory SIZE           with so much memory\n"
	"      --detach                start it, print the job's number, and leave\n"
	"      --force=source-mounted  compare a source that is mounted for writing\n"
	"\n"
	"What is said:\n"
	"  -n, --dry-run               check everything, show the plan, read nothing\n"
	"      --progress=HOW          auto (a line, on a terminal), always, never,\n"
	"                              json (lines on stderr), fd:N (lines there)\n"
	"  -J, --json                  the result as JSON\n"
	"  -q, --quiet                 only errors\n"
	"  -h, --help                  this text\n"
	"\n"
	"SIZE is bytes, or has a unit: s (512), K M G T (1024), KB MB GB TB (1000);\n"
	"RATE is such a size, of a second. Nothing is written. Devices are read past\n"
	"the page cache, files where their file system can.\n"
	"\n"
	"Exit: 0 all equal, 1 there are differences, 2 usage, 3 refused for safety,\n"
	"4 environment, 5 not everything could be read, 130 interrupted.\n";

int verb_verify(int argc, char *argv[])
{
	return copy_verb(argc, argv, TASK_VERIFY, help);
}
