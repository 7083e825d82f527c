// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is on the disks. Each has an image of its own, which is put back after
 * every program: wherever a program was not to write, it is still there; where a
 * job says that its copy is whole, there is its source's.
 */
#include <err.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "device.h"

#define PAGE 4096ULL
/* Around what was to be written. */
#define MARGIN (64 * KIB)
#define NR_CHANGES (JOURNAL_CHANGES + JOURNAL_JOBS * KCOPYD_MAX_DESTS)

struct disk {
	const char *name;
	int fd;
	uint64_t size;
	uint8_t *image;
};

struct change {
	struct disk *disk;
	uint64_t from;
	uint64_t to;
};

static struct disk *disks;
static uint64_t partition_start;
static uint8_t *buffer;
static struct change changes[NR_CHANGES];
static unsigned int nr_changes;

/* ---- images ------------------------------------------------------------------- */

/* Not to be copied with every process that is made. */
static void *big_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || madvise(at, size, MADV_DONTFORK))
		err(4, "memory for disks");
	return at;
}

static void image_make(struct disk *disk, unsigned int number)
{
	uint64_t *words = (uint64_t *)disk->image;

	for (uint64_t i = 0; i < disk->size / sizeof(*words); i++)
		words[i] = ((i + 1) ^ (uint64_t)(number + 1) << 40) *
			   0x9e3779b97f4a7c15ULL;
}

static void disk_put_back(struct disk *disk, uint64_t from, uint64_t to)
{
	from -= from % PAGE;
	to = (to + PAGE - 1) / PAGE * PAGE;
	if (to > disk->size)
		to = disk->size;
	memcpy(buffer, disk->image + from, to - from);
	if (from < to &&
	    pwrite(disk->fd, buffer, to - from, from) != (ssize_t)(to - from))
		problem("%s can't be filled again: %s", disk->name,
			strerror(errno));
}

static void disk_open(struct disk *disk, unsigned int number)
{
	const struct thing *thing = &things[number];
	char path[64];

	disk->name = thing->name;
	disk->fd = -1;
	if (!(thing->is & THING_CHECKED))
		return;
	snprintf(path, sizeof(path), DISKS "/%s", thing->name);
	disk->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk->fd < 0 || ioctl(disk->fd, BLKGETSIZE64, &disk->size))
		err(4, "%s", path);
	disk->image = big_memory(disk->size);
	image_make(disk, number);
}

static void find_partition(void)
{
	FILE *file = fopen(DISKS "/sda1.start", "re");

	if (!file || fscanf(file, "%lu", &partition_start) != 1)
		err(4, DISKS "/sda1.start");
	fclose(file);
	partition_start *= 512;
}

void disks_open(void)
{
	uint64_t most = 0;

	disks = calloc(nr_things, sizeof(*disks));
	if (!disks)
		err(4, "disks");
	find_partition();
	for (unsigned int i = 0; i < nr_things; i++) {
		disk_open(&disks[i], i);
		if (disks[i].size > most)
			most = disks[i].size;
	}
	buffer = big_memory(most);
	for (unsigned int i = 0; i < nr_things; i++)
		if (disks[i].image)
			disk_put_back(&disks[i], 0, disks[i].size);
}

/* ---- what was to be changed -------------------------------------------------- */

/* A partition is a part of its disk. */
static struct disk *disk_of(const struct journal_place *place, uint64_t *at)
{
	static int whole = -1, part = -1;

	if (whole < 0) {
		whole = thing_find("sda");
		part = thing_find("sda1");
	}
	*at = place->at;
	if ((int)place->thing != part)
		return &disks[place->thing];
	*at += partition_start;
	return &disks[whole];
}

/* Of a disk that is there, and not behind its end. */
static struct change change_of(const struct journal_place *place,
			       uint64_t length)
{
	struct change change;

	change.disk = disk_of(place, &change.from);
	change.to = change.from + length;
	if (!change.disk->image || change.from >= change.disk->size ||
	    change.to <= change.from)
		return (struct change){};
	if (change.to > change.disk->size)
		change.to = change.disk->size;
	return change;
}

static void add_change(const struct journal_place *place, uint64_t length)
{
	struct change change = change_of(place, length);

	if (change.disk)
		changes[nr_changes++] = change;
}

static void list_changes(void)
{
	nr_changes = 0;
	for (unsigned int i = 0; i < journal->nr_changes; i++)
		if (things[journal->changes[i].place.thing].is & THING_SOURCE)
			continue;
		else
			add_change(&journal->changes[i].place,
				   journal->changes[i].length);
	for (unsigned int i = 0; i < journal->nr_jobs; i++) {
		const struct journal_job *job = &journal->jobs[i];

		if (job->state == JOURNAL_REFUSED ||
		    job->flags & KCOPYD_SUBMIT_COMPARE)
			continue;
		for (unsigned int j = 0; j < job->nr; j++)
			if (!(things[job->dests[j].thing].is & THING_SOURCE))
				add_change(&job->dests[j], job->length);
	}
}

/* How many of the changes touch that range. */
static unsigned int touching(const struct change *range)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_changes; i++)
		nr += changes[i].disk == range->disk &&
		      changes[i].from < range->to &&
		      range->from < changes[i].to;
	return nr;
}

/* ---- looking ------------------------------------------------------------------- */

static bool disk_read(struct disk *disk, uint64_t from, uint64_t to)
{
	ssize_t n = pread(disk->fd, buffer, to - from, from);

	if (n == (ssize_t)(to - from))
		return true;
	problem("%s can't be read: %s", disk->name, strerror(errno));
	return false;
}

/* What is in the range and was not to be changed is as it was. */
static void look_around(struct disk *disk, uint64_t from, uint64_t to)
{
	struct change block = { .disk = disk };

	if (!disk_read(disk, from, to) ||
	    !memcmp(buffer, disk->image + from, to - from))
		return;
	for (uint64_t at = from; at < to; at += 512) {
		if (!memcmp(buffer + at - from, disk->image + at, 512))
			continue;
		block.from = at;
		block.to = at + 512;
		if (!touching(&block)) {
			problem("%s was changed at byte %lu, which nobody asked for",
				disk->name, at);
			return;
		}
	}
}

static bool fetch_status(int node, struct kcopyd_status *status, uint64_t job)
{
	*status = (struct kcopyd_status){
		.size = sizeof(*status),
		.job = job,
	};
	return !ioctl(node, KCOPYD_IOC_STATUS, status);
}

/* False when nobody can say what it was. */
static bool source_image(const struct journal_job *job, const uint8_t **image)
{
	struct change source;

	*image = NULL;
	if (!things[job->source.thing].is)
		return true;
	source = change_of(&job->source, job->length);
	if (!source.disk || touching(&source))
		return false;
	*image = source.disk->image + source.from;
	return true;
}

static bool is_as(const uint8_t *data, const uint8_t *image, size_t size)
{
	if (image)
		return !memcmp(data, image, size);
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

static void look_at_copy(const struct journal_job *job, unsigned int i,
			 const uint8_t *image)
{
	struct change dest = change_of(&job->dests[i], job->length);
	uint64_t from, to;

	if (!dest.disk || touching(&dest) != 1)
		return;
	from = dest.from - dest.from % PAGE;
	to = (dest.to + PAGE - 1) / PAGE * PAGE;
	if (disk_read(dest.disk, from, to) &&
	    !is_as(buffer + dest.from - from, image, dest.to - dest.from))
		problem("job %lu says that %s holds its copy, at %lu; it does not",
			job->id, dest.disk->name, dest.from);
}

static void look_at_job(int node, const struct journal_job *job)
{
	struct kcopyd_status status;
	const uint8_t *image;

	if (job->state != JOURNAL_ACCEPTED || !job->length ||
	    !fetch_status(node, &status, job->id))
		return;
	judge_status(&(struct kcopyd_status){ .job = job->id }, &status);
	if (status.state != KCOPYD_STATE_DONE)
		problem("job %lu is in state %u when all jobs are done",
			job->id, status.state);
	if (status.read_err || job->flags & KCOPYD_SUBMIT_COMPARE ||
	    !source_image(job, &image))
		return;
	for (unsigned int i = 0; i < job->nr; i++)
		if (status.complete >> i & 1)
			look_at_copy(job, i, image);
}

static void look_at(const struct journal_place *place, uint64_t length)
{
	struct change range = change_of(place, length);
	uint64_t from, to;

	if (!range.disk)
		return;
	from = range.from / PAGE * PAGE;
	from = from < MARGIN ? 0 : from - MARGIN;
	to = (range.to + PAGE - 1) / PAGE * PAGE + MARGIN;
	look_around(range.disk, from,
		    to > range.disk->size ? range.disk->size : to);
}

/* Also where it was refused: nothing may be changed there. */
static void look_where_asked(void)
{
	for (unsigned int i = 0; i < journal->nr_changes; i++)
		look_at(&journal->changes[i].place, journal->changes[i].length);
	for (unsigned int i = 0; i < journal->nr_jobs; i++) {
		const struct journal_job *job = &journal->jobs[i];

		for (unsigned int j = 0; j < job->nr; j++)
			look_at(&job->dests[j], job->length);
	}
}

void disks_check(void)
{
	int node = open(NODE, O_RDWR | O_CLOEXEC);

	list_changes();
	for (unsigned int i = 0; i < journal->nr_jobs; i++)
		look_at_job(node, &journal->jobs[i]);
	close(node);
	look_where_asked();
	for (unsigned int i = 0; i < nr_changes; i++)
		disk_put_back(changes[i].disk, changes[i].from, changes[i].to);
	nr_changes = 0;
}

void disks_check_all(void)
{
	nr_changes = 0;
	for (unsigned int i = 0; i < nr_things; i++)
		if (disks[i].image)
			look_around(&disks[i], 0, disks[i].size);
}
