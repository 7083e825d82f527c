/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the statistics' maps say. */
#ifndef _TESTS_VM_SEEN_H
#define _TESTS_VM_SEEN_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include <kcopyd/stats.h>

/* There must be a row. */
struct kcopyd_region_stats seen_region(uint64_t job, unsigned int region);
struct kcopyd_job_stats seen_job(uint64_t job);
/* All zeroes if there is no row. */
struct kcopyd_device_stats seen_device(const char *path, unsigned int op);
/* The only client that has a row. */
struct kcopyd_client_stats seen_client(void);
/* How many jobs have one. */
size_t seen_jobs(void);
uint64_t seen_counter(enum kcopyd_counter counter);
/* Events that came while a program of the statistics ran there already. */
uint64_t seen_misses(void);
void seen_expect_no_losses(void);
/* In all slots. */
uint64_t seen_latencies(const struct kcopyd_latency *lat);

#endif /* _TESTS_VM_SEEN_H */
