// SPDX-License-Identifier: GPL-2.0-or-later
/* What must become of a request, and what became of it. */
#include <stdarg.h>

#include "request.h"

/* Sectors that are looked at on either side of a region. */
#define MARGIN 64

/* ---- before -------------------------------------------------------------- */

/* 0, or the errno of region @i, with or without I/O. */
static int forecast(const struct request *rq, unsigned int i, bool *tried)
{
	const struct model_device *device = rq->on[i];
	const uint64_t first = rq->meant[i].sector, count = rq->meant[i].count;
	const uint32_t op = rq->args.rw;

	*tried = false;
	if (!count && !(rq->args.flags & KCOPYD_TEST_PREFLUSH))
		return 0;
	if (first > device->sectors || count > device->sectors - first)
		return -ENOSPC;
	if (count && request_is_write(rq) && device->read_only)
		return -EROFS;
	if (op == KCOPYD_TEST_DISCARD && !device->discards)
		return -EOPNOTSUPP;
	if (op == KCOPYD_TEST_WRITE_ZEROES && !device->zeroes)
		return -EOPNOTSUPP;
	if (rq->args.flags & KCOPYD_TEST_NOUNMAP && !device->zeroes_in_place)
		return -EOPNOTSUPP;
	*tried = true;
	return model_is_bad(device, first, count, request_is_write(rq)) ?
		       device->error :
		       0;
}

void outcome_forecast(struct request *rq)
{
	for (unsigned int i = 0; i < rq->nr; i++) {
		bool tried;

		rq->errors[i] = forecast(rq, i, &tried);
		if (!rq->errors[i])
			continue;
		rq->failed |= 1ULL << i;
		if (tried)
			rq->tried |= 1ULL << i;
		if (rq->errors[i] == -EOPNOTSUPP)
			rq->unsupported |= 1ULL << i;
	}
}

/* ---- texts --------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static const char *
problem(const char *format, ...)
{
	static char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static void name_data(struct model_sector sector, char text[64])
{
	if (!sector.seed)
		strcpy(text, "zeroes");
	else if (sector.seed >= REQUEST_FILLED)
		snprintf(text, 64, "sector %u that device %u was filled with",
			 sector.number, sector.seed - REQUEST_FILLED);
	else
		snprintf(text, 64, "sector %u of request %u", sector.number,
			 sector.seed);
}

const char *outcome_differs(const struct model_device *device,
			    const struct model_difference *difference)
{
	char expected[64], found[64];

	if (difference->error)
		return problem("%s: sector %lu can't be looked at: %s",
			       device->path, difference->sector,
			       strerror(difference->error));
	name_data(difference->expected, expected);
	name_data(difference->found, found);
	return problem("%s: sector %lu should hold %s, but seems to hold %s",
		       device->path, difference->sector, expected, found);
}

/* ---- what the caller sees ------------------------------------------------ */

static const char *check_refused(const struct request *rq)
{
	if (rq->args.ret != -EINVAL)
		return problem("returned %d, not -EINVAL", rq->args.ret);
	if (rq->args.callbacks)
		return "refused, but the callback ran";
	if (memcmp(rq->buffer, rq->sent, rq->args.length))
		return "refused, but the buffer was changed";
	return NULL;
}

static const char *check_regions(const struct request *rq)
{
	if (rq->args.unsupported != rq->unsupported)
		return problem("unsupported %#llx, not %#lx",
			       rq->args.unsupported, rq->unsupported);
	for (unsigned int i = 0; i < REQUEST_MAX_REGIONS; i++)
		if (rq->args.errors[i] != rq->errors[i])
			return problem("region %u: %d, not %d", i,
				       rq->args.errors[i], rq->errors[i]);
	return NULL;
}

static const char *check_result(const struct request *rq)
{
	const struct kcopyd_test_io *args = &rq->args;
	const int ret = rq->failed && !args->async ? -EIO : 0;

	if (args->ret != ret)
		return problem("returned %d, not %d", args->ret, ret);
	if (args->callbacks != args->async)
		return problem("%u callbacks", args->callbacks);
	if (args->null & KCOPYD_TEST_NULL_RESULT)
		return NULL;
	if (args->error_bits != rq->failed)
		return problem("failed %#llx, not %#lx", args->error_bits,
			       rq->failed);
	return request_is_extended(rq) ? check_regions(rq) : NULL;
}

/* Sector @at of the buffer: a bio that failed is zeroes, all others right. */
static bool read_is_right(const struct request *rq, uint64_t at)
{
	static const struct model_sector zeroes;
	const struct model_device *device = rq->on[0];
	const uint64_t sector = rq->meant[0].sector + at;
	const char *found = rq->buffer + at * SECTOR;

	if (!rq->failed)
		return model_holds(found, device->content[sector]);
	if (!rq->tried || model_is_bad(device, sector, 1, false))
		return model_holds(found, zeroes);
	return model_holds(found, device->content[sector]) ||
	       (model_is_near_bad(device, sector, false) &&
		model_holds(found, zeroes));
}

static const char *check_buffer(const struct request *rq)
{
	uint64_t sectors = request_is_write(rq) ? 0 : rq->meant[0].count;
	uint64_t read = sectors * SECTOR;

	for (uint64_t at = 0; at < sectors; at++)
		if (!read_is_right(rq, at))
			return problem("sector %llu was not read right",
				       rq->meant[0].sector + at);
	if (memcmp(rq->buffer + read, rq->sent + read, rq->args.length - read))
		return "the buffer was changed where nothing was read";
	return NULL;
}

const char *outcome_check(const struct request *rq)
{
	if (rq->args.canary)
		return "memory around the buffer was changed";
	if (rq->mistake)
		return check_refused(rq);
	return check_result(rq) ?: check_buffer(rq);
}

/* ---- what the devices hold ----------------------------------------------- */

static const char *settle_region(const struct request *rq, unsigned int i,
				 struct model_sector data)
{
	const uint64_t first = rq->meant[i].sector, count = rq->meant[i].count;
	struct model_difference difference;

	if (rq->unsupported >> i & 1)
		model_refresh(rq->on[i]);
	if (!count)
		return NULL;
	if (!(rq->failed >> i & 1))
		model_write(rq->on[i], first, count, data);
	else if (rq->tried >> i & 1 &&
		 !model_settle(rq->on[i], first, count, data,
			       request_has_data(rq), &difference))
		return outcome_differs(rq->on[i], &difference);
	return NULL;
}

const char *outcome_settle(const struct request *rq)
{
	const struct model_sector data = {
		.seed = request_has_data(rq) ? rq->number : 0,
	};
	const char *problem = NULL;

	if (!request_is_write(rq) || rq->mistake)
		return NULL;
	for (unsigned int i = 0; i < rq->nr && !problem; i++)
		problem = settle_region(rq, i, data);
	return problem;
}

const char *outcome_look(const struct request *rq)
{
	if (!request_is_write(rq))
		return NULL;
	for (unsigned int i = 0; i < rq->nr; i++) {
		uint64_t first = rq->meant[i].sector;
		uint64_t margin = first < MARGIN ? first : MARGIN;
		uint64_t end = first + rq->meant[i].count + MARGIN;
		struct model_difference difference;

		if (first < rq->on[i]->sectors &&
		    !model_agrees(rq->on[i], first - margin,
				  end - first + margin, &difference))
			return outcome_differs(rq->on[i], &difference);
	}
	return NULL;
}
