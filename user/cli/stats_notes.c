// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said below the tables of statistics. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "stats.h"

/**
 * struct note - a line about one thing, if there is something to say of it
 * @file: where to
 * @subject: the thing
 * @begun: something was said
 */
struct note {
	FILE *file;
	char subject[DEVICE_NAME_MAX + 32];
	bool begun;
};

static void __attribute__((format(printf, 2, 3)))
add(struct note *note, const char *format, ...)
{
	va_list args;

	fprintf(note->file, "%s%s", note->begun ? "" : note->subject,
		note->begun ? ", " : ": ");
	va_start(args, format);
	vfprintf(note->file, format, args);
	va_end(args);
	note->begun = true;
}

static void add_count(struct note *note, uint64_t count, const char *one,
		      const char *many)
{
	if (count)
		add(note, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static void end(struct note *note)
{
	if (note->begun)
		fputc('\n', note->file);
}

static void add_error(struct note *note, int last_errno)
{
	if (last_errno)
		add(note, "last error: %s", strerror(-last_errno));
}

static void region_note(FILE *file, const struct region_row *row)
{
	const struct kcopyd_region_stats *stats = &row->stats;
	struct note note = { .file = file };

	snprintf(note.subject, sizeof(note.subject),
		 "job %" PRIu64 ", region %u", row->job, row->region);
	add_count(&note, stats->retries, "retry", "retries");
	add_count(&note, stats->verifies, "read back", "read back");
	add_count(&note, stats->zeroes, "write-zeroes", "write-zeroes");
	add_count(&note, stats->refused, "refused by the device",
		  "refused by the device");
	add_error(&note, stats->last_errno);
	end(&note);
}

/* The bitset in words: which regions it was. */
static void add_failed(struct note *note, const struct kcopyd_job_stats *stats)
{
	uint64_t bits = stats->write_err;

	if (stats->read_err)
		add(note, "reads of the source failed");
	if (!bits)
		return;
	add(note, "write_err 0x%" PRIx64 ", failed regions:", bits);
	for (; bits; bits &= bits - 1)
		fprintf(note->file, " %d", __builtin_ctzll(bits) + 1);
}

static void job_note(FILE *file, const struct kcopy_job_row *row)
{
	const struct kcopyd_job_stats *stats = &row->stats;
	struct note note = { .file = file };
	char time[KCOPY_FORMAT_MAX];

	snprintf(note.subject, sizeof(note.subject), "job %" PRIu64, row->job);
	if (stats->throttles)
		add(&note, "throttled %" PRIu64 " time%s, %s",
		    (uint64_t)stats->throttles,
		    stats->throttles == 1 ? "" : "s",
		    kcopy_format_time(stats->throttle_ns, time));
	add_failed(&note, stats);
	end(&note);
}

void stats_job_notes(FILE *file, const struct snapshot *snapshot)
{
	size_t i, r = 0;

	for (i = 0; i < snapshot->nr_jobs; i++) {
		for (; r < snapshot->nr_regions &&
		       snapshot->regions[r].job == snapshot->jobs[i].job;
		     r++)
			region_note(file, &snapshot->regions[r]);
		job_note(file, &snapshot->jobs[i]);
	}
}

void stats_device_notes(FILE *file, const struct snapshot *snapshot)
{
	char name[DEVICE_NAME_MAX];
	size_t i;

	for (i = 0; i < snapshot->nr_devices; i++) {
		const struct kcopy_device_row *row = &snapshot->devices[i];
		struct note note = { .file = file };

		snprintf(note.subject, sizeof(note.subject), "%s, %s",
			 device_name(row->key.major, row->key.minor, name),
			 kcopy_op_string(row->key.op));
		add_count(&note, row->stats.retries, "retry", "retries");
		add_count(&note, row->stats.verifies, "read back", "read back");
		add_count(&note, row->stats.direct, "of a dm-io call",
			  "of dm-io calls");
		add_error(&note, row->stats.last_errno);
		end(&note);
	}
}

void stats_losses(FILE *file, const struct snapshot *snapshot)
{
	struct loss losses[SNAPSHOT_LOSSES];
	size_t i;

	snapshot_losses(snapshot, losses);
	for (i = 0; i < SNAPSHOT_LOSSES; i++) {
		if (losses[i].count)
			fprintf(file, "not counted: %" PRIu64 " %s (%s)\n",
				losses[i].count, losses[i].what,
				losses[i].advice);
	}
}
