// SPDX-License-Identifier: GPL-2.0-or-later
/* What 'copy', 'zero' and 'verify' do: one part after the other. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"
#include "follow.h"
#include "job_save.h"
#include "manifest_check.h"
#include "manifest_make.h"
#include "result.h"

/*
 * Here and not only by main(), so that who could not be told does not take the
 * copy for lost: what came of it is then said elsewhere.
 */
static int tell(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_COMPLETE;
	complain("writing to standard output failed%s%s", errno ? ": " : "",
		 errno ? strerror(errno) : "");
	__fpurge(stdout);
	clearerr(stdout);
	return EXIT_FAILED;
}

/* It goes on without us. */
static int print_detached(const struct copy_options *options, uint64_t job)
{
	struct json_object *document;

	if (options->json) {
		document = json_document();
		json_set_u64(document, "job", job);
		json_set_bool(document, "detached", true);
		return json_print(document);
	}
	if (options->display.quiet)
		printf("%" PRIu64 "\n", job);
	else
		printf("job %" PRIu64 ": started ('kcopyctl wait %" PRIu64
		       "' follows it, 'kcopyctl cancel %" PRIu64
		       "' stops it)\n",
		       job, job, job);
	return EXIT_COMPLETE;
}

static int report_detached(const struct copy_options *options, uint64_t job)
{
	int code = print_detached(options, job);

	if (!code)
		code = tell();
	if (code)
		complain("job %" PRIu64 " was started, and goes on", job);
	return code;
}

static int print_json(const struct manifest_maker *maker,
		      const struct outcome *outcome)
{
	const char *path = maker->plan->options->manifest;
	struct json_object *document = outcome_json(outcome);

	if (path)
		json_set_text(document, "manifest",
			      maker->written ? path : NULL);
	return json_print(document);
}

static int print_text(const struct manifest_maker *maker,
		      const struct outcome *outcome)
{
	const struct copy_options *options = maker->plan->options;
	int code;

	if (options->display.quiet)
		return EXIT_COMPLETE;
	code = outcome_report(outcome, false);
	if (maker->written)
		printf("manifest: %s\n", options->manifest);
	return code;
}

static bool was_cut_short(const struct outcome *outcome)
{
	return follow_interrupted() &&
	       outcome_bytes(outcome) < outcome->status.length;
}

/* The copy is as good without. */
static int check_digest(const struct copy_options *options,
			const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;

	if (!options->checksum || status->digest_len || !status->length ||
	    outcome_code(outcome))
		return 0;
	complain(
		"the checksum could not be computed: the kernel's %s failed; the copy itself is complete",
		kcopy_checksum_string(status->checksum));
	return EXIT_FAILED;
}

static int report(const struct copy_options *options,
		  struct manifest_maker *maker, const struct outcome *outcome)
{
	int code, result, made = 0;

	if (options->submit_flags & KCOPYD_SUBMIT_DETACH)
		return report_detached(options, outcome->status.job);
	result = outcome_code(outcome);
	/* An error that came before has the last word in the module. */
	if (result && was_cut_short(outcome))
		result = EXIT_INTERRUPTED;
	if (options->manifest)
		made = manifest_make_end(maker, outcome);
	else
		made = check_digest(options, outcome);
	code = options->json ? print_json(maker, outcome) :
			       print_text(maker, outcome);
	if (!code)
		code = tell();
	if (result || code)
		outcome_complain(outcome);
	if (result == EXIT_INTERRUPTED && options->task == TASK_COPY)
		complain(
			"the copy is not whole: the same command begins it anew, with --force=signature over what is there now (a copy with --on-read-error=skip --map FILE can be gone on with)");
	if (code && result != EXIT_INTERRUPTED)
		return code;
	return result ? result : made;
}

static void note(struct plan *plan, const struct outcome *outcome)
{
	unsigned int i;

	for (i = 0; i < plan->nr_dests; i++) {
		plan->dests[i].written = outcome->regions[i + 1].bytes;
		plan->dests[i].complete = bit(outcome->status.complete, i);
	}
}

static int run(struct plan *plan, struct manifest_maker *maker)
{
	static struct outcome outcome;
	unsigned int i;
	int code;

	if (maker->scratch) {
		outcome.take_event = manifest_make_take;
		outcome.taker = maker;
	}

	for (i = 0; i <= plan->nr_dests; i++)
		outcome.devices[i] = plan_region(plan, i)->device;
	code = custody_take(plan);
	if (!code)
		code = plan->options->map ? rescue_run(plan, &outcome) :
					    copy_run(plan, &outcome);
	if (!plan->options->map)
		note(plan, &outcome);
	custody_return(plan);
	if (!code && !plan->options->map)
		code = report(plan->options, maker, &outcome);
	free(outcome.extents);
	outcome = (struct outcome){ 0 };
	return code;
}

static int climb_and_run(struct plan *plan)
{
	struct manifest_maker maker;
	int code = manifest_make_begin(&maker, plan);

	if (!code)
		code = ladder_climb(plan);
	if (!code && plan->options->save)
		code = job_save(plan);
	if (!code)
		code = plan->options->dry_run ? plan_print(plan) :
						run(plan, &maker);
	manifest_make_drop(&maker);
	return code;
}

int copy_verb(int argc, char *argv[], enum copy_task task, const char *help)
{
	static struct plan plan;
	struct copy_options options;
	int code;

	code = copy_parse(argc, argv, task, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}
	if (task == TASK_VERIFY && options.manifest)
		return manifest_check(&options);
	/* From here on there may be something to be undone. */
	follow_catch_signals();
	code = plan_make(&options, &plan);
	if (!code)
		code = plan_check(&plan);
	if (!code)
		code = climb_and_run(&plan);
	plan_destroy(&plan);
	return code;
}
