/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space asks for, in the terms of the ABI and of the engine (options.c).
 */
#ifndef _KCOPYD_OPTIONS_H
#define _KCOPYD_OPTIONS_H

#include <linux/types.h>

#include <kcopyd/kcopyd.h>
#include <uapi/kcopyd.h>

#include "refusal.h"

bool kc_options_conflict(u32 flags);
int kc_options_check(const struct kcopyd_submit *args, struct kc_refusal *why);
void kc_options_to_request(const struct kcopyd_submit *args,
			   struct kcopyd_request *rq);
int kc_options_control(const struct kcopyd_control *args,
		       struct kcopyd_job *job);

#endif /* _KCOPYD_OPTIONS_H */
