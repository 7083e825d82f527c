// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client's reserve: pages allocated once, in runs as large as the machine
 * has them, and lent in contiguous spans. Small jobs take small spans, so that
 * many of them share a run. No locks: the client's worker is the only borrower.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "memory.h"
#include "pages.h"

static int run_alloc(struct kc_run *run, unsigned int order)
{
	gfp_t gfp = KC_GFP_ACCOUNT;

	if (order)
		gfp = GFP_KERNEL_ACCOUNT | __GFP_COMP | __GFP_NORETRY |
		      __GFP_NOWARN;
	run->page = alloc_pages(gfp, order);
	if (!run->page)
		return -ENOMEM;
	run->order = order;
	run->free = 1U << order;
	bitmap_zero(run->used, KC_RUN_MAX_PAGES);
	return 0;
}

/* Largest order that does not overshoot @pages. */
static unsigned int order_below(unsigned int pages)
{
	return min_t(unsigned int, ilog2(pages), KC_RUN_MAX_ORDER);
}

static int reserve_fill(struct kc_reserve *reserve, unsigned int nr_pages)
{
	unsigned int order = order_below(nr_pages);

	while (reserve->nr_pages < nr_pages) {
		order = min(order, order_below(nr_pages - reserve->nr_pages));
		if (run_alloc(&reserve->runs[reserve->nr_runs], order)) {
			if (!order)
				return -ENOMEM;
			order--;
			continue;
		}
		reserve->nr_runs++;
		reserve->nr_pages += 1U << order;
	}
	reserve->nr_free = reserve->nr_pages;
	return 0;
}

/*
 * How many runs may be needed is known only afterwards, so a table for the
 * worst case (all order 0) is filled and then cut to size.
 */
int kc_reserve_init(struct kc_reserve *reserve, unsigned int nr_pages)
{
	struct kc_run *cut;
	int err;

	*reserve = (struct kc_reserve){};
	reserve->runs = kc_table_alloc(nr_pages, sizeof(*reserve->runs));
	if (!reserve->runs)
		return -ENOMEM;
	err = reserve_fill(reserve, nr_pages);
	if (err) {
		kc_reserve_exit(reserve);
		return err;
	}
	cut = kc_table_alloc(reserve->nr_runs, sizeof(*cut));
	if (cut) {
		memcpy(cut, reserve->runs, reserve->nr_runs * sizeof(*cut));
		kvfree(reserve->runs);
		reserve->runs = cut;
	}
	return 0;
}

void kc_reserve_exit(struct kc_reserve *reserve)
{
	while (reserve->nr_runs--)
		__free_pages(reserve->runs[reserve->nr_runs].page,
			     reserve->runs[reserve->nr_runs].order);
	kvfree(reserve->runs);
	reserve->runs = NULL;
}

/**
 * kc_reserve_in_runs - pages in the largest runs
 * @reserve: of which
 * @nr_runs: so many of them
 *
 * What so many spans can be together when nothing else is lent.
 */
unsigned int kc_reserve_in_runs(const struct kc_reserve *reserve,
				unsigned int nr_runs)
{
	unsigned int pages = 0, i;

	/* They were allocated in this order. */
	for (i = 0; i < min(nr_runs, reserve->nr_runs); i++)
		pages += 1U << reserve->runs[i].order;
	return pages;
}

static void span_lend(struct kc_reserve *reserve, struct kc_run *run,
		      unsigned int first, unsigned int pages,
		      struct kc_span *span)
{
	bitmap_set(run->used, first, pages);
	run->free -= pages;
	reserve->nr_free -= pages;
	span->run = run;
	span->first = first;
	span->pages = pages;
}

static bool run_take(struct kc_reserve *reserve, struct kc_run *run,
		     unsigned int want, struct kc_span *span)
{
	unsigned int size = 1U << run->order;
	unsigned long first = 0;

	if (run->free < want)
		return false;
	if (run->free < size) {
		first = bitmap_find_next_zero_area(run->used, size, 0, want, 0);
		if (first >= size)
			return false;
	}
	span_lend(reserve, run, first, want, span);
	return true;
}

static void run_longest(struct kc_run *run, struct kc_span *longest)
{
	unsigned int start, end;

	if (run->free <= longest->pages)
		return;
	for_each_clear_bitrange(start, end, run->used, 1U << run->order) {
		if (end - start > longest->pages) {
			longest->run = run;
			longest->first = start;
			longest->pages = end - start;
		}
	}
}

/**
 * kc_reserve_take - borrow contiguous pages
 * @reserve: from here
 * @want: pages, at most
 * @span: what was got
 *
 * Takes the first place that has @want pages, else the longest there is.
 *
 * Return: pages got, 0 if all are lent.
 */
unsigned int kc_reserve_take(struct kc_reserve *reserve, unsigned int want,
			     struct kc_span *span)
{
	struct kc_span longest = {};
	unsigned int i;

	if (!reserve->nr_free)
		return 0;
	want = min(want, KC_RUN_MAX_PAGES);
	for (i = 0; i < reserve->nr_runs; i++)
		if (run_take(reserve, &reserve->runs[i], want, span))
			return want;
	for (i = 0; i < reserve->nr_runs; i++)
		run_longest(&reserve->runs[i], &longest);
	span_lend(reserve, longest.run, longest.first,
		  min_t(unsigned int, longest.pages, want), span);
	return span->pages;
}

void kc_reserve_give(struct kc_reserve *reserve, const struct kc_span *span)
{
	bitmap_clear(span->run->used, span->first, span->pages);
	span->run->free += span->pages;
	reserve->nr_free += span->pages;
}
