// SPDX-License-Identifier: GPL-2.0-or-later
/* Self-describing sectors, written and compared past the page cache. */
#include "rig.h"

#define STEP MIB
#define WORDS (SECTOR / sizeof(uint64_t))

static void sector_make(uint64_t *words, uint64_t seed, uint64_t sector)
{
	uint64_t mix = (seed << 48 ^ sector) * 0x9e3779b97f4a7c15ULL;

	words[0] = seed;
	words[1] = sector;
	for (unsigned int i = 2; i < WORDS; i++) {
		mix += 0xd1342543de82ef95ULL;
		words[i] = mix ^ mix >> 29;
	}
}

void data_make(void *buffer, size_t bytes, uint64_t seed, uint64_t sector)
{
	for (size_t at = 0; at < bytes; at += SECTOR)
		sector_make(buffer + at, seed, sector++);
}

/* Aligned for direct I/O. */
static void *buffer_alloc(void)
{
	void *buffer = aligned_alloc(4096, STEP);

	cr_assert_not_null(buffer);
	return buffer;
}

static size_t step_of(uint64_t left)
{
	return left < STEP ? left : STEP;
}

void data_fill(const char *path, uint64_t seed)
{
	data_fill_range(path, 0, device_size(path), seed, 0);
}

void data_fill_range(const char *path, uint64_t offset, uint64_t length,
		     uint64_t seed, uint64_t sector)
{
	int fd = device_open(path, O_WRONLY | O_DIRECT);
	void *buffer = buffer_alloc();

	for (uint64_t at = 0; at < length; at += step_of(length - at)) {
		size_t step = step_of(length - at);

		data_make(buffer, step, seed, sector + at / SECTOR);
		cr_assert_eq(pwrite(fd, buffer, step, offset + at),
			     (ssize_t)step, "%s at %lu: %m", path, offset + at);
	}
	free(buffer);
	close(fd);
}

uint64_t data_matches(const char *path, uint64_t offset, uint64_t length,
		      uint64_t seed, uint64_t sector)
{
	int fd = device_open(path, O_RDONLY | O_DIRECT);
	char *buffer = buffer_alloc();
	uint64_t expected[WORDS], at = 0;

	while (at < length) {
		size_t step = step_of(length - at), good;

		cr_assert_eq(pread(fd, buffer, step, offset + at),
			     (ssize_t)step, "%s at %lu: %m", path, offset + at);
		for (good = 0; good < step; good += SECTOR) {
			sector_make(expected, seed,
				    sector + (at + good) / SECTOR);
			if (memcmp(buffer + good, expected, SECTOR))
				break;
		}
		at += good;
		if (good < step)
			break;
	}
	free(buffer);
	close(fd);
	return at;
}

static void explain(const char *path, uint64_t at, uint64_t seed,
		    uint64_t sector)
{
	uint64_t *found = buffer_alloc();
	int fd = device_open(path, O_RDONLY);

	if (pread(fd, found, SECTOR, at) != (ssize_t)SECTOR)
		memset(found, 0xff, SECTOR);
	close(fd);
	cr_assert_fail(
		"%s: byte %lu should hold sector %lu of seed %lu, but has sector %lu of seed %lu",
		path, at, sector, seed, found[1], found[0]);
}

void data_expect(const char *path, uint64_t offset, uint64_t length,
		 uint64_t seed, uint64_t sector)
{
	uint64_t good = data_matches(path, offset, length, seed, sector);

	if (good < length)
		explain(path, offset + good, seed, sector + good / SECTOR);
}

void data_expect_untouched(const char *path, uint64_t seed)
{
	data_expect(path, 0, device_size(path), seed, 0);
}

void data_expect_copy(const char *path, const struct data_copy *copy)
{
	uint64_t end = copy->offset + copy->length;

	data_expect(path, 0, copy->offset, copy->seed, 0);
	data_expect(path, copy->offset, copy->length, copy->source_seed,
		    copy->source_offset / SECTOR);
	data_expect(path, end, device_size(path) - end, copy->seed,
		    end / SECTOR);
}

uint64_t data_sum(const char *path)
{
	int fd = device_open(path, O_RDONLY | O_DIRECT);
	uint64_t *buffer = buffer_alloc(), sum = 0;
	ssize_t n;

	while ((n = read(fd, buffer, STEP)) > 0)
		for (size_t i = 0; i < n / sizeof(*buffer); i++)
			sum = (sum ^ buffer[i]) * 0x100000001b3ULL;
	cr_assert_eq(n, 0, "%s: %m", path);
	free(buffer);
	close(fd);
	return sum;
}

void data_expect_equal(const char *a, const char *b)
{
	int fd_a = device_open(a, O_RDONLY | O_DIRECT);
	int fd_b = device_open(b, O_RDONLY | O_DIRECT);
	void *buffer_a = buffer_alloc(), *buffer_b = buffer_alloc();
	uint64_t size = device_size(a);

	cr_assert_eq(size, device_size(b), "%s and %s differ in size", a, b);
	for (uint64_t at = 0; at < size; at += step_of(size - at)) {
		ssize_t step = step_of(size - at);

		cr_assert_eq(pread(fd_a, buffer_a, step, at), step, "%s: %m",
			     a);
		cr_assert_eq(pread(fd_b, buffer_b, step, at), step, "%s: %m",
			     b);
		cr_assert_eq(memcmp(buffer_a, buffer_b, step), 0,
			     "%s and %s differ between %lu and %lu", a, b, at,
			     at + step);
	}
	free(buffer_a);
	free(buffer_b);
	close(fd_a);
	close(fd_b);
}

void data_drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	cr_assert_geq(fd, 0, "drop_caches: %m");
	cr_assert_eq(write(fd, "3", 1), 1);
	close(fd);
}

void data_flush(const char *path)
{
	int fd = device_open(path, O_RDWR);

	cr_assert_eq(fsync(fd), 0, "%s: %m", path);
	close(fd);
}

void data_expect_zeroes(const char *path, uint64_t offset, uint64_t length)
{
	static const char zeroes[SECTOR];
	char *buffer = aligned_alloc(4096, MIB);
	int fd = device_open(path, O_RDONLY | O_DIRECT);

	cr_assert_not_null(buffer);
	for (uint64_t at = 0; at < length; at += MIB) {
		ssize_t step = length - at < MIB ? length - at : MIB;

		cr_assert_eq(pread(fd, buffer, step, offset + at), step);
		for (ssize_t i = 0; i < step; i += SECTOR)
			cr_assert_eq(memcmp(buffer + i, zeroes, SECTOR), 0,
				     "%s: sector %llu is not zero", path,
				     (offset + at + i) / SECTOR);
	}
	close(fd);
	free(buffer);
}
