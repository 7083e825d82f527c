/* SPDX-License-Identifier: GPL-2.0-only */
/* A client's reserve of physically contiguous runs (pages.c). */
#ifndef _KCOPYD_PAGES_H
#define _KCOPYD_PAGES_H

#include <linux/bitmap.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#define KC_RUN_MAX_ORDER 8
#define KC_RUN_MAX_PAGES (1U << KC_RUN_MAX_ORDER)

/**
 * struct kc_run - physically contiguous pages, parts of which are lent
 * @page: the first, of a compound page if @order > 0
 * @order: 1 << @order pages
 * @free: pages not lent
 * @used: bit i = page i is lent
 */
struct kc_run {
	struct page *page;
	unsigned int order;
	unsigned int free;
	DECLARE_BITMAP(used, KC_RUN_MAX_PAGES);
};

/**
 * struct kc_reserve - pages of a client, allocated once
 * @runs: ends where the memory was got from
 * @nr_runs: of them
 * @nr_pages: altogether
 * @nr_free: not lent
 */
struct kc_reserve {
	struct kc_run *runs;
	unsigned int nr_runs;
	unsigned int nr_pages;
	unsigned int nr_free;
};

/**
 * struct kc_span - contiguous pages on loan from a run
 * @run: whose
 * @first: page in the run
 * @pages: how many
 */
struct kc_span {
	struct kc_run *run;
	u16 first;
	u16 pages;
};

int kc_reserve_init(struct kc_reserve *reserve, unsigned int nr_pages);
void kc_reserve_exit(struct kc_reserve *reserve);
unsigned int kc_reserve_in_runs(const struct kc_reserve *reserve,
				unsigned int nr_runs);
unsigned int kc_reserve_take(struct kc_reserve *reserve, unsigned int want,
			     struct kc_span *span);
void kc_reserve_give(struct kc_reserve *reserve, const struct kc_span *span);

#endif /* _KCOPYD_PAGES_H */
