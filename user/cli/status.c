// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl status, which is also what kcopyctl alone says */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "job_list.h"
#include "service.h"

static const char help[] =
	"Say what is loaded and which jobs there are.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl\n"
	"  kcopyctl status --json | jq '.jobs[] | select(.state == \"running\")'\n"
	"\n"
	"Options:\n"
	"  -a, --all    every finished job that is remembered (256), not just 8\n"
	"  -J, --json   as JSON, with every job\n"
	"  -h, --help   this text\n"
	"\n"
	"Root sees everybody's jobs, others their own.\n";

/* What there is to be told; unknown what could not be asked. */
struct facts {
	struct kcopy_module module;
	enum kcopy_observer_state observer;
	int observer_err;
	struct kcopy *kcopy;
	struct kcopyd_info info;
	int service_err;
};

static void gather(struct facts *facts)
{
	kcopy_module_info(&facts->module);
	facts->observer_err = kcopy_observer_state(&facts->observer);
	facts->service_err = kcopy_open(&facts->kcopy);
	if (!facts->service_err)
		facts->service_err = kcopy_info(facts->kcopy, &facts->info);
}

static const char *observer_word(const struct facts *facts)
{
	if (facts->observer_err)
		return NULL;
	switch (facts->observer) {
	case KCOPY_OBSERVER_ATTACHED:
		return "attached";
	case KCOPY_OBSERVER_STALE:
		return "stale";
	default:
		return "absent";
	}
}

static void print_module(const struct kcopy_module *module)
{
	if (!module->loaded) {
		puts("module      not loaded ('kcopyctl load' does)");
		return;
	}
	printf("module      loaded, version %s, source %s\n",
	       *module->version ? module->version : "unknown",
	       *module->srcversion ? module->srcversion : "unknown");
	if (*module->holders)
		printf("used by     %s\n", module->holders);
}

static void print_observer(const struct facts *facts)
{
	const char *word = observer_word(facts);

	if (!word)
		printf("statistics  unknown: %s\n",
		       strerror(-facts->observer_err));
	else if (facts->observer == KCOPY_OBSERVER_ATTACHED)
		printf("statistics  attached, pinned in " KCOPYD_PIN_DIR "\n");
	else
		printf("statistics  %s ('kcopyctl load' attaches them)\n",
		       word);
}

static void print_service(const struct facts *facts)
{
	const struct kcopyd_info *info = &facts->info;
	char used[KCOPY_FORMAT_MAX], most[KCOPY_FORMAT_MAX];

	if (facts->service_err) {
		if (facts->module.loaded)
			printf("jobs        unknown: %s\n",
			       explain_service(facts->service_err));
		return;
	}
	printf("jobs        %u of %u", info->jobs, info->max_jobs);
	if (info->draining)
		printf(", %u draining", info->draining);
	printf("; memory %s of %s\n", kcopy_format_size(info->memory, used),
	       kcopy_format_size(info->max_memory, most));
}

static int print_json(const struct facts *facts)
{
	struct json_object *document = json_document();
	struct json_object *module = json_object_new_object();
	struct json_object *limits = NULL, *jobs = NULL;

	json_set_bool(module, "loaded", facts->module.loaded);
	json_set_text(module, "version", facts->module.version);
	json_set_text(module, "srcversion", facts->module.srcversion);
	if (facts->module.loaded)
		json_set_int(module, "users", facts->module.users);
	else
		json_set_null(module, "users");
	json_set_text(module, "holders", facts->module.holders);
	json_object_object_add(document, "module", module);
	json_set_text(document, "statistics", observer_word(facts));
	if (!facts->service_err) {
		limits = json_object_new_object();
		json_set_int(limits, "abi", facts->info.abi);
		json_set_u64(limits, "features", facts->info.features);
		json_set_u64(limits, "max_dests", facts->info.max_dests);
		json_set_u64(limits, "max_jobs", facts->info.max_jobs);
		json_set_u64(limits, "max_memory", facts->info.max_memory);
		json_set_u64(limits, "jobs", facts->info.jobs);
		json_set_u64(limits, "draining", facts->info.draining);
		json_set_u64(limits, "memory", facts->info.memory);
		jobs = job_list_json(facts->kcopy);
	}
	json_object_object_add(document, "service", limits);
	json_object_object_add(document, "jobs", jobs);
	return json_print(document);
}

static int print_text(const struct facts *facts, bool all)
{
	print_module(&facts->module);
	print_observer(facts);
	print_service(facts);
	if (!facts->service_err)
		job_list_print(facts->kcopy, all);
	return EXIT_COMPLETE;
}

int verb_status(int argc, char *argv[])
{
	struct view_options view;
	struct facts facts = {};
	int code;

	code = view_options(argc, argv, help, true, &view);
	if (code || view.helped)
		return code;
	code = no_operands(argc, argv);
	if (code)
		return code;
	gather(&facts);
	code = view.json ? print_json(&facts) : print_text(&facts, view.all);
	kcopy_close(facts.kcopy);
	return code;
}
