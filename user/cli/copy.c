// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy */
#include <stdio.h>
#include <stdlib.h>
#include "cli.h"
#include "copy.h"

static const char help[] =
	"Copy a block device, or a range of it, to one or more others.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl copy /dev/sdb /dev/sdc                  clone a disk\n"
	"  kcopyctl copy /dev/sdb /dev/sdc /dev/sdd         to two at once\n"
	"  kcopyctl copy --dry-run /dev/sdb /dev/sdc        show what would be done\n"
	"  kcopyctl copy --force=signature /dev/sdb /dev/sdc\n"
	"                                over the file system that /dev/sdc holds\n"
	"  kcopyctl copy --on-read-error=skip /dev/sdb /dev/sdc\n"
	"                                what can be read of a dying disk\n"
	"  kcopyctl copy --offset 1G --length 512M --dest-offset 0 /dev/sdb /dev/sdc\n"
	"\n"
	"What to copy:\n"
	"      --offset SIZE           begin here on the source (0)\n"
	"      --length SIZE           this much (the rest of the source)\n"
	"      --dest-offset SIZE      begin here on every destination (0)\n"
	"\n"
	"When something fails:\n"
	"      --on-read-error=WHAT    stop (default) or skip what can't be read;\n"
	"                              that stays unwritten on the destinations\n"
	"      --on-write-error=WHAT   drop the destination, finish the others\n"
	"                              (default), stop all, or continue (goes with\n"
	"                              --on-read-error=skip)\n"
	"\n"
	"How:\n"
	"      --chunk SIZE            read and write pieces of this size\n"
	"      --depth N               so many of them in flight\n"
	"      --memory SIZE           with so much memory\n"
	"      --no-sync               don't flush the destinations' caches\n"
	"      --force=WHAT[,WHAT]     signature: overwrite a file system or\n"
	"                              partition table; source-mounted: copy a\n"
	"                              source that is mounted for writing\n"
	"\n"
	"What is said:\n"
	"  -n, --dry-run               check everything, show the plan, copy nothing\n"
	"      --progress=HOW          auto (a line, on a terminal), always, never,\n"
	"                              json (lines on stderr), fd:N (lines there)\n"
	"  -J, --json                  the result as JSON\n"
	"  -q, --quiet                 only errors\n"
	"  -h, --help                  this text\n"
	"\n"
	"SIZE is bytes, or has a unit: s (512), K M G T (1024), KB MB GB TB (1000).\n"
	"All that was on the destinations is lost. A mounted destination, swap, or a\n"
	"part of another device is always refused. Interrupting (Ctrl-C) waits for\n"
	"the I/O in flight; a second time does not.\n"
	"\n"
	"Exit: 0 all copied, 1 some destinations complete, 2 usage, 3 refused for\n"
	"safety, 4 environment, 5 no destination complete, 130 interrupted.\n";

static int run(struct plan *plan)
{
	static struct copy_result result;
	int code, report;

	code = copy_run(plan, &result);
	/* Otherwise it has been said why there is nothing to report. */
	if (result.status.state == KCOPYD_STATE_DONE && !plan->options->quiet) {
		report = copy_report(plan, &result);
		if (!code)
			code = report;
	}
	free(result.extents);
	return code;
}

int verb_copy(int argc, char *argv[])
{
	static struct plan plan;
	struct copy_options options;
	int code;

	code = copy_parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	code = plan_make(&options, &plan);
	if (!code)
		code = plan_check(&plan);
	if (!code)
		code = ladder_climb(&plan);
	if (!code)
		code = options.dry_run ? plan_print(&plan) : run(&plan);
	plan_destroy(&plan);
	return code;
}
