// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk with bad places, and the map of what was rescued of it. */
#include "damage.h"

#define MOST 64

/* A good generator is not needed, one that is the same everywhere is. */
static unsigned int pick(uint64_t *seed, unsigned int below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

/* Where one begins: in its own part of the disk, or soon after the last. */
static uint64_t begin_of(const struct damage *damage, unsigned int i,
			 unsigned int unit, uint64_t *seed)
{
	const uint64_t part = damage->sectors / damage->nr;
	uint64_t end;

	if (!i)
		return 0;
	end = damage->places[i - 1].sector + damage->places[i - 1].sectors;
	if (i % 10 == 5)
		return end;
	if (i % 10 == 7)
		return end + unit;
	return (i * part + pick(seed, part - 3 * MOST)) / unit * unit;
}

/* Those soon after the last are still in its part: a third each. */
void damage_make(struct damage *damage, unsigned int nr, unsigned int mib,
		 unsigned int block, uint64_t seed)
{
	const unsigned int unit = block / SECTOR;
	uint64_t least = 0;

	damage->sectors = mib * MIB / SECTOR;
	damage->nr = nr;
	cr_assert_leq(nr, DAMAGE_PLACES);
	cr_assert_gt(damage->sectors / nr, 4 * MOST);
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t begin = begin_of(damage, i, unit, &seed);

		if (begin < least)
			begin = least;
		damage->places[i].sector = begin;
		damage->places[i].sectors =
			(1 + pick(&seed, MOST / unit)) * unit;
		least = begin + damage->places[i].sectors;
	}
	damage->places[nr - 1].sector = damage->sectors - unit;
	damage->places[nr - 1].sectors = unit;
}

static size_t add_line(char *table, size_t len, uint64_t from, uint64_t to,
		       const char *where)
{
	if (from == to)
		return len;
	return len + sprintf(table + len, "%lu %lu linear %s %lu\n", from,
			     to - from, where, from);
}

void damage_disk(const struct damage *damage, unsigned int block)
{
	static char table[2 * DAMAGE_PLACES * 80];
	const struct null_options options = {
		.mib = damage->sectors * SECTOR / MIB, .block = block
	};
	size_t len = 0;
	uint64_t at = 0;

	data_fill(null_create("src", options), DAMAGE_SOURCE);
	/* On a disk of its own: what goes to it is counted above it. */
	dm_create("hole", "0 %lu error\n", damage->sectors);
	for (unsigned int i = 0; i < damage->nr; i++) {
		uint64_t bad = damage->places[i].sector;

		len = add_line(table, len, at, bad, "/dev/kt-src");
		at = bad + damage->places[i].sectors;
		len = add_line(table, len, bad, at, "/dev/mapper/kt-hole");
	}
	add_line(table, len, at, damage->sectors, "/dev/kt-src");
	dm_create("bad", "%s", table);
}

void damage_expect_rescued(const struct damage *damage, const char *path)
{
	uint64_t at = 0;

	for (unsigned int i = 0; i < damage->nr; i++) {
		uint64_t bad = damage->places[i].sector;

		data_expect(path, at * SECTOR, (bad - at) * SECTOR,
			    DAMAGE_SOURCE, at);
		data_expect(path, bad * SECTOR,
			    damage->places[i].sectors * SECTOR, DAMAGE_DEST,
			    bad);
		at = bad + damage->places[i].sectors;
	}
	data_expect(path, at * SECTOR, (damage->sectors - at) * SECTOR,
		    DAMAGE_SOURCE, at);
}

/* ---- maps ---------------------------------------------------------------------- */

/* Calls back for every block; returns the bytes of all. */
static uint64_t map_each(const char *map, void *context,
			 void (*block)(void *context, uint64_t pos,
				       uint64_t size, char status))
{
	FILE *file = fopen(map, "re");
	uint64_t pos, size, end = 0;
	char line[512], status;

	cr_assert_not_null(file, "%s: %m", map);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' ||
		    sscanf(line, "%lx %lx %c", &pos, &size, &status) != 3)
			continue;
		cr_assert_eq(pos, end, "%s: %s", map, line);
		block(context, pos, size, status);
		end = pos + size;
	}
	fclose(file);
	return end;
}

/* What of a map is still to be checked: the place that is next. */
struct expected {
	const struct damage *damage;
	const char *map;
	unsigned int next;
};

static void expect_block(void *context, uint64_t pos, uint64_t size,
			 char status)
{
	struct expected *expected = context;
	const struct damage *damage = expected->damage;
	uint64_t end = pos;

	cr_assert(status == '+' || status == '-', "%s: '%c' at %lu",
		  expected->map, status, pos);
	/* What touches is one place. */
	while (expected->next < damage->nr &&
	       damage->places[expected->next].sector * SECTOR == end) {
		end += damage->places[expected->next].sectors * SECTOR;
		expected->next++;
	}
	if (status == '+') {
		cr_assert_eq(end, pos, "%s: bad at %lu", expected->map, pos);
		if (expected->next < damage->nr)
			end = damage->places[expected->next].sector * SECTOR;
		else
			end = damage->sectors * SECTOR;
	}
	cr_assert_eq(pos + size, end, "%s: '%c' from %lu to %lu, not to %lu",
		     expected->map, status, pos, pos + size, end);
}

void damage_expect_map(const struct damage *damage, const char *map)
{
	struct expected expected = { damage, map, 0 };

	cr_assert_eq(map_each(map, &expected, expect_block),
		     damage->sectors * SECTOR);
	cr_assert_eq(expected.next, damage->nr);
}

static void claim(void *context, uint64_t pos, uint64_t size, char status)
{
	struct claims *claims = context;

	if (status != '+')
		return;
	cr_assert_lt(claims->nr, ARRAY_SIZE(claims->ranges));
	claims->ranges[claims->nr].pos = pos;
	claims->ranges[claims->nr++].size = size;
	claims->bytes += size;
}

void claims_read(struct claims *claims, const char *map)
{
	run_ok("ddrescuelog", "--show-status", map);
	memset(claims, 0, sizeof(*claims));
	map_each(map, claims, claim);
}

void claims_expect(const struct claims *claims, const char *path)
{
	data_drop_caches();
	for (size_t i = 0; i < claims->nr; i++)
		data_expect(path, claims->ranges[i].pos, claims->ranges[i].size,
			    DAMAGE_SOURCE, claims->ranges[i].pos / SECTOR);
}
