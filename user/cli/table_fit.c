// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A partition table counts in logical blocks: copied onto a disk with others it
 * is not found there, or leads astray. The bytes would all be there, so that who
 * knows what to do with them may have them.
 */
#include <stdio.h>
#include "cli.h"
#include "copy.h"

#define SECTOR_SIZE 512
#define CD_BLOCK 2048

/* A whole disk; a part of one has no table that would be looked for. */
static bool is_at_start(const struct plan *plan, const struct plan_target *dest)
{
	return !plan->source.offset && !dest->offset && !dest->file &&
	       !dest->device->partition;
}

/* Of two disks alike the copy is as good, or as bad, as what it is of. */
static bool may_misfit(const struct plan *plan)
{
	const struct plan_target *source = &plan->source;
	unsigned int i;

	for (i = 0; i < plan->nr_dests; i++)
		if (is_at_start(plan, &plan->dests[i]) &&
		    (source->file || plan->dests[i].device->logical_block !=
					     source->device->logical_block))
			return true;
	return false;
}

/* Of a table that does not say so; those of CDs are for disks. */
static unsigned int own_block(const struct plan_target *source)
{
	if (source->file || source->device->logical_block == CD_BLOCK)
		return SECTOR_SIZE;
	return source->device->logical_block;
}

static int check_dest(const struct plan *plan, const struct plan_target *dest,
		      unsigned int block)
{
	char name[512];

	if (!is_at_start(plan, dest) || block == dest->device->logical_block)
		return EXIT_COMPLETE;
	complain(
		"%s has logical blocks of %u bytes, and the partition table of %s counts in blocks of %u: its partitions would not be found; copy them one by one, or with --force=size all as it is",
		kcopy_device_describe(dest->device, name, sizeof(name)),
		dest->device->logical_block, plan->source.path, block);
	return EXIT_SAFETY;
}

int table_fit_check(const struct plan *plan)
{
	const struct plan_target *source = &plan->source;
	unsigned int block, i;
	int code = 0;

	if (plan->options->task != TASK_COPY ||
	    plan->options->force & FORCE_SIZE || source->device->partition)
		return 0;
	if (!may_misfit(plan))
		return 0;
	/* What can't be read is for the copy to say. */
	if (kcopy_device_table(source->fd, &block) <= 0)
		return 0;
	if (!block)
		block = own_block(source);
	for (i = 0; !code && i < plan->nr_dests; i++)
		code = check_dest(plan, &plan->dests[i], block);
	return code;
}
