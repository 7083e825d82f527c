// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes to write from, where a device can't make them itself: one buffer for
 * all, as large as the machine had it in one piece, listed as often as a bio
 * of the largest size takes.
 */
#include <linux/bio.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "chunk.h"
#include "zero.h"

struct bio_vec kc_zero_vec[KC_CHUNK_SPANS];

static unsigned int zero_order;

int kc_zero_init(void)
{
	unsigned int order = KC_RUN_MAX_ORDER;
	struct page *page;
	unsigned int i;
	gfp_t gfp;

	for (;; order--) {
		gfp = GFP_KERNEL | __GFP_ZERO;
		if (order)
			gfp |= __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN;
		page = alloc_pages(gfp, order);
		if (page)
			break;
		if (!order)
			return -ENOMEM;
	}
	zero_order = order;
	for (i = 0; i < KC_CHUNK_SPANS; i++)
		kc_zero_vec[i] = (struct bio_vec){
			.bv_page = page,
			.bv_len = PAGE_SIZE << order,
		};
	return 0;
}

void kc_zero_exit(void)
{
	__free_pages(kc_zero_vec[0].bv_page, zero_order);
}

/* Sectors that kc_zero_vec[] holds, as far as a bio of ours may go. */
unsigned int kc_zero_sectors(void)
{
	unsigned int each = PAGE_SECTORS << zero_order;

	return min(KC_CHUNK_MAX_SECTORS, KC_CHUNK_SPANS * each);
}
