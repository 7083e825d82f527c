// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of 'kcopyctl copy', 'zero' and 'verify'. */
#include <getopt.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512
/* What the module has. */
#define MAX_CHUNK (1U << 20)
#define MAX_DEPTH 64
/* Seconds: an hour of work lost is enough. */
#define MAX_INTERVAL 3600
/* ionice's, for who names only the class. */
#define DEFAULT_LEVEL 4

/* Options without a letter. */
enum {
	OPT_OFFSET = 256,
	OPT_LENGTH,
	OPT_DEST_OFFSET,
	OPT_CHUNK,
	OPT_DEPTH,
	OPT_MEMORY,
	OPT_LIMIT,
	OPT_PERCENT,
	OPT_IOPRIO,
	OPT_ON_READ_ERROR,
	OPT_ON_WRITE_ERROR,
	OPT_ON_SLOW,
	OPT_RETRY,
	OPT_SPARSE,
	OPT_CHECKSUM,
	OPT_VERIFY,
	OPT_ZONE_RESET,
	OPT_NO_SYNC,
	OPT_DETACH,
	OPT_MAP,
	OPT_MAP_INTERVAL,
	OPT_DOMAIN,
	OPT_RETRIES,
	OPT_REVERSE,
	OPT_MANIFEST,
	OPT_SAVE,
	OPT_FORCE,
	OPT_PROGRESS,
};

/* Which verbs an option is for. */
#define COPY (1U << TASK_COPY)
#define ZERO (1U << TASK_ZERO)
#define VERIFY (1U << TASK_VERIFY)
#define ALL (COPY | ZERO | VERIFY)

static const struct {
	struct option option;
	unsigned int tasks;
} all_options[] = {
	{ { "offset", required_argument, NULL, OPT_OFFSET }, ALL },
	{ { "length", required_argument, NULL, OPT_LENGTH }, ALL },
	{ { "dest-offset", required_argument, NULL, OPT_DEST_OFFSET },
	  COPY | VERIFY },
	{ { "chunk", required_argument, NULL, OPT_CHUNK }, ALL },
	{ { "depth", required_argument, NULL, OPT_DEPTH }, ALL },
	{ { "memory", required_argument, NULL, OPT_MEMORY }, ALL },
	{ { "limit", required_argument, NULL, OPT_LIMIT }, ALL },
	{ { "percent", required_argument, NULL, OPT_PERCENT }, ALL },
	{ { "ioprio", required_argument, NULL, OPT_IOPRIO }, ALL },
	{ { "on-read-error", required_argument, NULL, OPT_ON_READ_ERROR },
	  COPY },
	{ { "on-write-error", required_argument, NULL, OPT_ON_WRITE_ERROR },
	  COPY | ZERO },
	{ { "on-slow", required_argument, NULL, OPT_ON_SLOW }, COPY | ZERO },
	{ { "retry", required_argument, NULL, OPT_RETRY }, ALL },
	{ { "sparse", no_argument, NULL, OPT_SPARSE }, COPY },
	{ { "checksum", required_argument, NULL, OPT_CHECKSUM }, COPY },
	{ { "verify", no_argument, NULL, OPT_VERIFY }, COPY | ZERO },
	{ { "zone-reset", no_argument, NULL, OPT_ZONE_RESET }, COPY | ZERO },
	{ { "no-sync", no_argument, NULL, OPT_NO_SYNC }, COPY | ZERO },
	{ { "detach", no_argument, NULL, OPT_DETACH }, ALL },
	{ { "map", required_argument, NULL, OPT_MAP }, COPY },
	{ { "map-interval", required_argument, NULL, OPT_MAP_INTERVAL }, COPY },
	{ { "domain", required_argument, NULL, OPT_DOMAIN }, COPY },
	{ { "retries", required_argument, NULL, OPT_RETRIES }, COPY },
	{ { "reverse", no_argument, NULL, OPT_REVERSE }, COPY },
	{ { "manifest", required_argument, NULL, OPT_MANIFEST },
	  COPY | VERIFY },
	{ { "save", required_argument, NULL, OPT_SAVE }, ALL },
	{ { "force", required_argument, NULL, OPT_FORCE }, ALL },
	{ { "progress", required_argument, NULL, OPT_PROGRESS }, ALL },
	{ { "dry-run", no_argument, NULL, 'n' }, ALL },
	{ { "json", no_argument, NULL, 'J' }, ALL },
	{ { "quiet", no_argument, NULL, 'q' }, ALL },
	{ { "help", no_argument, NULL, 'h' }, ALL },
};

#define NR_OPTIONS (sizeof(all_options) / sizeof(*all_options))

_Static_assert(NR_OPTIONS < COPY_OPTIONS_MAX, "room for all, and an end");

void copy_options_of(enum copy_task task, struct option options[])
{
	size_t i, nr = 0;

	for (i = 0; i < NR_OPTIONS; i++)
		if (all_options[i].tasks & 1U << task)
			options[nr++] = all_options[i].option;
	options[nr] = (struct option){};
}

bool copy_option_known(enum copy_task task, const char *name, bool *has_value)
{
	size_t i;

	for (i = 0; i < NR_OPTIONS; i++) {
		const struct option *option = &all_options[i].option;

		if (!(all_options[i].tasks & 1U << task) ||
		    strcmp(option->name, name))
			continue;
		*has_value = option->has_arg == required_argument;
		return true;
	}
	return false;
}

/* ---- words that become flags ---------------------------------------------- */

static int parse_on_read(const char *text, unsigned int *flags)
{
	static const struct word words[] = {
		{ "stop", 0 },
		{ "skip", KCOPYD_SUBMIT_SKIP_BAD },
		{ "zero", KCOPYD_SUBMIT_ZERO_BAD },
		{},
	};
	int value, code = word_option("--on-read-error", text, words, &value);

	*flags &= ~(KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_ZERO_BAD);
	if (!code)
		*flags |= value;
	return code;
}

static int parse_on_write(const char *text, unsigned int *flags)
{
	static const struct word words[] = {
		{ "stop", 0 },
		{ "drop", KCOPYD_SUBMIT_DETACH_FAILED },
		{ "continue", KCOPYD_SUBMIT_KEEP_FAILED },
		{},
	};
	int value, code = word_option("--on-write-error", text, words, &value);

	*flags &= ~(KCOPYD_SUBMIT_DETACH_FAILED | KCOPYD_SUBMIT_KEEP_FAILED);
	if (!code)
		*flags |= value;
	return code;
}

/* ---- words that become numbers -------------------------------------------- */

static int parse_word(const char *name, const char *text,
		      const struct word *words, unsigned int *number)
{
	int value, code = word_option(name, text, words, &value);

	if (!code)
		*number = value;
	return code;
}

static int parse_on_slow(const char *text, unsigned int *on_slow)
{
	static const struct word words[] = {
		{ "uncouple", KCOPYD_SLOW_UNCOUPLE },
		{ "wait", KCOPYD_SLOW_WAIT },
		{ "drop", KCOPYD_SLOW_DROP },
		{},
	};

	return parse_word("--on-slow", text, words, on_slow);
}

static int parse_retry(const char *text, unsigned int *retry)
{
	static const struct word words[] = {
		{ "none", KCOPYD_RETRY_NONE },
		{ "edges", KCOPYD_RETRY_EDGES },
		{ "bisect", KCOPYD_RETRY_BISECT },
		{},
	};

	return parse_word("--retry", text, words, retry);
}

static int parse_checksum(const char *text, unsigned int *checksum)
{
	static const struct word words[] = {
		{ "crc32c", KCOPYD_CHECKSUM_CRC32C },
		{ "xxh64", KCOPYD_CHECKSUM_XXH64 },
		{ "sha256", KCOPYD_CHECKSUM_SHA256 },
		{},
	};

	return parse_word("--checksum", text, words, checksum);
}

/* CLASS[:LEVEL], in the words of ionice(1). */
static int parse_ioprio(const char *text, unsigned int *ioprio)
{
	static const struct word words[] = {
		{ "realtime", IOPRIO_CLASS_RT },
		{ "best-effort", IOPRIO_CLASS_BE },
		{ "idle", IOPRIO_CLASS_IDLE },
		{},
	};
	const char *colon = strchr(text, ':');
	int len = strcspn(text, ":");
	uint64_t level = DEFAULT_LEVEL;
	char class[32];
	int value, code;

	if (len >= (int)sizeof(class))
		len = sizeof(class) - 1;
	snprintf(class, sizeof(class), "%.*s", len, text);
	code = word_option("--ioprio", class, words, &value);
	if (!code && colon && value == IOPRIO_CLASS_IDLE)
		return usage_error("--ioprio: idle has no levels");
	if (!code && value == IOPRIO_CLASS_IDLE)
		level = 0;
	if (!code && colon)
		code = number_option("--ioprio", colon + 1, 0,
				     IOPRIO_NR_LEVELS - 1, &level);
	if (!code)
		*ioprio = IOPRIO_PRIO_VALUE(value, level);
	return code;
}

static int parse_force(const char *list, unsigned int *force)
{
	static const struct word words[] = {
		{ "signature", FORCE_SIGNATURE },
		{ "source-mounted", FORCE_SOURCE_MOUNTED },
		{ "size", FORCE_SIZE },
		{ "resume", FORCE_RESUME },
		{ "other-source", FORCE_OTHER_SOURCE },
		{}
	};
	AUTO_FREE char *text = strdup(list);
	char *word, *rest = text;
	int code, value;

	while ((word = strsep(&rest, ","))) {
		code = word_option("--force", word, words, &value);
		if (code)
			return code;
		*force |= value;
	}
	return 0;
}

/* ---- numbers --------------------------------------------------------------- */

static int parse_chunk(const char *text, unsigned int *chunk)
{
	uint64_t bytes;
	int code = size_option("--chunk", text, &bytes);

	if (code)
		return code;
	if (!bytes || bytes > MAX_CHUNK || bytes % SECTOR_SIZE)
		return usage_error(
			"--chunk: %s is no multiple of 512 up to 1 MiB", text);
	*chunk = bytes;
	return 0;
}

static int parse_number(const char *name, const char *text, uint64_t max,
			unsigned int *number)
{
	uint64_t value;
	int code = number_option(name, text, 1, max, &value);

	if (!code)
		*number = value;
	return code;
}

/* ---- all of them ------------------------------------------------------------ */

static int parse_range(int opt, struct copy_options *options)
{
	switch (opt) {
	case OPT_OFFSET:
		return size_option("--offset", optarg, &options->offset);
	case OPT_LENGTH:
		options->has_length = true;
		return size_option("--length", optarg, &options->length);
	default:
		return size_option("--dest-offset", optarg,
				   &options->dest_offset);
	}
}

static int parse_how(int opt, struct copy_options *options)
{
	switch (opt) {
	case OPT_CHUNK:
		return parse_chunk(optarg, &options->chunk);
	case OPT_DEPTH:
		return parse_number("--depth", optarg, MAX_DEPTH,
				    &options->depth);
	case OPT_MEMORY:
		return size_option("--memory", optarg, &options->memory);
	case OPT_LIMIT:
		return rate_option("--limit", optarg, &options->rate);
	case OPT_PERCENT:
		return parse_number("--percent", optarg, 100,
				    &options->percent);
	case OPT_IOPRIO:
		return parse_ioprio(optarg, &options->ioprio);
	case OPT_ON_SLOW:
		return parse_on_slow(optarg, &options->on_slow);
	case OPT_RETRY:
		return parse_retry(optarg, &options->retry);
	default:
		return parse_checksum(optarg, &options->checksum);
	}
}

static int parse_rescue(int opt, struct copy_options *options)
{
	uint64_t value;
	int code;

	switch (opt) {
	case OPT_MAP:
		options->map = optarg;
		return 0;
	case OPT_MAP_INTERVAL:
		return parse_number("--map-interval", optarg, MAX_INTERVAL,
				    &options->map_interval);
	case OPT_DOMAIN:
		options->domain = optarg;
		return 0;
	case OPT_REVERSE:
		options->reverse = true;
		return 0;
	default:
		code = number_option("--retries", optarg, 0, UINT16_MAX,
				     &value);
		if (!code)
			options->retries = value;
		return code;
	}
}

static unsigned int flag_of(int opt)
{
	switch (opt) {
	case OPT_SPARSE:
		return KCOPYD_SUBMIT_SPARSE;
	case OPT_VERIFY:
		return KCOPYD_SUBMIT_VERIFY;
	case OPT_ZONE_RESET:
		return KCOPYD_SUBMIT_RESET_ZONES;
	case OPT_NO_SYNC:
		return KCOPYD_SUBMIT_NO_FLUSH;
	case OPT_DETACH:
		return KCOPYD_SUBMIT_DETACH;
	default:
		return 0;
	}
}

static int parse_said(int opt, char *argv[], struct copy_options *options)
{
	switch (opt) {
	case OPT_PROGRESS:
		return progress_option(optarg, &options->display);
	case 'n':
		options->dry_run = true;
		return 0;
	case 'J':
		options->json = true;
		return 0;
	case 'q':
		options->display.quiet = true;
		return 0;
	default:
		return bad_option(opt, argv);
	}
}

static int parse_one(int opt, char *argv[], struct copy_options *options)
{
	switch (opt) {
	case OPT_OFFSET:
	case OPT_LENGTH:
	case OPT_DEST_OFFSET:
		return parse_range(opt, options);
	case OPT_CHUNK:
	case OPT_DEPTH:
	case OPT_MEMORY:
	case OPT_LIMIT:
	case OPT_PERCENT:
	case OPT_IOPRIO:
	case OPT_ON_SLOW:
	case OPT_RETRY:
	case OPT_CHECKSUM:
		return parse_how(opt, options);
	case OPT_ON_READ_ERROR:
		return parse_on_read(optarg, &options->submit_flags);
	case OPT_ON_WRITE_ERROR:
		return parse_on_write(optarg, &options->submit_flags);
	case OPT_SPARSE:
	case OPT_VERIFY:
	case OPT_ZONE_RESET:
	case OPT_NO_SYNC:
	case OPT_DETACH:
		options->submit_flags |= flag_of(opt);
		return 0;
	case OPT_MAP:
	case OPT_MAP_INTERVAL:
	case OPT_DOMAIN:
	case OPT_RETRIES:
	case OPT_REVERSE:
		return parse_rescue(opt, options);
	case OPT_MANIFEST:
		options->manifest = optarg;
		return 0;
	case OPT_SAVE:
		options->save = optarg;
		options->dry_run = true;
		return 0;
	case OPT_FORCE:
		return parse_force(optarg, &options->force);
	default:
		return parse_said(opt, argv, options);
	}
}

/* ---- defaults and operands -------------------------------------------------- */

#define NOT_ASKED UINT_MAX

static void set_defaults(enum copy_task task, struct copy_options *options)
{
	*options = (struct copy_options){
		.task = task,
		.retry = NOT_ASKED,
		.submit_flags = KCOPYD_SUBMIT_DETACH_FAILED,
		.display.fd = STDERR_FILENO,
	};
	/* All that differs is to be found. */
	if (task == TASK_VERIFY)
		options->submit_flags = KCOPYD_SUBMIT_COMPARE |
					KCOPYD_SUBMIT_SKIP_BAD |
					KCOPYD_SUBMIT_KEEP_FAILED;
}

/* Pieces that are as large as can be, and equally large on every machine. */
static void settle_manifest(struct copy_options *options)
{
	if (!options->checksum)
		options->checksum = KCOPYD_CHECKSUM_SHA256;
	if (!options->chunk)
		options->chunk = MAX_CHUNK;
}

/* Who wants everything but the bad blocks wants to know exactly which. */
static void settle(struct copy_options *options)
{
	bool goes_on = options->submit_flags &
		       (KCOPYD_SUBMIT_SKIP_BAD | KCOPYD_SUBMIT_ZERO_BAD |
			KCOPYD_SUBMIT_KEEP_FAILED);

	if (options->retry == NOT_ASKED)
		options->retry = goes_on ? KCOPYD_RETRY_BISECT :
					   KCOPYD_RETRY_NONE;
	if (options->task == TASK_ZERO)
		options->dest_offset = options->offset;
	if (options->task == TASK_COPY && options->manifest)
		settle_manifest(options);
}

static int check_rescue(const struct copy_options *options)
{
	const unsigned int flags = options->submit_flags;

	if (!options->map) {
		if (options->force & FORCE_OTHER_SOURCE)
			return usage_error(
				"--force=other-source goes with --map");
		if (options->force & FORCE_RESUME)
			return usage_error(
				"--force=resume goes with --map: what is not rescued begins anew");
		if (options->domain || options->retries || options->reverse ||
		    options->map_interval)
			return usage_error(
				"--map-interval, --domain, --retries and --reverse go with --map");
		return 0;
	}
	if (!(flags & KCOPYD_SUBMIT_SKIP_BAD))
		return usage_error("--map goes with --on-read-error=skip");
	if (flags & (KCOPYD_SUBMIT_DETACH | KCOPYD_SUBMIT_VERIFY |
		     KCOPYD_SUBMIT_NO_FLUSH) ||
	    options->checksum)
		return usage_error(
			"--map: there are many jobs, which goes neither with --detach nor --verify nor --checksum nor --manifest, and each is flushed, in spite of --no-sync");
	return 0;
}

/* Without a source, and without the module. */
static bool checks_manifest(const struct copy_options *options)
{
	return options->task == TASK_VERIFY && options->manifest;
}

/* The module alone can do what the others ask for. */
static bool goes_with_manifest(int opt)
{
	switch (opt) {
	case OPT_OFFSET:
	case OPT_DEST_OFFSET:
	case OPT_MANIFEST:
	case OPT_PROGRESS:
	case 'J':
	case 'q':
		return true;
	default:
		return false;
	}
}

static const char *name_of(int opt)
{
	size_t i;

	for (i = 0; i < NR_OPTIONS; i++)
		if (all_options[i].option.val == opt)
			return all_options[i].option.name;
	return "";
}

/* @other: an option that does not go with a manifest's check, or 0. */
static int check_manifest(struct copy_options *options, int other)
{
	if (other)
		return usage_error(
			"--%s does not go with --manifest, which needs neither source nor module",
			name_of(other));
	if (options->offset && options->dest_offset)
		return usage_error(
			"--offset and --dest-offset are the same with --manifest");
	options->dest_offset += options->offset;
	if (options->dest_offset > INT64_MAX)
		return usage_error("--offset: nothing ends behind that");
	return 0;
}

static int check(const struct copy_options *options)
{
	if (options->manifest && options->checksum &&
	    options->checksum != KCOPYD_CHECKSUM_SHA256)
		return usage_error("--manifest has sha256 checksums, not %s",
				   kcopy_checksum_string(options->checksum));
	if (options->submit_flags & KCOPYD_SUBMIT_DETACH && options->manifest)
		return usage_error(
			"--manifest: nobody would write it after a job that is left alone with --detach");
	if (options->submit_flags & KCOPYD_SUBMIT_DETACH && options->checksum)
		return usage_error(
			"--checksum: nobody would take the checksums of a job that is left alone with --detach");
	return 0;
}

static int take_operands(int argc, char *argv[], struct copy_options *options)
{
	unsigned int sources = options->task != TASK_ZERO &&
			       !checks_manifest(options);
	int nr_dests = argc - optind - (int)sources;

	if (nr_dests < 1)
		return usage_error(
			sources ? "name a source and at least one destination" :
				  "name at least one device");
	if (nr_dests > KCOPYD_MAX_DESTS)
		return usage_error(
			"%d destinations are too many: %d is the most",
			nr_dests, KCOPYD_MAX_DESTS);
	options->source = sources ? argv[optind] : NULL;
	options->dests = argv + optind + sources;
	options->nr_dests = nr_dests;
	return 0;
}

int copy_parse(int argc, char *argv[], enum copy_task task,
	       struct copy_options *options)
{
	struct option longs[COPY_OPTIONS_MAX];
	int opt, code, other = 0;

	copy_options_of(task, longs);
	set_defaults(task, options);
	options->argv = argv;
	optind = 0;
	while ((opt = next_option(argc, argv, ":nJqh", longs)) != -1) {
		if (opt == 'h') {
			options->help = true;
			return 0;
		}
		code = parse_one(opt, argv, options);
		if (code)
			return code;
		if (!goes_with_manifest(opt))
			other = opt;
	}
	settle(options);
	code = take_operands(argc, argv, options);
	if (!code && checks_manifest(options))
		return check_manifest(options, other);
	if (!code)
		code = check(options);
	return code ? code : check_rescue(options);
}
