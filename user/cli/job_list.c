// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of jobs. */
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "job_list.h"
#include "outcome.h"
#include "result.h"
#include "table.h"

#define FINISHED_SHOWN 8

static const char *state_of(const struct kcopyd_status *status)
{
	if (status->state != KCOPYD_STATE_DONE &&
	    status->flags & KCOPYD_STATUS_DRAINING)
		return "draining";
	return kcopy_state_string(status->state);
}

static char *percent_of(const struct outcome *outcome, char buf[16])
{
	const uint64_t length = outcome->status.length;

	snprintf(buf, 16, "%u%%",
		 length ? (unsigned int)((__uint128_t)outcome_bytes(outcome) *
					 100 / length) :
			  100);
	return buf;
}

/* The device, and how many more there are. */
static char *region_text(const struct outcome *outcome, unsigned int region,
			 char *buf, size_t size)
{
	unsigned int more = outcome->status.nr_regions - 2;
	char node[PATH_MAX];
	int len;

	len = snprintf(buf, size, "%s",
		       outcome_path(outcome, region, node, sizeof(node)));
	if (region && more && len < (int)size)
		snprintf(buf + len, size - len, " +%u", more);
	return buf;
}

static void add_line(struct libscols_table *table,
		     const struct outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	char job[24], done[16], length[KCOPY_FORMAT_MAX], user[16], pid[16];
	char source[PATH_MAX], dests[PATH_MAX];

	snprintf(job, sizeof(job), "%" PRIu64, (uint64_t)status->job);
	snprintf(user, sizeof(user), "%u", status->uid);
	snprintf(pid, sizeof(pid), "%d", status->pid);
	table_add(table,
		  (const char *[]){
			  job,
			  state_of(status),
			  result_word(status, outcome->regions),
			  percent_of(outcome, done),
			  kcopy_format_size(status->length, length),
			  region_text(outcome, 0, source, sizeof(source)),
			  region_text(outcome, 1, dests, sizeof(dests)),
			  user,
			  pid,
		  });
}

/* The first job from FROM on. */
static bool next(struct kcopy *kcopy, uint64_t from, struct outcome *outcome)
{
	return !kcopy_next_job(kcopy, from, &outcome->status, outcome->regions,
			       KCOPYD_MAX_REGIONS);
}

static unsigned int count_finished(struct kcopy *kcopy)
{
	struct kcopyd_status status;
	unsigned int nr = 0;
	uint64_t from = 0;

	while (!kcopy_next_job(kcopy, from, &status, NULL, 0)) {
		nr += status.state == KCOPYD_STATE_DONE;
		from = status.job + 1;
	}
	return nr;
}

void job_list_print(struct kcopy *kcopy, bool all)
{
	static const char *const columns[] = {
		">JOB",	  "STATE",	  "RESULT", ">DONE", ">LENGTH",
		"SOURCE", "DESTINATIONS", ">UID",   ">PID",
	};
	unsigned int finished = count_finished(kcopy);
	unsigned int skip = all || finished < FINISHED_SHOWN ?
				    0 :
				    finished - FINISHED_SHOWN;
	unsigned int left = skip;
	struct libscols_table *table;
	struct outcome outcome = {};
	uint64_t from = 0;

	table = table_create(columns, sizeof(columns) / sizeof(*columns));
	while (next(kcopy, from, &outcome)) {
		from = outcome.status.job + 1;
		if (left && outcome.status.state == KCOPYD_STATE_DONE)
			left--;
		else
			add_line(table, &outcome);
	}
	table_print(table);
	if (skip)
		printf("%u more finished jobs: --all shows them\n", skip);
}

struct json_object *job_list_json(struct kcopy *kcopy)
{
	struct json_object *list = json_object_new_array();
	struct outcome outcome = {};
	struct json_object *job;
	uint64_t from = 0;

	while (next(kcopy, from, &outcome)) {
		job = json_object_new_object();
		job_json(job, &outcome.status, outcome.regions);
		json_object_array_add(list, job);
		from = outcome.status.job + 1;
	}
	return list;
}
