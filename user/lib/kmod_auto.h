/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libkmod's objects, for AUTO(). */
#ifndef _KCOPY_KMOD_AUTO_H
#define _KCOPY_KMOD_AUTO_H

#include <libkmod.h>
#include "cleanup.h"

static inline void cleanup_kmod_ctx(struct kmod_ctx **ctx)
{
	kmod_unref(*ctx);
}

static inline void cleanup_kmod_module(struct kmod_module **module)
{
	kmod_module_unref(*module);
}

static inline void cleanup_kmod_list(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static inline void cleanup_kmod_info(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

/* libkmod writes to stderr by itself unless told otherwise. */
static inline struct kmod_ctx *kmod_new_quiet(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_priority(ctx, 0);
	return ctx;
}

#endif /* _KCOPY_KMOD_AUTO_H */
