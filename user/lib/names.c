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
				   "out of range, as a chunk of no whole logical blocks" },
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
				       "not permitted (security module, lock or privilege)" },
	[KCOPYD_REASON_UNALIGNED] = { "unaligned",
				      "offset or length is not a multiple of the logical block" },
	[KCOPYD_REASON_TOO_SMALL] = { "too_small",
				      "the range ends behind the end of the device" },
	[KCOPYD_REASON_OVERLAP] = { "overlap",
				    "shares sectors with another device of this copy" },
	[KCOPYD_REASON_OVERLAP_JOB] = { "overlap_job",
					"shares sectors with a running copy (kcopyctl jobs)" },
	[KCOPYD_REASON_WRITE_OUT] = { "write_out",
				      "cached data could not be written out" },
	[KCOPYD_REASON_PAGE_CACHE] = { "page_cache",
				       "cached pages stay, as somebody uses it (see fuser)" },
	[KCOPYD_REASON_RESERVE] = { "reserve",
				    "the memory is smaller than a logical block (or two)" },
	[KCOPYD_REASON_MAX_JOBS] = { "max_jobs",
				     "too many jobs (module parameter max_jobs)" },
	[KCOPYD_REASON_MAX_MEMORY] = { "max_memory",
				       "too much memory, ask for less (parameter max_memory_mib)" },
	[KCOPYD_REASON_NO_MEMORY] = { "no_memory",
				      "the kernel has no memory for it" },
	[KCOPYD_REASON_INTERRUPTED] = { "interrupted",
					"interrupted by a signal" },
	[KCOPYD_REASON_CHECKSUM] = { "checksum",
				     "the kernel does not have this checksum" },
	[KCOPYD_REASON_MAX_CLIENTS] = { "max_clients",
					"too many programs (module parameter max_clients)" },
	[KCOPYD_REASON_UNREAD] = { "unread",
				   "too many results of earlier jobs have not been read" },
};

static const char *const states[] = {
	[KCOPYD_STATE_QUEUED] = "queued",
	[KCOPYD_STATE_RUNNING] = "running",
	[KCOPYD_STATE_FLUSHING] = "flushing",
	[KCOPYD_STATE_STOPPING] = "stopping",
	[KCOPYD_STATE_DONE] = "done",
	[KCOPYD_STATE_PAUSED] = "paused",
	[KCOPYD_STATE_VERIFYING] = "verifying",
};

static const char *const kinds[] = {
	[KCOPYD_EXTENT_BAD] = "bad",
	[KCOPYD_EXTENT_UNTRIED] = "untried",
	[KCOPYD_EXTENT_DIFFERS] = "differs",
};

static const char *const retries[] = {
	[KCOPYD_RETRY_NONE] = "none",
	[KCOPYD_RETRY_EDGES] = "edges",
	[KCOPYD_RETRY_BISECT] = "bisect",
};

static const char *const slow_actions[] = {
	[KCOPYD_SLOW_UNCOUPLE] = "uncouple",
	[KCOPYD_SLOW_WAIT] = "wait",
	[KCOPYD_SLOW_DROP] = "drop",
};

static const char *const checksums[] = {
	[KCOPYD_CHECKSUM_NONE] = "none",
	[KCOPYD_CHECKSUM_CRC32C] = "crc32c",
	[KCOPYD_CHECKSUM_XXH64] = "xxh64",
	[KCOPYD_CHECKSUM_SHA256] = "sha256",
};

static const char *const ops[] = {
	[KCOPYD_OP_READ] = "read",   [KCOPYD_OP_WRITE] = "write",
	[KCOPYD_OP_FLUSH] = "flush", [KCOPYD_OP_DISCARD] = "discard",
	[KCOPYD_OP_ZERO] = "zero",   [KCOPYD_OP_OTHER] = "other",
};

static const char *const trace_types[] = {
	[KCOPYD_TRACE_JOB_SUBMIT] = "job_submit",
	[KCOPYD_TRACE_REGION] = "region",
	[KCOPYD_TRACE_JOB_STATE] = "job_state",
	[KCOPYD_TRACE_IO_SUBMIT] = "io_submit",
	[KCOPYD_TRACE_IO_DONE] = "io_done",
	[KCOPYD_TRACE_THROTTLE] = "throttle",
	[KCOPYD_TRACE_JOB_DONE] = "job_done",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *word(const char *const *words, size_t nr, unsigned int i)
{
	return i < nr && words[i] ? words[i] : "unknown";
}

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
	return word(states, COUNT(states), state);
}

const char *kcopy_kind_string(unsigned int kind)
{
	return word(kinds, COUNT(kinds), kind);
}

const char *kcopy_retry_string(unsigned int retry)
{
	return word(retries, COUNT(retries), retry);
}

const char *kcopy_on_slow_string(unsigned int on_slow)
{
	return word(slow_actions, COUNT(slow_actions), on_slow);
}

const char *kcopy_checksum_string(unsigned int checksum)
{
	return word(checksums, COUNT(checksums), checksum);
}

const char *kcopy_op_string(unsigned int op)
{
	return word(ops, COUNT(ops), op);
}

const char *kcopy_trace_type_string(unsigned int type)
{
	return word(trace_types, COUNT(trace_types), type);
}
