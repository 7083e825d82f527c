// SPDX-License-Identifier: GPL-2.0-or-later
/* A model of block devices, and how it is compared with them. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "model.h"

#define STEP (MIB / SECTOR)

static uint64_t min_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Aligned for direct I/O. */
static char *buffer_alloc(void)
{
	char *buffer = aligned_alloc(4096, STEP * SECTOR);

	cr_assert_not_null(buffer);
	return buffer;
}

/* ---- a device ------------------------------------------------------------ */

static uint64_t limit_of(const struct model_device *device, const char *name)
{
	unsigned long long value;
	struct stat stat;
	char path[128];
	FILE *file;

	cr_assert_eq(fstat(device->fd, &stat), 0, "%s: %m", device->path);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/%s",
		 major(stat.st_rdev), minor(stat.st_rdev), name);
	file = fopen(path, "re");
	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_eq(fscanf(file, "%llu", &value), 1, "%s", path);
	fclose(file);
	return value;
}

void model_refresh(struct model_device *device)
{
	device->discards = limit_of(device, "discard_max_bytes");
	device->zeroes = limit_of(device, "write_zeroes_max_bytes");
}

void model_open(struct model_device *device, const char *path, const char *raw,
		uint32_t seed)
{
	unsigned short most;

	data_fill(raw ?: path, seed);
	*device = (struct model_device){
		.path = path,
		.fd = device_open(path, O_RDWR),
		.direct = device_open(path, O_RDWR | O_DIRECT),
		.sectors = device_size(path) / SECTOR,
		.error = -EIO,
	};
	device->raw = raw ? device_open(raw, O_RDONLY | O_DIRECT) :
			    device->direct;
	cr_assert_eq(ioctl(device->fd, BLKSECTGET, &most), 0, "%s: %m", path);
	device->most = most;
	device->block = limit_of(device, "logical_block_size") / SECTOR;
	device->dma_mask = limit_of(device, "dma_alignment");
	device->zeroes_in_place = true;
	model_refresh(device);
	device->content = calloc(device->sectors, sizeof(*device->content));
	cr_assert_not_null(device->content);
	model_write(device, 0, device->sectors,
		    (struct model_sector){ .seed = seed });
}

void model_close(struct model_device *device)
{
	if (device->raw != device->direct)
		close(device->raw);
	close(device->direct);
	close(device->fd);
	free(device->content);
	*device = (struct model_device){};
}

/* ---- bad sectors --------------------------------------------------------- */

static bool bad_has(const struct model_bad *bad, bool write)
{
	return write ? bad->write : bad->read;
}

/* With @reach more sectors on either side. */
static bool bad_meets(const struct model_bad *bad, uint64_t first,
		      uint64_t count, uint64_t reach)
{
	return first < bad->first + bad->count + reach &&
	       bad->first < first + count + reach;
}

static bool meets_bad(const struct model_device *device, uint64_t first,
		      uint64_t count, bool write, uint64_t reach)
{
	for (unsigned int i = 0; i < device->nr_bad; i++)
		if (bad_has(&device->bad[i], write) &&
		    bad_meets(&device->bad[i], first, count, reach))
			return true;
	return false;
}

bool model_is_bad(const struct model_device *device, uint64_t first,
		  uint64_t count, bool write)
{
	return count && meets_bad(device, first, count, write, 0);
}

bool model_is_near_bad(const struct model_device *device, uint64_t sector,
		       bool write)
{
	return meets_bad(device, sector, 1, write, device->most - 1);
}

/* Block by block: reads, and writes what it should hold anyway. */
static void expect_bad(const struct model_device *device,
		       const struct model_bad *bad)
{
	const size_t bytes = device->block * SECTOR;
	char *buffer = buffer_alloc();

	for (uint64_t at = bad->first; at < bad->first + bad->count;
	     at += device->block) {
		struct model_sector is = device->content[at];

		cr_assert_eq(pread(device->direct, buffer, bytes, at * SECTOR),
			     bad->read ? -1 : (ssize_t)bytes,
			     "%s, sector %lu, read", device->path, at);
		data_make(buffer, bytes, is.seed, is.number);
		cr_assert_eq(pwrite(device->direct, buffer, bytes, at * SECTOR),
			     bad->write ? -1 : (ssize_t)bytes,
			     "%s, sector %lu, write", device->path, at);
	}
	free(buffer);
}

void model_spoil(struct model_device *device, struct model_bad bad)
{
	cr_assert_lt(device->nr_bad, MODEL_MAX_BAD);
	expect_bad(device, &bad);
	device->bad[device->nr_bad++] = bad;
}

/* ---- content ------------------------------------------------------------- */

bool model_holds(const void *buffer, struct model_sector sector)
{
	const char *bytes = buffer;
	char expected[SECTOR];

	if (!sector.seed)
		return !bytes[0] && !memcmp(bytes, bytes + 1, SECTOR - 1);
	data_make(expected, SECTOR, sector.seed, sector.number);
	return !memcmp(buffer, expected, SECTOR);
}

static struct model_sector content_at(struct model_sector data, uint64_t at)
{
	if (data.seed)
		data.number += at;
	return data;
}

void model_write(struct model_device *device, uint64_t first, uint64_t count,
		 struct model_sector data)
{
	for (uint64_t i = 0; i < count; i++)
		device->content[first + i] = content_at(data, i);
}

static bool differs(struct model_difference *difference, uint64_t sector,
		    struct model_sector expected, const void *found)
{
	const uint64_t *words = found;

	*difference = (struct model_difference){
		.sector = sector,
		.expected = expected,
		.found = { .seed = words[0], .number = words[1] },
	};
	return false;
}

/* ---- looking ------------------------------------------------------------- */

/* How much from @first on can be looked at; a @count of 0 skips what can't. */
static uint64_t visible(const struct model_device *device, uint64_t *first,
			uint64_t end)
{
	uint64_t stop = min_of(end, *first + STEP);

	if (device->raw != device->direct)
		return stop - *first;
	for (unsigned int i = 0; i < device->nr_bad; i++) {
		const struct model_bad *bad = &device->bad[i];

		if (!bad->read || !bad_meets(bad, *first, stop - *first, 0))
			continue;
		if (bad->first > *first) {
			stop = bad->first;
			continue;
		}
		*first = bad->first + bad->count;
		return 0;
	}
	return stop - *first;
}

/*
 * Calls @see for each sector of whole blocks that can be looked at; ends when
 * it returns false.
 */
typedef bool see_fn(void *context, uint64_t sector, const void *found,
		    struct model_difference *difference);

static bool look(const struct model_device *device, uint64_t first,
		 uint64_t end, see_fn *see, void *context,
		 struct model_difference *difference)
{
	char *buffer = buffer_alloc();
	bool same = true;

	while (same && first < end) {
		uint64_t n = visible(device, &first, end);
		ssize_t bytes = n * SECTOR;

		if (n && pread(device->raw, buffer, bytes, first * SECTOR) !=
				 bytes) {
			*difference = (struct model_difference){
				.sector = first,
				.error = errno,
			};
			same = false;
		}
		for (uint64_t i = 0; same && i < n; i++)
			same = see(context, first + i, buffer + i * SECTOR,
				   difference);
		first += n;
	}
	free(buffer);
	return same;
}

static bool see_same(void *context, uint64_t sector, const void *found,
		     struct model_difference *difference)
{
	const struct model_device *device = context;

	return model_holds(found, device->content[sector]) ||
	       differs(difference, sector, device->content[sector], found);
}

bool model_agrees(const struct model_device *device, uint64_t first,
		  uint64_t count, struct model_difference *difference)
{
	uint64_t end = min_of(first + count, device->sectors);

	first -= first % device->block;
	end += (device->block - end % device->block) % device->block;
	return look(device, first, end, see_same, (void *)device, difference);
}

/* A range that was written with no or with some success. */
struct settling {
	struct model_device *device;
	uint64_t first;
	struct model_sector data;
	bool whole;
};

static bool see_old_or_new(void *context, uint64_t sector, const void *found,
			   struct model_difference *difference)
{
	const struct settling *s = context;
	struct model_sector *now = &s->device->content[sector];
	struct model_sector new = content_at(s->data, sector - s->first);

	if (model_is_bad(s->device, sector, 1, true))
		return model_holds(found, *now) ||
		       differs(difference, sector, *now, found);
	if (model_holds(found, new)) {
		*now = new;
		return true;
	}
	return (model_holds(found, *now) &&
		!(s->whole && !model_is_near_bad(s->device, sector, true))) ||
	       differs(difference, sector, new, found);
}

bool model_settle(struct model_device *device, uint64_t first, uint64_t count,
		  struct model_sector data, bool whole,
		  struct model_difference *difference)
{
	struct settling s = {
		.device = device,
		.first = first,
		.data = data,
		.whole = whole,
	};

	return look(device, first, first + count, see_old_or_new, &s,
		    difference);
}
