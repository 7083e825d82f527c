// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk with bad places, and what a rescue is to have made of it. */
#include "damage.h"

uint64_t damage_sector(const struct damage *damage, unsigned int i)
{
	uint64_t apart = DAMAGE_SIZE / SECTOR / damage->nr;

	return (i * apart + apart / 2) & ~7ULL;
}

void damage_dest(const char *name)
{
	const struct null_options options = { .mib = DAMAGE_MIB };

	data_fill(null_create(name, options), DAMAGE_DEST);
}

void damage_create(const struct damage *damage)
{
	static char table[64 * KIB];
	const struct null_options options = { .mib = DAMAGE_MIB };
	size_t len = 0;
	uint64_t at = 0, bad;

	data_fill(null_create("src", options), DAMAGE_SOURCE);
	for (unsigned int i = 0; i < damage->nr; i++) {
		bad = damage_sector(damage, i);
		len += snprintf(table + len, sizeof(table) - len,
				"%lu %lu linear /dev/kt-src %lu\n"
				"%lu %u error\n",
				at, bad - at, at, bad, damage->sectors);
		at = bad + damage->sectors;
	}
	snprintf(table + len, sizeof(table) - len,
		 "%lu %llu linear /dev/kt-src %lu\n", at,
		 DAMAGE_SIZE / SECTOR - at, at);
	dm_create("bad", "%s", table);
}

void damage_expect_rescued(const struct damage *damage, const char *dest)
{
	uint64_t at = 0, bad;

	for (unsigned int i = 0; i < damage->nr; i++) {
		bad = damage_sector(damage, i);
		data_expect(dest, at * SECTOR, (bad - at) * SECTOR,
			    DAMAGE_SOURCE, at);
		data_expect(dest, bad * SECTOR, damage->sectors * SECTOR,
			    DAMAGE_DEST, bad);
		at = bad + damage->sectors;
	}
	data_expect(dest, at * SECTOR, DAMAGE_SIZE - at * SECTOR, DAMAGE_SOURCE,
		    at);
}
