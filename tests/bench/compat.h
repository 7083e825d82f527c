/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels' own dm_io(): one signature for all, which
 * says nothing of what a device does not support.
 */
#ifndef _KCOPYD_BENCH_COMPAT_H
#define _KCOPYD_BENCH_COMPAT_H

#include <linux/dm-io.h>
#include <linux/ioprio.h>

/* KB_NOTIFY(name, error, context): what begins an io_notify_fn. */
#ifdef INTREE_DM_IO_HAS_UNSUP
#define KB_NOTIFY(name, error, context) \
	name(error, unsigned long unsup, context)
#else
#define KB_NOTIFY(name, error, context) name(error, context)
#endif

static inline int kb_dm_io(struct dm_io_request *request, unsigned int nr,
			   struct dm_io_region *where, unsigned long *bits)
{
#if defined(INTREE_DM_IO_HAS_UNSUP)
	return dm_io(request, nr, where, bits, NULL, IOPRIO_DEFAULT);
#elif defined(INTREE_DM_IO_HAS_IOPRIO)
	return dm_io(request, nr, where, bits, IOPRIO_DEFAULT);
#else
	return dm_io(request, nr, where, bits);
#endif
}

#endif /* _KCOPYD_BENCH_COMPAT_H */
