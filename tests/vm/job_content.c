// SPDX-License-Identifier: GPL-2.0-or-later
/* What random jobs leave on devices, and the checksums of what they read. */
#include "job_random.h"

/* Sectors that are looked at on either side of a region. */
#define MARGIN 64

static const struct model_sector zeroes;

static struct model_sector source_at(const struct random_job *job,
				     const struct job_disks *disks, uint64_t at)
{
	const struct job_range *range = &job->regions[0];

	if (!job->has_source)
		return zeroes;
	return disks->disks[range->disk].model.content[range->first + at];
}

/* ---- destinations -------------------------------------------------------- */

/**
 * struct candidates - what a sector of a destination may hold
 * @nr: of @data
 * @data: the likeliest first
 */
struct candidates {
	unsigned int nr;
	struct model_sector data[3];
};

static void allow(struct candidates *c, struct model_sector data)
{
	c->data[c->nr++] = data;
}

/* A bad sector of the source that is in no extent of the destination's. */
static void allow_bad(const struct random_job *job, struct candidates *c,
		      struct model_sector new, struct model_sector old)
{
	const bool zero_bad = job->plan.flags & KCOPYD_SUBMIT_ZERO_BAD;

	allow(c, zero_bad ? zeroes : old);
	/* It was bad only when it was read again. */
	if (job_verifies(job) || !job_skips_bad(job))
		allow(c, new);
}

static void find_candidates(const struct random_job *job,
			    const struct job_disks *disks,
			    const struct job_outcome *outcome, unsigned int i,
			    uint64_t at, struct candidates *c)
{
	const struct job_range *range = &job->regions[i];
	const struct model_sector old =
		disks->disks[range->disk].model.content[range->first + at];
	const struct model_sector new = source_at(job, disks, at);
	const enum job_found found = outcome->found[i][at];

	c->nr = 0;
	if (job_compares(job) ||
	    (found == JOB_STOPPED && !job_is_coarse(outcome))) {
		allow(c, old);
	} else if (found) {
		allow(c, new);
		allow(c, old);
		if (job->plan.flags & KCOPYD_SUBMIT_ZERO_BAD)
			allow(c, zeroes);
	} else if (outcome->found[0][at]) {
		allow_bad(job, c, new, old);
	} else {
		allow(c, new);
	}
}

static void name_data(struct model_sector data, char text[64])
{
	if (!data.seed)
		strcpy(text, "zeroes");
	else if (data.seed >= REQUEST_FILLED)
		snprintf(text, 64, "sector %u of disk %u at first", data.number,
			 data.seed - REQUEST_FILLED);
	else
		snprintf(text, 64, "sector %u of job %u", data.number,
			 data.seed);
}

/* Of a sector, the first byte that is not as it should be. */
static unsigned int first_wrong(const char *found, struct model_sector should)
{
	char expected[SECTOR] = {};
	unsigned int at = 0;

	if (should.seed)
		data_make(expected, SECTOR, should.seed, should.number);
	while (at < SECTOR - 1 && found[at] == expected[at])
		at++;
	return at;
}

static const char *differs(const struct model_device *model,
			   unsigned int region, uint64_t sector,
			   const struct candidates *c, const void *found)
{
	const uint64_t *words = found;
	char should[64], is[64];

	name_data(c->data[0], should);
	name_data((struct model_sector){ words[0], words[1] }, is);
	return job_problem(
		"region %u: %s: byte %llu is wrong, in sector %lu: should hold %s%s, seems to hold %s",
		region, model->path,
		sector * SECTOR + first_wrong(found, c->data[0]), sector,
		should, c->nr > 1 ? " (or else)" : "", is);
}

static const char *settle_sector(struct model_device *model,
				 unsigned int region, uint64_t sector,
				 const struct candidates *c, const void *found)
{
	for (unsigned int i = 0; i < c->nr; i++)
		if (model_holds(found, c->data[i])) {
			model->content[sector] = c->data[i];
			return NULL;
		}
	return differs(model, region, sector, c, found);
}

static const char *settle_region(const struct random_job *job,
				 struct job_disks *disks,
				 const struct job_outcome *outcome,
				 unsigned int i, char *buffer)
{
	const struct job_range *range = &job->regions[i];
	struct model_device *model = &disks->disks[range->disk].model;
	const ssize_t bytes = job->plan.length;
	const char *problem = NULL;

	if (pread(model->direct, buffer, bytes, range->first * SECTOR) != bytes)
		return job_problem("%s can't be read: %m", model->path);
	for (uint64_t at = 0; !problem && at < job->sectors; at++) {
		struct candidates c;

		find_candidates(job, disks, outcome, i, at, &c);
		problem = settle_sector(model, i, range->first + at, &c,
					buffer + at * SECTOR);
	}
	return problem;
}

const char *job_content_settle(const struct random_job *job,
			       struct job_disks *disks,
			       const struct job_outcome *outcome)
{
	char *buffer = aligned_alloc(4096, JOB_MAX_SECTORS * SECTOR);
	const char *problem = NULL;

	cr_assert_not_null(buffer);
	for (unsigned int i = 1; !problem && job->sectors && i < job->nr; i++)
		problem = settle_region(job, disks, outcome, i, buffer);
	free(buffer);
	return problem;
}

const char *job_content_look(const struct random_job *job,
			     const struct job_disks *disks)
{
	for (unsigned int i = !job->has_source; i < job->nr; i++) {
		const struct job_range *range = &job->regions[i];
		const struct model_device *model =
			&disks->disks[range->disk].model;
		struct model_difference difference;
		uint64_t first = range->first > MARGIN ? range->first - MARGIN :
							 0;
		uint64_t end = range->first + job->sectors + MARGIN;

		if (!model_agrees(model, first, end - first, &difference))
			return outcome_differs(model, &difference);
	}
	return NULL;
}

/* ---- checksums ----------------------------------------------------------- */

static uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t bytes)
{
	static uint32_t table[256];

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		table[i] = i;
		for (unsigned int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^
				   (table[i] & 1 ? 0x82f63b78 : 0);
	}
	while (bytes--)
		crc = crc >> 8 ^ table[(crc ^ *data++) & 0xff];
	return crc;
}

/* Of so many sectors of the source; what is bad counts as zeroes. */
static uint32_t sum_of(const struct random_job *job,
		       const struct job_disks *disks,
		       const struct job_outcome *outcome, uint64_t first,
		       uint64_t count)
{
	uint32_t crc = ~0U;

	for (uint64_t at = first; at < first + count; at++) {
		struct model_sector data = source_at(job, disks, at);
		uint8_t sector[SECTOR] = {};

		if (data.seed && !outcome->found[0][at])
			data_make(sector, SECTOR, data.seed, data.number);
		crc = crc32c(crc, sector, SECTOR);
	}
	return ~crc;
}

static bool is_sum(const uint8_t *digest, uint32_t sum)
{
	return digest[0] == (sum & 0xff) && digest[1] == (sum >> 8 & 0xff) &&
	       digest[2] == (sum >> 16 & 0xff) && digest[3] == sum >> 24;
}

/* Of parts, as far as they were kept. */
static const char *check_parts(const struct random_job *job,
			       const struct job_disks *disks,
			       const struct job_outcome *outcome)
{
	const struct job_result *result = &job->result;
	uint64_t at = 0;

	for (unsigned int i = 0; i < result->nr_digests && i < JOB_DIGESTS;
	     i++) {
		const struct job_digest *digest = &result->digests[i];

		if (digest->offset != at || digest->length % SECTOR ||
		    at + digest->length > job->plan.length)
			return job_problem("a digest of %lu+%lu, after %lu",
					   digest->offset, digest->length, at);
		if (!is_sum(digest->value,
			    sum_of(job, disks, outcome, at / SECTOR,
				   digest->length / SECTOR)))
			return job_problem("the digest of %lu+%lu is wrong",
					   digest->offset, digest->length);
		at += digest->length;
	}
	if (job->deserted)
		return NULL;
	if (outcome->status.digest_len && result->nr_digests <= JOB_DIGESTS &&
	    at != job->plan.length)
		return job_problem("digests end at %lu", at);
	return NULL;
}

const char *job_content_digests(const struct random_job *job,
				const struct job_disks *disks,
				const struct job_outcome *outcome)
{
	const struct kcopyd_status *status = &outcome->status;
	bool has = job->plan.checksum == KCOPYD_CHECKSUM_CRC32C;

	if (!has && (status->digest_len || job->result.nr_digests))
		return "nobody wanted a digest";
	if (!has)
		return NULL;
	if (status->digest_len ? status->digest_len != 4 : !status->code)
		return job_problem("a digest of %u bytes", status->digest_len);
	/* Another reading can fail where the first did not. */
	if (job_is_coarse(outcome) ||
	    (status->read_err && (job_verifies(job) || !job_skips_bad(job))))
		return NULL;
	if (status->digest_len &&
	    !is_sum(status->digest,
		    sum_of(job, disks, outcome, 0, job->sectors)))
		return "the digest is wrong";
	return check_parts(job, disks, outcome);
}
