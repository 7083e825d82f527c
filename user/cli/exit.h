/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes, and everything that decides which. */
#ifndef _KCOPYCTL_EXIT_H
#define _KCOPYCTL_EXIT_H

#include <stdint.h>

enum exit_code {
	EXIT_COMPLETE = 0, /* all that was asked for */
	EXIT_PARTIAL = 1, /* some destinations are complete, not all */
	EXIT_USAGE = 2, /* bad arguments */
	EXIT_SAFETY = 3, /* refused, so that nothing is lost */
	EXIT_ENVIRONMENT = 4, /* module, kernel or rights are missing */
	EXIT_FAILED = 5, /* no destination is complete, or internal failure */
	EXIT_INTERRUPTED = 130, /* a signal came */
};

/* Of a job that is over: its code and its bitset of complete destinations. */
enum exit_code exit_of_result(int code, uint64_t complete);

/* Of a request that the module refused: enum kcopyd_reason, -errno. */
enum exit_code exit_of_refusal(unsigned int reason, int err);

/* Of a failed call on a device or the module: -errno. */
enum exit_code exit_of_errno(int err);

#endif /* _KCOPYCTL_EXIT_H */
