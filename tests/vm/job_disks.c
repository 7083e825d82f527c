// SPDX-License-Identifier: GPL-2.0-or-later
/* The disks of random jobs: what they hold, and where they are bad. */
#include "job_random.h"

#define SIZE (JOB_MIB * MIB / SECTOR)
#define HALF (SIZE / 2)
/* Where a piece of a dm device ends: in the middle of a page. */
#define SPLIT 3333ULL

static const char *open_swapped(void)
{
	const char *base =
		null_create("halves", (struct null_options){ .mib = JOB_MIB });

	return dm_create("swapped",
			 "0 %llu linear %s %llu\n"
			 "%llu %llu linear %s 0\n",
			 HALF, base, HALF, HALF, HALF, base);
}

/* Reads at once, writes later. */
static const char *open_late(void)
{
	const char *base =
		null_create("early", (struct null_options){ .mib = JOB_MIB });

	module_probe("dm-delay", NULL);
	return dm_create("late", "0 %llu delay %s 0 0 %s 0 30", SIZE, base,
			 base);
}

static const char *open_flaky(int caller)
{
	return test_disk_create(caller, "flaky",
				(struct test_disk_options){
					.mib = JOB_MIB,
					.max_sectors = 256,
					.max_write_zeroes_sectors = 512,
					.write_cache = true,
					.no_merges = true,
				});
}

static const char *open_coarse(int caller)
{
	return test_disk_create(caller, "coarse",
				(struct test_disk_options){
					.mib = JOB_MIB,
					.block = 4096,
					.max_sectors = 64,
					.max_segments = 4,
					.completion =
						KCOPYD_TEST_DISK_INTERRUPT,
				});
}

static const char *open_split(int caller)
{
	const char *base = test_disk_create(caller, "pieces",
					    (struct test_disk_options){
						    .mib = JOB_MIB,
						    .max_sectors = 128,
						    .write_cache = true,
					    });

	return dm_create("split",
			 "0 %llu linear %s 0\n"
			 "%llu %llu linear %s %llu\n",
			 SPLIT, base, SPLIT, SIZE - SPLIT, base, SPLIT);
}

static const char *open_disk(struct job_disks *disks, unsigned int i)
{
	switch (i) {
	case JOB_LARGE:
		return null_create("large",
				   (struct null_options){ .mib = JOB_MIB,
							  .block = 4096,
							  .max_sectors = 512 });
	case JOB_TINY:
		return null_create("tiny",
				   (struct null_options){ .mib = JOB_MIB,
							  .max_sectors = 24,
							  .latency_us = 50 });
	case JOB_SWAPPED:
		return open_swapped();
	case JOB_LATE:
		return open_late();
	case JOB_FLAKY:
		disks->disks[i].test_disk = "flaky";
		disks->disks[i].caches = true;
		return open_flaky(disks->caller);
	case JOB_COARSE:
		disks->disks[i].test_disk = "coarse";
		return open_coarse(disks->caller);
	case JOB_SPLIT:
		disks->disks[i].test_disk = "pieces";
		disks->disks[i].caches = true;
		return open_split(disks->caller);
	default:
		return null_create(
			"plain", (struct null_options){ .mib = JOB_MIB,
							.max_sectors = 2048 });
	}
}

void job_disks_open(struct job_disks *disks)
{
	*disks = (struct job_disks){ .caller = caller_open() };
	for (unsigned int i = 0; i < JOB_DISKS; i++) {
		struct job_disk *disk = &disks->disks[i];
		const char *path = open_disk(disks, i);

		model_open(&disk->model, path, NULL, REQUEST_FILLED + i);
		disk->fd = device_open(path, O_RDWR | O_EXCL);
	}
}

void job_disks_close(struct job_disks *disks)
{
	for (unsigned int i = 0; i < JOB_DISKS; i++) {
		close(disks->disks[i].fd);
		model_close(&disks->disks[i].model);
	}
	devices_destroy();
	close(disks->caller);
}

bool job_disk_can_fail(const struct job_disks *disks, unsigned int disk)
{
	return disks->disks[disk].test_disk;
}

void job_disks_spoil(struct job_disks *disks, const struct job_fault *fault)
{
	cr_assert_lt(disks->nr_faults, JOB_MAX_FAULTS);
	disks->faults[disks->nr_faults++] = *fault;
	test_disk_fault(disks->caller, disks->disks[fault->disk].test_disk,
			(struct kcopyd_test_disk_fault){
				.ops = fault->ops,
				.error = fault->error,
				.first = fault->first,
				.count = fault->count,
				.times = fault->times,
			});
}

void job_disks_mend(struct job_disks *disks)
{
	for (unsigned int i = 0; i < JOB_DISKS; i++)
		if (disks->disks[i].test_disk)
			test_disk_clear_faults(disks->caller,
					       disks->disks[i].test_disk);
	disks->nr_faults = 0;
}

/* ---- what they hold ------------------------------------------------------ */

static void write_data(const struct model_device *model, const void *buffer,
		       uint64_t first, uint64_t count)
{
	const ssize_t bytes = count * SECTOR;

	cr_assert_eq(pwrite(model->direct, buffer, bytes, first * SECTOR),
		     bytes, "%s, sector %lu: %m", model->path, first);
}

void job_disk_refresh(struct job_disk *disk, struct dice *dice, uint32_t seed,
		      uint64_t first, uint64_t count)
{
	char *buffer = aligned_alloc(4096, JOB_MAX_SECTORS * SECTOR);
	struct model_sector data = { .seed = seed };
	uint64_t at = 0, run;

	cr_assert_not_null(buffer);
	cr_assert_leq(count, JOB_MAX_SECTORS);
	while (at < count) {
		run = 1 + roll(dice, 1ULL << roll(dice, 9));
		run = run < count - at ? run : count - at;
		data.number = at;
		if (one_in(dice, 3))
			data = (struct model_sector){};
		if (data.seed)
			data_make(buffer + at * SECTOR, run * SECTOR, data.seed,
				  data.number);
		else
			memset(buffer + at * SECTOR, 0, run * SECTOR);
		model_write(&disk->model, first + at, run, data);
		data.seed = seed;
		at += run;
	}
	write_data(&disk->model, buffer, first, count);
	free(buffer);
}

const char *job_disks_look(const struct job_disks *disks)
{
	for (unsigned int i = 0; i < JOB_DISKS; i++) {
		const struct model_device *model = &disks->disks[i].model;
		struct model_difference difference;

		if (!model_agrees(model, 0, model->sectors, &difference))
			return outcome_differs(model, &difference);
	}
	return NULL;
}
