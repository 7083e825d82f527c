// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices and files are compared with a manifest, one after the other. What
 * comes of it is told as of a job that compares, though there is none.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"
#include "follow.h"
#include "manifest.h"
#include "manifest_check.h"
#include "manifest_compare.h"

#define WHY_NOT_COMPARED " bytes, that could not be read when %s was made"

#define NSEC_PER_SEC 1000000000ULL

/**
 * struct check - all of it
 * @options: what is asked for
 * @file: the manifest
 * @sums: of the manifest, once it has been read to its end
 * @targets: what is compared with it
 * @files: what is told of those that are regular files
 * @devices: of the others; kcopy_device_free() them
 * @extents: what is not equal, of all of them
 * @outcome: what came of it
 */
struct check {
	const struct copy_options *options;
	FILE *file;
	struct manifest sums;
	struct comparison targets[KCOPYD_MAX_DESTS];
	struct kcopy_device files[KCOPYD_MAX_DESTS];
	struct kcopy_device *devices[KCOPYD_MAX_DESTS];
	struct extents extents;
	struct outcome outcome;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* ---- the manifest ---------------------------------------------------------------- */

static int open_manifest(struct check *check)
{
	const char *path = check->options->manifest;
	struct stat st;

	/* A pipe would be empty when the pieces are wanted. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return usage_error("the manifest %s is no regular file", path);
	check->file = fopen(path, "re");
	if (check->file)
		return 0;
	complain("the manifest %s can't be read: %s", path, strerror(errno));
	return exit_of_errno(-errno);
}

/* That says nothing of what is in it. */
static int complain_reading(const char *path)
{
	complain("the manifest %s: reading it failed", path);
	return EXIT_FAILED;
}

static int read_manifest(struct check *check)
{
	const char *path = check->options->manifest;
	const char *wrong = manifest_scan(&check->sums, check->file);

	if (ferror(check->file))
		return complain_reading(path);
	if (wrong) {
		complain("%s is no manifest: line %" PRIu64 ": %s", path,
			 check->sums.line, wrong);
		return EXIT_USAGE;
	}
	if (check->sums.unreadable < check->sums.end)
		return 0;
	complain(
		"%s: nothing of the source could be read when it was made: there is nothing to compare",
		path);
	return EXIT_FAILED;
}

/* ---- the targets ------------------------------------------------------------------- */

static int complain_target(const char *path, int err)
{
	switch (err) {
	case -ENOTBLK:
		complain("%s is neither a block device nor a regular file",
			 path);
		break;
	case -ENOENT:
		complain("%s: there is no such device or file", path);
		break;
	default:
		complain("%s: opening it failed: %s", path, strerror(-err));
	}
	return exit_of_errno(err);
}

/* What is said of it; of a file there is nothing but its name. */
static int describe(struct check *check, unsigned int i)
{
	const char *path = check->options->dests[i];
	int err = kcopy_device_probe(path, &check->devices[i]);

	if (err && err != -ENOTBLK)
		return err;
	check->files[i].path = (char *)path;
	check->outcome.devices[i + 1] = err ? &check->files[i] :
					      check->devices[i];
	return 0;
}

static int open_target(struct check *check, unsigned int i)
{
	const struct copy_options *options = check->options;
	struct comparison *target = &check->targets[i];
	int err;

	err = direct_open(&target->direct, options->dests[i]);
	if (!err)
		err = describe(check, i);
	if (err)
		return complain_target(options->dests[i], err);
	target->manifest = check->file;
	target->sums = &check->sums;
	target->offset = options->dest_offset;
	target->region = i + 1;
	target->extents = &check->extents;
	return 0;
}

static int open_targets(struct check *check)
{
	unsigned int i;
	int code = 0;

	for (i = 0; !code && i < check->options->nr_dests; i++)
		code = open_target(check, i);
	return code;
}

/* ---- comparing --------------------------------------------------------------------- */

static int complain_compare(const struct check *check, unsigned int i, int err)
{
	if (ferror(check->file))
		return complain_reading(check->options->manifest);
	if (err == -ESTALE)
		complain("%s changed while it was read",
			 check->options->manifest);
	else
		complain("%s: comparing it failed: %s",
			 check->options->dests[i], strerror(-err));
	return EXIT_FAILED;
}

static int compare_all(struct check *check)
{
	const struct copy_options *options = check->options;
	struct tracker tracker;
	unsigned int i;
	int err = 0;

	tracker_init(&tracker, &options->display,
		     check->sums.end * options->nr_dests, 0);
	for (i = 0; !err && i < options->nr_dests; i++) {
		tracker.base = i * check->sums.end;
		err = manifest_compare(&check->targets[i], &tracker);
		tracker.progress.failed += !!check->targets[i].error;
	}
	tracker_end(&tracker, 0);
	return err && err != -EINTR ? complain_compare(check, i - 1, err) : 0;
}

/* ---- what came of it --------------------------------------------------------------- */

static void sum_up_target(struct check *check, unsigned int i)
{
	const struct comparison *target = &check->targets[i];
	const struct kcopy_device *device = check->outcome.devices[i + 1];
	struct kcopyd_status *status = &check->outcome.status;

	check->outcome.regions[i + 1] = (struct kcopyd_region_status){
		.major = device->major,
		.minor = device->minor,
		.offset = target->offset,
		.bytes = target->compared,
		.settled = target->done,
		.errors = target->errors,
		.error = target->error,
		.flags = target->differs ? KCOPYD_REGION_DIFFERS : 0,
	};
	if (target->error)
		status->write_err |= 1ULL << i;
	else if (target->done == check->sums.end)
		status->complete |= 1ULL << i;
	if (target->done != check->sums.end)
		status->code = -ECANCELED;
}

/* Without a checksum: the one of the whole in the manifest is not looked at. */
static void sum_up(struct check *check, uint64_t began_ns)
{
	struct kcopyd_status *status = &check->outcome.status;
	unsigned int i;

	*status = (struct kcopyd_status){
		.state = KCOPYD_STATE_DONE,
		.submit_flags = KCOPYD_SUBMIT_COMPARE,
		.length = check->sums.end,
		.submitted_ns = began_ns,
		.done_ns = now_ns(),
		.uid = getuid(),
		.pid = getpid(),
		.nr_regions = 1 + check->options->nr_dests,
	};
	for (i = 0; i < check->options->nr_dests; i++)
		sum_up_target(check, i);
	if (!status->code && status->write_err)
		status->code = -EIO;
	check->outcome.extents = check->extents.list;
	check->outcome.nr_extents = check->extents.nr;
}

static int report_json(const struct check *check)
{
	struct json_object *document = outcome_json(&check->outcome);

	json_set_text(document, "manifest", check->options->manifest);
	json_set_u64(document, "unreadable", check->sums.unreadable);
	return json_print(document);
}

static int report_text(const struct check *check)
{
	int code = outcome_report(&check->outcome, false);

	if (check->sums.unreadable)
		printf("not compared: %" PRIu64 WHY_NOT_COMPARED "\n",
		       check->sums.unreadable, check->options->manifest);
	return code;
}

/* Who does not read the report is told all the same. */
static void say_not_compared(const struct check *check)
{
	const struct copy_options *options = check->options;

	if (check->sums.unreadable && (options->json || options->display.quiet))
		complain("not compared: %" PRIu64 WHY_NOT_COMPARED,
			 check->sums.unreadable, options->manifest);
}

static void say_too_short(const struct check *check)
{
	unsigned int i;

	for (i = 0; i < check->options->nr_dests; i++) {
		const struct comparison *target = &check->targets[i];
		uint64_t size = target->direct.size;

		if (target->offset > size ||
		    check->sums.end > size - target->offset)
			complain("%s is too short: it ends at byte %" PRIu64
				 ", and the copy would at %" PRIu64,
				 check->options->dests[i], size,
				 target->offset + check->sums.end);
	}
}

static int report(const struct check *check)
{
	const struct copy_options *options = check->options;
	int result = outcome_code(&check->outcome), code = 0;

	if (options->json)
		code = report_json(check);
	else if (!options->display.quiet)
		code = report_text(check);
	say_not_compared(check);
	if (!result)
		return code;
	say_too_short(check);
	outcome_complain(&check->outcome);
	return result;
}

/* ---- all of it ----------------------------------------------------------------------- */

static int run(struct check *check)
{
	uint64_t began_ns = now_ns();
	int code = open_manifest(check);

	if (!code)
		code = read_manifest(check);
	if (!code)
		code = open_targets(check);
	if (!code)
		code = compare_all(check);
	if (code)
		return code;
	sum_up(check, began_ns);
	return report(check);
}

static void clean_up(struct check *check)
{
	unsigned int i;

	if (check->file)
		fclose(check->file);
	for (i = 0; i < check->options->nr_dests; i++) {
		direct_close(&check->targets[i].direct);
		kcopy_device_free(check->devices[i]);
	}
	extents_free(&check->extents);
}

int manifest_check(const struct copy_options *options)
{
	static struct check check;
	unsigned int i;
	int code;

	check = (struct check){ .options = options };
	for (i = 0; i < options->nr_dests; i++)
		check.targets[i].direct.fd = -1;
	follow_catch_signals();
	code = run(&check);
	clean_up(&check);
	return code;
}
