// SPDX-License-Identifier: GPL-2.0-or-later
/* What has come of a job so far. */
#include <errno.h>
#include <stdlib.h>
#include "exit.h"
#include "outcome.h"
#include "result.h"

int outcome_update(struct outcome *outcome, struct kcopy *kcopy, uint64_t job)
{
	return kcopy_status(kcopy, job, &outcome->status, outcome->regions,
			    KCOPYD_MAX_REGIONS);
}

int outcome_get(struct outcome *outcome, struct kcopy *kcopy, uint64_t job)
{
	int err = outcome_update(outcome, kcopy, job);

	if (err)
		return err;
	free(outcome->extents);
	outcome->extents = NULL;
	outcome->nr_extents = 0;
	return kcopy_extents(kcopy, job, &outcome->extents,
			     &outcome->nr_extents);
}

uint64_t outcome_bytes(const struct outcome *outcome)
{
	return kcopy_progress(&outcome->status, outcome->regions);
}

bool outcome_has_source(const struct outcome *outcome)
{
	return outcome->regions[0].major || outcome->regions[0].minor;
}

const char *outcome_path(const struct outcome *outcome, unsigned int region,
			 char *node, size_t size)
{
	const struct kcopyd_region_status *status = &outcome->regions[region];

	if (outcome->devices[region])
		return outcome->devices[region]->path;
	if (!region && !outcome_has_source(outcome))
		return "zeroes";
	/* Of one that is over the loop device may be another file's. */
	if (outcome->status.state != KCOPYD_STATE_DONE &&
	    kcopy_device_file(status->major, status->minor, node, size))
		return node;
	return kcopy_device_node(status->major, status->minor, node, size);
}

uint64_t outcome_lag(const struct outcome *outcome, unsigned int *region)
{
	uint64_t least = UINT64_MAX, most = 0, bytes;
	unsigned int i;

	for (i = 1; i < outcome->status.nr_regions; i++) {
		if (outcome->regions[i].flags & KCOPYD_REGION_DETACHED)
			continue;
		bytes = kcopy_region_progress(&outcome->status,
					      &outcome->regions[i]);
		if (bytes > most)
			most = bytes;
		if (bytes >= least)
			continue;
		least = bytes;
		*region = i;
	}
	return least < most ? most - least : 0;
}

/* Also where something else failed first. */
static bool differs(const struct outcome *outcome)
{
	size_t i;

	for (i = 0; i < outcome->nr_extents; i++)
		if (outcome->extents[i].kind == KCOPYD_EXTENT_DIFFERS)
			return true;
	return false;
}

int outcome_code(const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;

	if (status->code == -EIO &&
	    status->submit_flags & KCOPYD_SUBMIT_COMPARE && differs(outcome))
		return EXIT_PARTIAL;
	return result_code(status, outcome->regions);
}
