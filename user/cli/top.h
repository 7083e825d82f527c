/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view: a model of two snapshots, drawn as a frame of text or as
 * JSON, shown on a terminal or printed.
 */
#ifndef _KCOPYCTL_TOP_H
#define _KCOPYCTL_TOP_H

#include <stdbool.h>
#include "flow.h"
#include "snapshot.h"

struct frame;
struct json_object;

/* ---- top_model.c: what there is to show ---------------------------------- */

enum top_sort {
	TOP_SORT_NAME, /* jobs and regions, or devices, by number */
	TOP_SORT_RATE,
	TOP_SORT_REQUESTS,
	TOP_SORT_P50,
	TOP_SORT_P99,
	TOP_SORT_ERRORS, /* growing ones first */
	TOP_SORT_IN_FLIGHT,
	TOP_SORTS,
};

/**
 * struct top_row - a region of a job, or the small jobs of a client
 * @client: a client's small jobs; the rest that has to do with a job is 0
 * @number: of the job, or of the client
 * @region: 0 the source, 1..n the destinations
 * @state: enum kcopyd_state of the job
 * @major: of the device
 * @minor: of the device
 * @device: its name
 * @size: bytes to be done, of which flow.bytes are
 * @in_flight: requests
 * @last_errno: 0 or negative
 * @flow: of the region; of a client's small jobs, whole jobs are the requests
 */
struct top_row {
	bool client;
	uint64_t number;
	unsigned int region;
	uint32_t state;
	uint32_t major;
	uint32_t minor;
	char device[DEVICE_NAME_MAX];
	uint64_t size;
	uint32_t in_flight;
	int last_errno;
	struct flow flow;
};

/**
 * struct top_device - a device
 * @major: number
 * @minor: number
 * @device: its name
 * @in_flight: requests of unfinished jobs
 * @last_errno: 0 or negative
 * @read: reads
 * @write: writes and write-zeroes
 * @all: every operation, flushes and discards, too
 */
struct top_device {
	uint32_t major;
	uint32_t minor;
	char device[DEVICE_NAME_MAX];
	uint64_t in_flight;
	int last_errno;
	struct flow read;
	struct flow write;
	struct flow all;
};

/**
 * struct top_model - what there is to show
 * @time_ns: CLOCK_MONOTONIC
 * @interval_ns: what is new came in this time; 0 when it is not known
 * @all: finished jobs and idle devices, too
 * @running: unfinished jobs
 * @finished: jobs since the statistics were loaded
 * @read_rate: bytes a second of all devices
 * @write_rate: bytes a second of all devices
 * @losses: what was not counted
 * @rows: regions of jobs and small jobs of clients
 * @nr_rows: how many
 * @devices: in use
 * @nr_devices: how many
 */
struct top_model {
	uint64_t time_ns;
	uint64_t interval_ns;
	bool all;
	uint64_t running;
	uint64_t finished;
	uint64_t read_rate;
	uint64_t write_rate;
	struct loss losses[SNAPSHOT_LOSSES];
	struct top_row *rows;
	size_t nr_rows;
	struct top_device *devices;
	size_t nr_devices;
};

/*
 * Make a model of a snapshot and of one BEFORE, in the order TOP_SORT_NAME.
 * 0 or -ENOMEM; top_model_free() it in any case.
 */
int top_model_make(struct top_model *model, const struct snapshot *before,
		   const struct snapshot *now, bool all);
void top_model_free(struct top_model *model);
void top_model_sort(struct top_model *model, enum top_sort sort);

/* Of TOP_SORT_NAME "job"; "device" is that, too. -1: there is no such name. */
const char *top_sort_name(enum top_sort sort);

/* ---- how it is looked at ------------------------------------------------- */

/**
 * struct top_look - how a model is looked at
 * @sort: the order
 * @all: finished jobs and idle devices, too
 * @devices: a row a device, not a row a region
 * @help: an explanation instead
 * @first: rows that are left out at the top
 * @interval_ns: between two frames
 */
struct top_look {
	enum top_sort sort;
	bool all;
	bool devices;
	bool help;
	size_t first;
	uint64_t interval_ns;
};

/* The least that a terminal must have. */
#define TOP_MIN_WIDTH 80
#define TOP_MIN_HEIGHT 6

/* top_frame.c: draw into an empty frame. */
void top_draw(struct frame *frame, const struct top_model *model,
	      const struct top_look *look);

/* top_json.c: a document. */
struct json_object *top_json(const struct top_model *model);

/* ---- top_watch.c: models, one after the other ---------------------------- */

struct top_watch {
	struct snapshot before;
	struct snapshot now;
	struct top_model model;
};

/*
 * Look at the maps, and make a model of that and of the last time before;
 * again: of that and of the same time before. 0 or -errno.
 */
int top_watch_next(struct top_watch *watch, bool all);
int top_watch_again(struct top_watch *watch, bool all);
void top_watch_free(struct top_watch *watch);

/* top_screen.c: on the terminal, so many frames, 0: no end; an exit code. */
int top_screen(struct top_look *look, uint64_t frames);

#endif /* _KCOPYCTL_TOP_H */
