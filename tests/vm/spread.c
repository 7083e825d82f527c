// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk with bad places, and what a rescue is to have made of it. */
#include "spread.h"

uint64_t spread_sector(const struct spread *spread, unsigned int i)
{
	uint64_t apart = SPREAD_SIZE / SECTOR / spread->nr;

	return (i * apart + apart / 2) & ~7ULL;
}

void spread_dest(const char *name)
{
	const struct null_options options = { .mib = SPREAD_MIB };

	data_fill(null_create(name, options), SPREAD_DEST);
}

void spread_create(const struct spread *spread)
{
	static char table[64 * KIB];
	const struct null_options options = { .mib = SPREAD_MIB };
	size_t len = 0;
	uint64_t at = 0, bad;

	data_fill(null_create("src", options), SPREAD_SOURCE);
	for (unsigned int i = 0; i < spread->nr; i++) {
		bad = spread_sector(spread, i);
		len += snprintf(table + len, sizeof(table) - len,
				"%lu %lu linear /dev/kt-src %lu\n"
				"%lu %u error\n",
				at, bad - at, at, bad, spread->sectors);
		at = bad + spread->sectors;
	}
	snprintf(table + len, sizeof(table) - len,
		 "%lu %llu linear /dev/kt-src %lu\n", at,
		 SPREAD_SIZE / SECTOR - at, at);
	dm_create("bad", "%s", table);
}

void spread_expect_rescued(const struct spread *spread, const char *dest)
{
	uint64_t at = 0, bad;

	for (unsigned int i = 0; i < spread->nr; i++) {
		bad = spread_sector(spread, i);
		data_expect(dest, at * SECTOR, (bad - at) * SECTOR,
			    SPREAD_SOURCE, at);
		data_expect(dest, bad * SECTOR, spread->sectors * SECTOR,
			    SPREAD_DEST, bad);
		at = bad + spread->sectors;
	}
	data_expect(dest, at * SECTOR, SPREAD_SIZE - at * SECTOR, SPREAD_SOURCE,
		    at);
}
