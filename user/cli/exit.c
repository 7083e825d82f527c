// SPDX-License-Identifier: GPL-2.0-or-later
/* The exit codes, decided here and nowhere else. */
#include <errno.h>
#include <libkcopy.h>
#include "exit.h"

enum exit_code exit_of_result(int code, uint64_t complete)
{
	if (!code)
		return EXIT_COMPLETE;
	if (code == -ECANCELED)
		return EXIT_INTERRUPTED;
	return complete ? EXIT_PARTIAL : EXIT_FAILED;
}

enum exit_code exit_of_refusal(unsigned int reason, int err)
{
	switch (reason) {
	case KCOPYD_REASON_NR_DESTS:
	case KCOPYD_REASON_OPTION:
	case KCOPYD_REASON_NOT_BLOCK:
	case KCOPYD_REASON_RESERVE:
		return EXIT_USAGE;
	case KCOPYD_REASON_NOT_EXCLUSIVE:
	case KCOPYD_REASON_READ_ONLY:
	case KCOPYD_REASON_UNALIGNED:
	case KCOPYD_REASON_TOO_SMALL:
	case KCOPYD_REASON_OVERLAP:
	case KCOPYD_REASON_OVERLAP_JOB:
	case KCOPYD_REASON_PAGE_CACHE:
		return EXIT_SAFETY;
	case KCOPYD_REASON_FLAGS:
	case KCOPYD_REASON_PAD:
	case KCOPYD_REASON_PERMISSION:
	case KCOPYD_REASON_MAX_JOBS:
	case KCOPYD_REASON_MAX_MEMORY:
	case KCOPYD_REASON_NO_MEMORY:
	case KCOPYD_REASON_CHECKSUM:
	case KCOPYD_REASON_MAX_CLIENTS:
	case KCOPYD_REASON_UNREAD:
		return EXIT_ENVIRONMENT;
	case KCOPYD_REASON_INTERRUPTED:
		return EXIT_INTERRUPTED;
	case KCOPYD_REASON_WRITE_OUT:
		return EXIT_FAILED;
	default:
		return exit_of_errno(err);
	}
}

enum exit_code exit_of_errno(int err)
{
	switch (err) {
	case 0:
		return EXIT_COMPLETE;
	case -ENOENT:
	case -ENOTBLK:
	case -ENOTDIR:
	case -ENXIO:
	case -EINVAL:
	case -ERANGE:
		return EXIT_USAGE;
	case -EBUSY:
	case -EROFS:
	case -ESTALE:
	case -ENOSPC:
		return EXIT_SAFETY;
	case -EACCES:
	case -EPERM:
	case -EPROTO:
	case -ENOMEM:
	case -EAGAIN:
		return EXIT_ENVIRONMENT;
	case -EINTR:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_FAILED;
	}
}
