/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests share: modules, commands, the kernel's log, devices and what
 * is on them. A helper that can't do its work fails the test that called it.
 *
 * Every test runs in a process of its own. What it creates has names with the
 * prefix "kt-" and is destroyed at its end, also after a failure.
 */
#ifndef _TESTS_VM_RIG_H
#define _TESTS_VM_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define SECTOR 512ULL
#define KIB (1ULL << 10)
#define MIB (1ULL << 20)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Of every suite: generous, since the debug kernel is slow under emulation. */
#define RIG_SUITE .fini = rig_fini, .timeout = 900

/*
 * A test, with the module loaded before and the kernel log looked at after.
 * Part of the test and not of its fixture, where a failed assertion would not
 * count.
 */
#define RIG_TEST(suite, name)                    \
	static void suite##_##name##_body(void); \
	Test(suite, name)                        \
	{                                        \
		rig_begin();                     \
		suite##_##name##_body();         \
		rig_end();                       \
	}                                        \
	static void suite##_##name##_body(void)

/* ---- rig.c: around a test ------------------------------------------------ */

/* Removes what a killed test left, marks the kernel log, loads the module. */
void rig_begin(void);
/* Destroys what the test made; fails it if the kernel complained. */
void rig_end(void);
/* After rig_end(), or instead of it when the test failed before. */
void rig_fini(void);

/*
 * For the rest of the test: where tracepoints come and go while a job runs.
 * What emulates several processors may run an instruction of which another
 * one has patched the first byte only, a breakpoint, when that has an owner no
 * longer: an oops "int3", which no real machine knows.
 */
void rig_one_processor(void);

/* The one with checkers, which is slow and has few drivers. */
bool rig_on_debug_kernel(void);
/* The full figure, or a smaller one on the debug kernel or with KCOPYD_SLOW=1. */
unsigned int rig_scaled(unsigned int full, unsigned int slow);
uint64_t rig_now_ms(void);
void rig_sleep_ms(unsigned int ms);
/* Of the kernel, by whatever. */
unsigned long rig_taint(void);
/* What the environment says, if it does. */
uint64_t rig_number(const char *variable, uint64_t otherwise);
uint64_t rig_any_seed(void);

/* Waits until the condition holds; fails the test after some time. */
#define rig_wait_for(condition, seconds, what)                               \
	do {                                                                 \
		uint64_t end_ = rig_now_ms() + 1000ULL * (seconds);          \
		while (!(condition)) {                                       \
			cr_assert(rig_now_ms() < end_, "%s: not after %u s", \
				  what, (unsigned int)(seconds));            \
			rig_sleep_ms(5);                                     \
		}                                                            \
	} while (0)

/* ---- modules.c ----------------------------------------------------------- */

bool module_loaded(const char *name);
/* From the build folder; no-op when it is loaded. */
void module_load(const char *name);
/* 0 or -errno; -EWOULDBLOCK when it is in use. */
int module_try_unload(const char *name);
/* Without BPF links; fails the test when it stays in use. */
void module_unload(const char *name);
/* Ours, the one that uses the other first. */
void modules_unload(void);
/* Where kcopyd.ko is. */
const char *module_file(void);
/* A module of the distribution, with or without options, loaded or not. */
void module_probe(const char *name, const char *options);
/* Is there such an algorithm, with the modules that are loaded now? */
bool crypto_has(const char *algorithm);
/* The kernel loads no module by itself, until the end of the test at most. */
void modprobe_disable(void);
void modprobe_enable(void);

/* ---- run.c --------------------------------------------------------------- */

/**
 * struct run - a finished command
 * @status: exit status, or 128 + signal
 * @out: standard output, a string
 * @err: standard error, a string
 */
struct run {
	int status;
	char *out;
	char *err;
};

/* @input: for its standard input, or NULL. @uid: 0 or another user's. */
struct run run_as(unsigned int uid, const char *input, const char *const *argv);
void run_free(struct run *run);

/* Several words; fails the test unless the status is 0. */
#define run_ok(...) \
	run_checked(NULL, (const char *const[]){ __VA_ARGS__, NULL })
#define run_ok_input(input, ...) \
	run_checked(input, (const char *const[]){ __VA_ARGS__, NULL })
#define run_any(...) run_as(0, NULL, (const char *const[]){ __VA_ARGS__, NULL })
void run_checked(const char *input, const char *const *argv);

/* All of a short text; until the next one is asked for. */
const char *file_text(const char *path);

/* ---- devices.c ----------------------------------------------------------- */

/**
 * struct null_options - of a null_blk device with memory behind it
 * @mib: size
 * @block: logical block in bytes, 0 = 512
 * @max_sectors: most sectors a request, 0 = the driver's default
 * @latency_us: of every request, 0 = none
 * @depth: requests in flight, 0 = the driver's default; without a scheduler
 * @zone_mib: of each zone, a power of two; 0 = not zoned
 * @cache_mib: of a cache that goes with the power, 0 = none; what is written
 *	for the second time goes past it, until it is discarded
 * @discard: can be done
 * @virt_boundary: segments must meet at page boundaries
 * @no_merges: a request is one bio. For where memory may be missing: of a
 *	request that it could not keep the first bio of, the driver keeps the
 *	next one in its place, and calls that good
 */
struct null_options {
	unsigned int mib;
	unsigned int block;
	unsigned int max_sectors;
	unsigned int latency_us;
	unsigned int depth;
	unsigned int zone_mib;
	unsigned int cache_mib;
	bool discard;
	bool virt_boundary;
	bool no_merges;
};

/* Returns the path, "/dev/kt-NAME"; it stays valid. */
const char *null_create(const char *name, struct null_options options);
void null_destroy(const char *name);
/* Whoever has it open; it is no disk any longer. */
void null_power_off(const char *name);
/* Nobody may have it open. What was in its cache is gone. */
void null_cut_power(const char *name);
/* From now on these sectors can be neither read nor written. */
void null_make_bad(const char *name, uint64_t sector, uint64_t sectors);

/* A disk of scsi_debug, which there is one of; more options for modprobe. */
const char *scsi_create(unsigned int mib, unsigned int block,
			const char *options);
void scsi_destroy(void);
/* Of every command from now on. */
void scsi_delay_ms(unsigned int ms);
/* An attribute of its driver. */
void scsi_option(const char *name, unsigned int value);
/* From now on these sectors can't be read. */
void scsi_make_bad(unsigned int sector, unsigned int sectors);
/* As if it were pulled out. */
void scsi_delete(const char *path);

/* Returns the path, "/dev/mapper/kt-NAME"; lines of the table in @table. */
const char *dm_create(const char *name, const char *table, ...)
	__attribute__((format(printf, 2, 3)));
void dm_load(const char *name, const char *table);
void dm_suspend(const char *name);
void dm_resume(const char *name);
void dm_destroy(const char *name);

/* Returns the path of a RAID whose only disk is "/dev/kt-NAME". */
const char *md_create(const char *name);
void md_destroy(void);

/* A loop device over a file in memory; it goes when its descriptors do. */
const char *loop_create(unsigned int mib);
/* Whether there is one over a file with that in its path. */
bool loop_is_over(const char *word);

/* All of them, in the order that lets them go, their descriptors closed. */
void devices_destroy(void);

uint64_t device_size(const char *path);
int device_open(const char *path, int flags);
/* Whether somebody holds it with O_EXCL. */
bool device_is_busy(const char *path);

/* ---- data.c: what is on a device ----------------------------------------- */

/*
 * Every sector says whose it is: content is a function of a seed and of a
 * sector number, so that a sector that is old, misplaced or foreign is seen
 * and named. A range "with seed s from sector n" holds n, n + 1, ...
 */
void data_make(void *buffer, size_t bytes, uint64_t seed, uint64_t sector);
void data_fill(const char *path, uint64_t seed);
void data_fill_range(const char *path, uint64_t offset, uint64_t length,
		     uint64_t seed, uint64_t sector);
/* First byte in the range that is not as told, or @length. Not cached. */
uint64_t data_matches(const char *path, uint64_t offset, uint64_t length,
		      uint64_t seed, uint64_t sector);
void data_expect(const char *path, uint64_t offset, uint64_t length,
		 uint64_t seed, uint64_t sector);
void data_expect_zeroes(const char *path, uint64_t offset, uint64_t length);
/* The whole device has its own numbering with this seed. */
void data_expect_untouched(const char *path, uint64_t seed);

/**
 * struct data_copy - what a copy should have made of a device
 * @seed: that the device was filled with
 * @offset: where the copy went
 * @length: how long it was
 * @source_seed: that the source was filled with
 * @source_offset: where the copy came from
 */
struct data_copy {
	uint64_t seed;
	uint64_t offset;
	uint64_t length;
	uint64_t source_seed;
	uint64_t source_offset;
};

/* The whole device: what is before, inside and behind the range. */
void data_expect_copy(const char *path, const struct data_copy *copy);
/* Of a whole device, to see whether anything still writes. */
uint64_t data_sum(const char *path);
/* Two whole devices, read side by side. */
void data_expect_equal(const char *a, const char *b);
void data_drop_caches(void);
/* Of the device itself. */
void data_flush(const char *path);

#endif /* _TESTS_VM_RIG_H */
