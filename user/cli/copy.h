/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of 'kcopyctl copy', in the order in which they run:
 * options (what is asked for), plan (which devices and ranges), ladder (what
 * speaks against it), run (the job), report (what came of it).
 */
#ifndef _KCOPYCTL_COPY_H
#define _KCOPYCTL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libkcopy.h>

enum progress_mode {
	PROGRESS_AUTO, /* a line on stderr, if that is a terminal */
	PROGRESS_NEVER,
	PROGRESS_ALWAYS, /* also if it is none */
	PROGRESS_JSON, /* JSON lines on a descriptor */
};

/* What --force overrides, one bit each. */
#define FORCE_SIGNATURE (1U << 0)
#define FORCE_SOURCE_MOUNTED (1U << 1)

/**
 * struct copy_options - what is asked for
 * @source: path
 * @dests: paths
 * @nr_dests: 1..KCOPYD_MAX_DESTS
 * @offset: of the source, bytes
 * @dest_offset: of every destination, bytes
 * @length: bytes, meaningful if @has_length; else the rest of the source
 * @chunk: bytes, 0 = default
 * @depth: chunks in flight, 0 = default
 * @memory: bytes of reserve, 0 = default
 * @submit_flags: KCOPYD_SUBMIT_*
 * @force: FORCE_*
 * @progress: how to show it
 * @progress_fd: where to, for PROGRESS_JSON
 */
struct copy_options {
	const char *source;
	char *const *dests;
	unsigned int nr_dests;
	uint64_t offset;
	uint64_t dest_offset;
	uint64_t length;
	bool has_length;
	unsigned int chunk;
	unsigned int depth;
	uint64_t memory;
	unsigned int submit_flags;
	unsigned int force;
	enum progress_mode progress;
	int progress_fd;
	bool dry_run;
	bool json;
	bool quiet;
	bool help;
};

/**
 * struct plan_target - a device of the plan
 * @device: what it is
 * @offset: first byte
 * @fd: open once the ladder has been climbed, or -1
 * @found: what is on a destination and will be lost, or ""
 */
struct plan_target {
	struct kcopy_device *device;
	uint64_t offset;
	int fd;
	char found[256];
};

struct plan {
	const struct copy_options *options;
	struct plan_target source;
	struct plan_target dests[KCOPYD_MAX_DESTS];
	unsigned int nr_dests;
	uint64_t length;
};

/**
 * struct copy_result - what came of it
 * @status: of the finished job
 * @regions: of the finished job
 * @extents: error extents, sorted
 * @nr_extents: how many
 */
struct copy_result {
	struct kcopyd_status status;
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_extent *extents;
	size_t nr_extents;
};

/* Each returns an exit code, and has complained if it is not 0. */
int copy_parse(int argc, char *argv[], struct copy_options *options);
int plan_make(const struct copy_options *options, struct plan *plan);
int plan_check(const struct plan *plan);
int plan_print(const struct plan *plan);
int ladder_climb(struct plan *plan);
int copy_run(struct plan *plan, struct copy_result *result);
int copy_report(const struct plan *plan, const struct copy_result *result);

/* Closes the devices, too. */
void plan_destroy(struct plan *plan);

/* Region 0 is the source, 1..n the destinations. */
const struct plan_target *plan_region(const struct plan *plan,
				      unsigned int region);

#endif /* _KCOPYCTL_COPY_H */
