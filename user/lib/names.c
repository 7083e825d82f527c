// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ABI's numbers in words. */
#include <stddef.h>
#include <libkcopy.h>

static const struct {
	const char *name;
	const char *text;
} reasons[] = {
	[KCOPYD_REASON_NONE] = { "none", "refused without a reason" },
	[KCOPYD_REASON_FLAGS] = { "flags",
				  "flags that are unknown or exclude each other" },
	[KCOPYD_REASON_PAD] = { "pad", "padding is not zero" },
	[KCOPYD_REASON_NR_DESTS] = { "nr_dests",
				     "no destination, or more than 64" },
	[KCOPYD_REASON_POINTER] = { "pointer", "unreadable memory" },
	[KCOPYD_REASON_OPTION] = { "option",
				   "chunk, depth or memory is out of range" },
	[KCOPYD_REASON_FD] = { "fd", "is not an open file" },
	[KCOPYD_REASON_NOT_BLOCK] = { "not_block", "is not a block device" },
	[KCOPYD_REASON_NOT_READABLE] = { "not_readable",
					 "is not opened for reading" },
	[KCOPYD_REASON_NOT_WRITABLE] = { "not_writable",
					 "is not opened for writing" },
	[KCOPYD_REASON_NOT_EXCLUSIVE] = { "not_exclusive",
					  "is not opened exclusively (O_EXCL)" },
	[KCOPYD_REASON_READ_ONLY] = { "read_only", "is read-only" },
	[KCOPYD_REASON_PERMISSION] = { "permission",
				       "access denied by a security module or a lock" },
	[KCOPYD_REASON_UNALIGNED] = { "unaligned",
				      "offset or length is not a multiple of the logical block" },
	[KCOPYD_REASON_TOO_SMALL] = { "too_small",
				      "the range ends behind the end of the device" },
	[KCOPYD_REASON_OVERLAP] = { "overlap",
				    "shares sectors with another device of this copy" },
	[KCOPYD_REASON_OVERLAP_JOB] = { "overlap_job",
					"shares sectors with a copy that is running" },
	[KCOPYD_REASON_WRITE_OUT] = { "write_out",
				      "cached data could not be written out" },
	[KCOPYD_REASON_PAGE_CACHE] = { "page_cache",
				       "cached pages are in use and could not be dropped" },
	[KCOPYD_REASON_RESERVE] = { "reserve",
				    "the memory is smaller than a logical block" },
	[KCOPYD_REASON_MAX_JOBS] = { "max_jobs",
				     "too many jobs (module parameter max_jobs)" },
	[KCOPYD_REASON_MAX_MEMORY] = { "max_memory",
				       "too much memory (module parameter max_memory_mib)" },
	[KCOPYD_REASON_NO_MEMORY] = { "no_memory",
				      "the kernel has no memory for it" },
	[KCOPYD_REASON_INTERRUPTED] = { "interrupted",
					"interrupted by a signal" },
};

static const char *const states[] = {
	[KCOPYD_STATE_QUEUED] = "queued",
	[KCOPYD_STATE_RUNNING] = "running",
	[KCOPYD_STATE_FLUSHING] = "flushing",
	[KCOPYD_STATE_STOPPING] = "stopping",
	[KCOPYD_STATE_DONE] = "done",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const char *kcopy_reason_string(unsigned int reason)
{
	if (reason >= COUNT(reasons) || !reasons[reason].text)
		return "a reason that this version does not know";
	return reasons[reason].text;
}

const char *kcopy_reason_name(unsigned int reason)
{
	if (reason >= COUNT(reasons) || !reasons[reason].name)
		return "unknown";
	return reasons[reason].name;
}

const char *kcopy_state_string(unsigned int state)
{
	if (state >= COUNT(states) || !states[state])
		return "unknown";
	return states[state];
}
