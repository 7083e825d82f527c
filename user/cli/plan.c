// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan of a copy: which devices, which ranges, and whether those fit each
 * other. Nothing is opened here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512

const struct plan_target *plan_region(const struct plan *plan,
				      unsigned int region)
{
	return region ? &plan->dests[region - 1] : &plan->source;
}

const char *plan_done(const struct plan *plan)
{
	switch (plan->options->task) {
	case TASK_ZERO:
		return "zeroed";
	case TASK_VERIFY:
		return "compared";
	default:
		return "copied";
	}
}

static int complain_path(const char *path, int err)
{
	if (err == -ENOENT)
		complain("%s: there is no such device or file", path);
	else if (err != -ENOTBLK)
		complain("%s: %s", path, strerror(-err));
	else
		complain("%s is neither a block device nor a regular file",
			 path);
	return exit_of_errno(err);
}

/* A file that is to be written is not touched before all is known to be well. */
static int add_target(struct plan_target *target, const char *path,
		      uint64_t offset, bool to_be_written)
{
	int err;

	target->fd = -1;
	target->lock = -1;
	target->image = -1;
	target->path = path;
	target->offset = offset;
	err = kcopy_device_probe(path, &target->device);
	if (!err)
		return 0;
	if ((err == -ENOTBLK || err == -ENOENT) &&
	    image_is(target, to_be_written))
		return to_be_written ? 0 : image_attach(target);
	return complain_path(path, err);
}

/* What there is behind the offset. */
static int rest_of(const struct plan_target *target, uint64_t *rest)
{
	uint64_t size = target->file ? target->file_size : target->device->size;

	if (target->offset > size)
		return usage_error("--offset: %s ends at %" PRIu64
				   ", before %" PRIu64,
				   target->path, size, target->offset);
	*rest = size - target->offset;
	if (!*rest)
		return usage_error(
			"%s holds nothing behind --offset (no medium?)",
			target->path);
	/* A loop device would leave out the tail, and nobody would notice. */
	if (target->file && size % SECTOR_SIZE)
		return usage_error(
			"%s has %" PRIu64 " bytes, and the last %" PRIu64
			" are no whole sector: truncate --size=%%%d %s makes them one, --length leaves them out",
			target->path, size, size % SECTOR_SIZE, SECTOR_SIZE,
			target->path);
	return 0;
}

/* Without a source: all of the destinations, which must agree. */
static int length_of_dests(struct plan *plan)
{
	uint64_t rest = 0;
	unsigned int i;
	int code;

	for (i = 0; i < plan->nr_dests; i++) {
		code = rest_of(&plan->dests[i], &rest);
		if (code)
			return code;
		if (i && rest != plan->length)
			return usage_error(
				"%s and %s are not equally large: give --length, or zero them one by one",
				plan->dests[0].path, plan->dests[i].path);
		plan->length = rest;
	}
	return 0;
}

static int find_length(struct plan *plan)
{
	if (plan->options->has_length) {
		plan->length = plan->options->length;
		return 0;
	}
	return plan->source.device ? rest_of(&plan->source, &plan->length) :
				     length_of_dests(plan);
}

int plan_make(const struct copy_options *options, struct plan *plan)
{
	unsigned int i;
	int code = 0;

	*plan = (struct plan){ .options = options, .source.fd = -1 };
	if (options->source)
		code = add_target(&plan->source, options->source,
				  options->offset, false);
	for (i = 0; !code && i < options->nr_dests; i++) {
		plan->nr_dests++;
		code = add_target(&plan->dests[i], options->dests[i],
				  options->dest_offset,
				  options->task != TASK_VERIFY);
	}
	return code ? code : find_length(plan);
}

static void close_target(struct plan_target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	target->fd = -1;
}

void plan_close(struct plan *plan)
{
	unsigned int i;

	close_target(&plan->source);
	for (i = 0; i < plan->nr_dests; i++)
		close_target(&plan->dests[i]);
}

void plan_destroy(struct plan *plan)
{
	unsigned int i;

	plan_close(plan);
	kcopy_device_free(plan->source.device);
	for (i = 0; i < plan->nr_dests; i++) {
		kcopy_device_free(plan->dests[i].device);
		if (!plan->started)
			image_undo(&plan->dests[i]);
		if (plan->dests[i].image >= 0)
			close(plan->dests[i].image);
	}
}

static bool fits(const struct plan_target *target, uint64_t length)
{
	return target->offset <= target->device->size &&
	       length <= target->device->size - target->offset;
}

static int check_source(const struct plan *plan)
{
	const struct plan_target *source = &plan->source;
	uint32_t block;

	if (!source->device)
		return 0;
	block = source->device->logical_block;
	if (source->offset > source->device->size)
		return usage_error("--offset: %s ends at %" PRIu64
				   ", before %" PRIu64,
				   source->path, source->device->size,
				   source->offset);
	if (!fits(source, plan->length))
		return usage_error("--length: %s has only %" PRIu64
				   " bytes behind --offset, not %" PRIu64,
				   source->device->path,
				   source->device->size - source->offset,
				   plan->length);
	if (source->offset % block)
		return usage_error(
			"--offset: %" PRIu64
			" is not a multiple of %u, the logical block of %s",
			source->offset, block, source->device->path);
	if (plan->options->has_length && plan->length % block)
		return usage_error(
			"--length: %" PRIu64
			" is not a multiple of %u, the logical block of %s",
			plan->length, block, source->device->path);
	return 0;
}

static int check_size(const struct plan *plan, const struct plan_target *dest)
{
	char name[512], need[KCOPY_FORMAT_MAX], have[KCOPY_FORMAT_MAX];
	uint64_t room = dest->device->size > dest->offset ?
				dest->device->size - dest->offset :
				0;

	if (fits(dest, plan->length))
		return 0;
	complain("%s is too small: %s (%" PRIu64
		 " bytes) are to be %s, and it has room for %s (%" PRIu64
		 " bytes); ask for less with --length",
		 kcopy_device_describe(dest->device, name, sizeof(name)),
		 kcopy_format_size(plan->length, need), plan->length,
		 plan_done(plan), kcopy_format_size(room, have), room);
	return EXIT_SAFETY;
}

static int check_blocks(const struct plan *plan, const struct plan_target *dest)
{
	uint32_t block = dest->device->logical_block;
	char name[512];

	if (dest->offset % block)
		return usage_error(
			"--%s: %" PRIu64
			" is not a multiple of %u, the logical block of %s",
			plan->source.device ? "dest-offset" : "offset",
			dest->offset, block, dest->device->path);
	if (plan->length % block == 0)
		return 0;
	complain("%s has logical blocks of %u bytes, and the %" PRIu64
		 " bytes to be %s are not a multiple of that; --length %" PRIu64
		 " leaves the last %" PRIu64 " out",
		 kcopy_device_describe(dest->device, name, sizeof(name)), block,
		 plan->length, plan_done(plan),
		 plan->length - plan->length % block, plan->length % block);
	return EXIT_SAFETY;
}

static int check_writable(const struct plan *plan,
			  const struct plan_target *dest)
{
	char name[512];

	if (!dest->device->read_only || plan->options->task == TASK_VERIFY)
		return 0;
	complain(
		"%s is read-only (blockdev --setrw would change that, if it is not the hardware's doing)",
		kcopy_device_describe(dest->device, name, sizeof(name)));
	return EXIT_SAFETY;
}

/* A gap ends all writing to a zone. */
static int check_zones(const struct plan *plan, const struct plan_target *dest)
{
	const unsigned int flags = plan->options->submit_flags;

	if (!dest->device->zoned || plan->options->task == TASK_VERIFY)
		return 0;
	if (flags & KCOPYD_SUBMIT_SKIP_BAD)
		return usage_error(
			"%s is zoned and takes no gaps: --on-read-error=zero fills them",
			dest->path);
	if (flags & KCOPYD_SUBMIT_KEEP_FAILED)
		return usage_error(
			"%s is zoned: nothing can be written behind what failed, so not with --on-write-error=continue",
			dest->path);
	return 0;
}

/* Partitions are seen as the pieces of a disk that they are. */
static bool overlap(const struct plan_target *a, const struct plan_target *b,
		    uint64_t length)
{
	uint64_t start_a = a->device->start + a->offset;
	uint64_t start_b = b->device->start + b->offset;

	return a->device->disk_major == b->device->disk_major &&
	       a->device->disk_minor == b->device->disk_minor &&
	       start_a < start_b + length && start_b < start_a + length;
}

static bool same_device(const struct plan_target *a,
			const struct plan_target *b)
{
	return a->device->major == b->device->major &&
	       a->device->minor == b->device->minor;
}

static int check_pair(const struct plan *plan, unsigned int i, unsigned int j)
{
	const struct plan_target *a = plan_region(plan, i);
	const struct plan_target *b = plan_region(plan, j);
	const char *role = i ? "destination" : "source";
	char name[512];

	if (image_same(a, b)) {
		if (i)
			complain("%s is named twice as a destination", b->path);
		else
			complain("%s is the source itself", b->path);
		return EXIT_SAFETY;
	}
	/* Of files that are to be written: image_climb(). */
	if (!a->device || !b->device)
		return 0;
	kcopy_device_describe(b->device, name, sizeof(name));
	if (i && same_device(a, b))
		complain("%s is named twice as a destination%s%s", name,
			 strcmp(a->device->path, b->device->path) ?
				 ", the other time as " :
				 "",
			 strcmp(a->device->path, b->device->path) ?
				 a->device->path :
				 "");
	else if (!overlap(a, b, plan->length))
		return 0;
	else if (same_device(a, b))
		complain(
			"%s is the same device as the source %s, and the ranges overlap: --offset, --dest-offset and --length can keep them apart",
			name, a->device->path);
	else
		complain(
			"%s shares sectors with the %s %s: they are on the same disk (--dest-offset and --length can keep them apart)",
			name, role, a->device->path);
	return EXIT_SAFETY;
}

static int check_device(const struct plan *plan, const struct plan_target *dest)
{
	int code = check_writable(plan, dest);

	if (!code)
		code = check_zones(plan, dest);
	if (!code)
		code = check_blocks(plan, dest);
	return code ? code : check_size(plan, dest);
}

/* It will be as long as need be. */
static int check_file(const struct plan *plan, const struct plan_target *dest)
{
	if (dest->offset % SECTOR_SIZE)
		return usage_error("--%s: %" PRIu64 " is not a multiple of %d",
				   plan->source.device ? "dest-offset" :
							 "offset",
				   dest->offset, SECTOR_SIZE);
	if (plan->length % SECTOR_SIZE == 0)
		return 0;
	return usage_error("--length: %" PRIu64 " is not a multiple of %d",
			   plan->length, SECTOR_SIZE);
}

static int check_dest(const struct plan *plan, unsigned int region)
{
	const struct plan_target *dest = plan_region(plan, region);
	unsigned int i;
	int code;

	code = dest->device ? check_device(plan, dest) : check_file(plan, dest);
	for (i = 0; !code && i < region; i++)
		code = check_pair(plan, i, region);
	return code;
}

/* Everything that is wrong is told at once; the first decides the code. */
int plan_check(const struct plan *plan)
{
	int code, first = check_source(plan);
	unsigned int i;

	if (first)
		return first;
	for (i = 1; i <= plan->nr_dests; i++) {
		code = check_dest(plan, i);
		if (!first)
			first = code;
	}
	return first;
}

const char *why_not_resumed(const struct plan_target *dest, char *buf,
			    size_t size)
{
	*buf = '\0';
	if (dest->not_resumed)
		snprintf(buf, size, "--force=resume does not apply: %s; ",
			 dest->not_resumed);
	return buf;
}
