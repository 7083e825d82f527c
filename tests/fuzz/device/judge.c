// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes back from the kernel is what uapi/kcopyd.h and kcopyd(4) say:
 * padding is zero, values are among those that have a name.
 */
#include <linux/fs.h>

#include "device.h"

#define DEST_BITS(nr) ((nr) >= 64 ? ~0ULL : (1ULL << (nr)) - 1)
#define STATUS_OUT                                       \
	(KCOPYD_STATUS_DRAINING | KCOPYD_STATUS_COARSE | \
	 KCOPYD_STATUS_CANCELLED)

static bool is_one_of(int errno_, const short *list)
{
	for (; *list; list++)
		if (*list == errno_)
			return true;
	return false;
}

/* ---- errno --------------------------------------------------------------------- */

#define LIST(...) ((const short[]){ __VA_ARGS__, 0 })

/* Of any call with a struct. */
static const short *const of_structs = LIST(EFAULT, EINVAL, E2BIG);

static const short *const of_calls[NR_OPS] = {
	[OP_INFO] = LIST(EFAULT),
	[OP_SUBMIT] = LIST(EBADF, ENOTBLK, EBUSY, EACCES, EROFS, ENOSPC, ENOMEM,
			   EAGAIN, EIO, EPERM, EOPNOTSUPP, EINTR),
	[OP_CANCEL] = LIST(EINPROGRESS, ENOENT, EINTR),
	[OP_CONTROL] = LIST(ENOENT),
	[OP_STATUS] = LIST(ENOENT),
	[OP_EXTENTS] = LIST(ENOENT),
};

/* EBADF and ENOTTY: of a descriptor that is closed, or was a moment ago. */
void judge_errno(enum op op, long ret)
{
	if (ret >= 0 || ret == -EBADF || ret == -ENOTTY ||
	    is_one_of(-ret, of_structs) || is_one_of(-ret, of_calls[op]))
		return;
	problem("%s: errno %ld (%s) is not documented", call_specs[op].name,
		-ret, strerror(-ret));
}

static const short *const of_reasons[] = {
	[KCOPYD_REASON_FLAGS] = LIST(EINVAL),
	[KCOPYD_REASON_PAD] = LIST(EINVAL),
	[KCOPYD_REASON_NR_DESTS] = LIST(EINVAL),
	[KCOPYD_REASON_POINTER] = LIST(EFAULT),
	[KCOPYD_REASON_OPTION] = LIST(EINVAL),
	[KCOPYD_REASON_FD] = LIST(EBADF),
	[KCOPYD_REASON_NOT_BLOCK] = LIST(ENOTBLK),
	[KCOPYD_REASON_NOT_READABLE] = LIST(EBADF),
	[KCOPYD_REASON_NOT_WRITABLE] = LIST(EBADF),
	[KCOPYD_REASON_NOT_EXCLUSIVE] = LIST(EBUSY),
	[KCOPYD_REASON_READ_ONLY] = LIST(EROFS),
	[KCOPYD_REASON_PERMISSION] = LIST(EACCES, EPERM),
	[KCOPYD_REASON_UNALIGNED] = LIST(EINVAL),
	[KCOPYD_REASON_TOO_SMALL] = LIST(ENOSPC),
	[KCOPYD_REASON_OVERLAP] = LIST(EINVAL),
	[KCOPYD_REASON_OVERLAP_JOB] = LIST(EBUSY),
	[KCOPYD_REASON_WRITE_OUT] = LIST(EIO, ENOSPC, ENOMEM),
	[KCOPYD_REASON_PAGE_CACHE] = LIST(EBUSY),
	[KCOPYD_REASON_RESERVE] = LIST(EINVAL),
	[KCOPYD_REASON_MAX_JOBS] = LIST(EAGAIN),
	[KCOPYD_REASON_MAX_MEMORY] = LIST(EAGAIN),
	[KCOPYD_REASON_NO_MEMORY] = LIST(ENOMEM),
	[KCOPYD_REASON_INTERRUPTED] = LIST(EINTR),
	[KCOPYD_REASON_CHECKSUM] = LIST(EOPNOTSUPP),
	[KCOPYD_REASON_MAX_CLIENTS] = LIST(EAGAIN),
	[KCOPYD_REASON_UNREAD] = LIST(EAGAIN),
};

static void judge_reason(const struct kcopyd_submit *args, long ret)
{
	const bool nobody = args->region == KCOPYD_REGION_NONE;

	if (!ret) {
		if (args->reason || !nobody || !args->job)
			problem("submit: accepted, reason %u, region %u, job %llu",
				args->reason, args->region, args->job);
		return;
	}
	if (!args->reason || args->reason >= ARRAY_SIZE(of_reasons) ||
	    !is_one_of(-ret, of_reasons[args->reason]))
		problem("submit: errno %ld (%s) with reason %u", -ret,
			strerror(-ret), args->reason);
	if (!nobody && args->region > KCOPYD_MAX_DESTS)
		problem("submit: refused for region %u", args->region);
	if (args->job)
		problem("submit: refused, but there is job %llu", args->job);
}

void judge_submit(const struct kcopyd_submit *before,
		  const struct kcopyd_submit *after, long ret, bool sane)
{
	struct kcopyd_submit same = *after;

	/* Refused by its size, or by the descriptor: nothing came back. */
	if (!sane || ret == -ENOTTY ||
	    (ret == -EBADF && after->reason == ~0U)) {
		if (memcmp(before, after, sizeof(same)))
			problem("submit: not looked at, but changed");
		return;
	}
	if (ret == -EFAULT && journal->failing)
		return;
	same.job = before->job;
	same.reason = before->reason;
	same.region = before->region;
	if (memcmp(before, &same, sizeof(same)))
		problem("submit: more than its out fields was changed");
	judge_reason(after, ret);
}

/* ---- structs ------------------------------------------------------------------- */

void judge_info(const struct kcopyd_info *info)
{
	if (info->abi != KCOPYD_ABI_VERSION || info->features != 0x1ff ||
	    info->max_dests != KCOPYD_MAX_DESTS || info->draining > info->jobs)
		problem("info: abi %u, features %#llx, %u of %u jobs drain",
			info->abi, info->features, info->draining, info->jobs);
}

static bool is_code(int32_t code)
{
	return !code || code == -EIO || code == -ECANCELED;
}

static void judge_digest(const struct kcopyd_status *status)
{
	static const uint8_t zeroes[sizeof(status->digest)];
	static const uint32_t lengths[] = { 0, 4, 8, 32 };
	uint32_t len = status->digest_len;

	if (status->checksum >= ARRAY_SIZE(lengths) ||
	    (len && len != lengths[status->checksum])) {
		problem("status: checksum %u of %u bytes", status->checksum,
			len);
		return;
	}
	if (memcmp(status->digest + len, zeroes, sizeof(zeroes) - len))
		problem("status: %u bytes of digest, and more behind", len);
}

void judge_status(const struct kcopyd_status *before,
		  const struct kcopyd_status *after)
{
	const uint64_t dests = DEST_BITS(after->nr_regions - 1);
	const bool done = after->state == KCOPYD_STATE_DONE;

	if (after->state > KCOPYD_STATE_VERIFYING || !is_code(after->code) ||
	    after->read_err > 1 || after->flags & ~STATUS_OUT ||
	    after->submit_flags & ~KCOPYD_SUBMIT_FLAGS)
		problem("status: state %u, code %d, read_err %u, flags %#x",
			after->state, after->code, after->read_err,
			after->flags);
	if (after->nr_regions < 2 || after->nr_regions > KCOPYD_MAX_REGIONS ||
	    (after->write_err | after->complete) & ~dests)
		problem("status: %u regions, write_err %#llx, complete %#llx",
			after->nr_regions, after->write_err, after->complete);
	if (!done != !after->done_ns || (!done && after->complete) ||
	    after->percent > 100 ||
	    after->done_ns > after->submitted_ns + 3600000000000ULL)
		problem("status: state %u, done at %llu, complete %#llx",
			after->state, after->done_ns, after->complete);
	if (after->regions != before->regions)
		problem("status: its pointer was changed");
	if (before->flags & KCOPYD_STATUS_NEXT ? after->job < before->job :
						 after->job != before->job)
		problem("status: asked for %llu, got %llu", before->job,
			after->job);
	judge_digest(after);
}

void judge_region(const struct kcopyd_region_status *region)
{
	if (region->pad || region->error > 0 || region->error < -4095 ||
	    region->flags & ~(KCOPYD_REGION_DETACHED | KCOPYD_REGION_UNCOUPLED |
			      KCOPYD_REGION_DIFFERS) ||
	    region->offset % 512 || region->bytes % 512 ||
	    region->settled % 512)
		problem("region: error %d, flags %#x, pad %u, %llu, %llu, %llu",
			region->error, region->flags, region->pad,
			region->offset, region->bytes, region->settled);
}

void judge_extent(const struct kcopyd_extent *extent)
{
	if (extent->pad || extent->kind < KCOPYD_EXTENT_BAD ||
	    extent->kind > KCOPYD_EXTENT_DIFFERS || extent->error > 0 ||
	    extent->error < -4095 || extent->region > KCOPYD_MAX_DESTS ||
	    !extent->length || extent->length % 512 || extent->offset % 512)
		problem("extent: %llu+%llu, region %u, kind %u, error %d",
			extent->offset, extent->length, extent->region,
			extent->kind, extent->error);
}

/* ---- events -------------------------------------------------------------------- */

static bool good_extent(const struct kcopyd_event *event)
{
	return event->region <= KCOPYD_MAX_DESTS && event->code <= 0 &&
	       event->extent.length && !event->extent.pad &&
	       event->extent.kind >= KCOPYD_EXTENT_BAD &&
	       event->extent.kind <= KCOPYD_EXTENT_DIFFERS;
}

static bool good_state(const struct kcopyd_event *event)
{
	uint32_t pad = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(event->state.pad); i++)
		pad |= event->state.pad[i];
	return !pad && !event->code && event->region == KCOPYD_REGION_NONE &&
	       event->state.state <= KCOPYD_STATE_VERIFYING &&
	       event->state.state != KCOPYD_STATE_DONE;
}

static bool good_region(const struct kcopyd_event *event)
{
	const __u32 *pad = event->region_result.pad;

	return event->region <= KCOPYD_MAX_DESTS && event->code <= 0 &&
	       !(pad[0] | pad[1] | pad[2]);
}

static bool good_done(const struct kcopyd_event *event)
{
	return event->region == KCOPYD_REGION_NONE && is_code(event->code) &&
	       event->done.read_err <= 1 && !event->done.pad;
}

static bool good_digest(const struct kcopyd_event *event)
{
	return event->region <= 1 && event->code > 0;
}

static bool good_event(const struct kcopyd_event *event)
{
	if (event->flags & ~KCOPYD_EVENT_OVERFLOW || !event->job ||
	    !event->time_ns)
		return false;
	switch (event->type) {
	case KCOPYD_EVENT_EXTENT:
		return good_extent(event);
	case KCOPYD_EVENT_STATE:
		return good_state(event);
	case KCOPYD_EVENT_REGION:
		return good_region(event);
	case KCOPYD_EVENT_DONE:
		return good_done(event);
	case KCOPYD_EVENT_DIGEST:
		return good_digest(event);
	default:
		return false;
	}
}

void judge_event(const struct kcopyd_event *event)
{
	if (!good_event(event))
		problem("event: type %u, flags %#x, job %llu, region %u, code %d, %llx %llx %x %x",
			event->type, event->flags, event->job, event->region,
			event->code, event->extent.offset, event->extent.length,
			event->extent.kind, event->extent.pad);
}
