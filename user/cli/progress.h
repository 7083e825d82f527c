/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress: how far, how fast, how long still. No I/O, so that it is tested. */
#ifndef _KCOPYCTL_PROGRESS_H
#define _KCOPYCTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

#define PROGRESS_SAMPLES 64
#define PROGRESS_LINE_MAX 256

/**
 * struct progress - samples of the recent past, and what they say
 * @total: bytes to be done
 * @bytes: done
 * @failed: destinations that failed
 * @lag: bytes that the slowest destination is behind the fastest
 * @slowest: path of it, if @lag
 * @state: a word, shown when it is not "running"
 * @start_ns: of the first sample
 * @now_ns: of the last sample
 * @times: ring of samples, ns
 * @amounts: ring of samples, bytes
 * @nr: samples so far; the ring holds the last ones
 */
struct progress {
	uint64_t total;
	uint64_t bytes;
	unsigned int failed;
	uint64_t lag;
	char slowest[PROGRESS_LINE_MAX];
	const char *state;
	uint64_t start_ns;
	uint64_t now_ns;
	uint64_t times[PROGRESS_SAMPLES];
	uint64_t amounts[PROGRESS_SAMPLES];
	unsigned int nr;
};

void progress_init(struct progress *progress, uint64_t total);

/* Add a sample. Times must not go back; samples closer than 50 ms merge. */
void progress_add(struct progress *progress, uint64_t now_ns, uint64_t bytes);

/* Bytes a second over the last five seconds. */
uint64_t progress_rate(const struct progress *progress);

/* Whether the end can be foretold, and how many ns it is away. */
bool progress_eta(const struct progress *progress, uint64_t *ns);

/* A line of at most WIDTH columns; BUF has room for PROGRESS_LINE_MAX. */
char *progress_line(const struct progress *progress, size_t width, char *buf);

/* The same as an object. */
struct json_object *progress_json(const struct progress *progress,
				  uint64_t job);

#endif /* _KCOPYCTL_PROGRESS_H */
