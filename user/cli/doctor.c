// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl doctor */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "checks.h"
#include "cli.h"
#include "tier.h"

static const char help[] =
	"Say what this machine offers to kcopyd, what is missing, and what to do.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl doctor\n"
	"  kcopyctl doctor --json | jq '.checks[] | select(.state != \"ok\")'\n"
	"\n"
	"Options:\n"
	"  -J, --json   as JSON\n"
	"  -h, --help   this text\n"
	"\n"
	"The last line tells the tier:\n"
	"  full         copies, and statistics and traces with the module's types: the\n"
	"               kernel and the module have BTF\n"
	"  statistics   copies and statistics, by raw tracepoints, which need no BTF\n"
	"  copies       copies only: BPF is missing, refused, or has no file system\n"
	"  none         no copy is possible\n"
	"  unknown      what BPF can do is not to be found out without rights\n"
	"\n"
	"Exit: 0 copying can work, 4 it can't.\n";

static const char *state_word(enum check_state state)
{
	static const char *const words[] = {
		[CHECK_OK] = "ok",	     [CHECK_NOTE] = "note",
		[CHECK_MISSING] = "missing", [CHECK_FATAL] = "fatal",
		[CHECK_UNKNOWN] = "unknown",
	};

	return words[state];
}

/* All that is missing is the rights to look. */
static bool is_unknown(bool works, enum tier tier)
{
	return !works && tier == TIER_UNKNOWN;
}

static int print_text(const struct check *checks, size_t nr, bool works)
{
	const enum tier tier = tier_of(checks, nr);
	struct utsname host;
	size_t i;

	uname(&host);
	printf("kernel %s\n", host.release);
	for (i = 0; i < nr; i++) {
		printf("  %-8s %-14s %s\n", state_word(checks[i].state),
		       checks[i].name, checks[i].found);
		if (*checks[i].remedy)
			printf("  %-8s %-14s -> %s\n", "", "",
			       checks[i].remedy);
	}
	if (is_unknown(works, tier))
		printf("whether copying works can't be told without rights\n");
	else
		printf("copying %s on this machine\n",
		       works ? "works" : "can't work");
	printf("tier %s: %s\n", tier_word(tier), tier_text(tier));
	return EXIT_COMPLETE;
}

static int print_json(const struct check *checks, size_t nr, bool works)
{
	struct json_object *document = json_document();
	struct json_object *list = json_object_new_array();
	const enum tier tier = tier_of(checks, nr);
	struct json_object *object;
	struct utsname host;
	size_t i;

	uname(&host);
	json_set_text(document, "kernel", host.release);
	if (is_unknown(works, tier))
		json_set_null(document, "copying_works");
	else
		json_set_bool(document, "copying_works", works);
	json_set_text(document, "tier", tier_word(tier));
	for (i = 0; i < nr; i++) {
		object = json_object_new_object();
		json_set_text(object, "check", checks[i].name);
		json_set_text(object, "state", state_word(checks[i].state));
		json_set_text(object, "found", checks[i].found);
		json_set_text(object, "remedy", checks[i].remedy);
		json_object_array_add(list, object);
	}
	json_object_object_add(document, "checks", list);
	return json_print(document);
}

int verb_doctor(int argc, char *argv[])
{
	struct view_options view;
	struct check checks[CHECKS_MAX];
	bool works = true;
	size_t nr, i;
	int code;

	code = view_options(argc, argv, help, false, &view);
	if (code || view.helped)
		return code;
	code = no_operands(argc, argv);
	if (code)
		return code;

	nr = checks_run(checks);
	for (i = 0; i < nr; i++)
		works &= checks[i].state != CHECK_FATAL;
	code = view.json ? print_json(checks, nr, works) :
			   print_text(checks, nr, works);
	return code || works ? code : EXIT_ENVIRONMENT;
}
