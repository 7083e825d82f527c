/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private declarations of dm-io, in the order of who knows whom: the buffer
 * knows nobody, the pools know what a call consists of, a call (io.c) uses
 * both.
 */
#ifndef _KCOPYD_IO_H
#define _KCOPYD_IO_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <kcopyd/dm_io.h>

/* buffer.c: a caller's memory as bio_vecs. */

/* Of one window: what an unsplit bio may have, and what its size can say. */
#define KC_WINDOW_VECS BIO_MAX_VECS
#define KC_WINDOW_BYTES (256U << 20)

/* The classic calls can't tell how long their buffers are. */
#define KC_LENGTH_TRUSTED U64_MAX

/**
 * struct kc_window - a part of a buffer, as the bios of all regions see it
 * @recycled: in a stock, while nobody has it
 * @users: bios in flight, and one while they are being made
 * @nr: vecs in use; physically contiguous memory is one
 * @bytes: of them, whole logical blocks but for the last window
 * @vecs: shared by the bios, each has an iterator of its own over them
 */
struct kc_window {
	struct llist_node recycled;
	refcount_t users;
	unsigned int nr;
	unsigned int bytes;
	struct bio_vec *vecs;
};

/**
 * struct kc_data - a walk through a caller's buffer
 * @memory: what it is
 * @offset: bytes used of the current page or vec
 * @pl: the current entry of the list, or
 * @bvec: the current vec, or
 * @address: where we are
 * @vecs: no more of them are to come
 * @ragged: a logical block may come in several pieces
 */
struct kc_data {
	enum dm_io_memory memory;
	unsigned int offset;
	union {
		struct page_list *pl;
		struct bio_vec *bvec;
		char *address;
	};
	u64 vecs;
	bool ragged;
};

bool kc_data_init(struct kc_data *data, const struct dm_io_buffer *buffer,
		  u64 bytes, unsigned int dma_mask, unsigned int block);
bool kc_data_suits(const struct kc_data *data, u64 bytes,
		   const struct queue_limits *limits);
unsigned int kc_data_gather(struct kc_data *data, struct kc_window *window,
			    unsigned int max_vecs, u64 bytes,
			    unsigned int block);
void kc_window_zero(const struct bio_vec *vecs, struct bvec_iter iter);

/* iopool.c: the memory of dm_io_get(). */

/* Buffers of so few vecs need no window from the pool. */
#define KC_CALL_VECS 16

struct kc_call;

/**
 * struct kc_call_bio - a bio of a call
 * @recycled: in a stock, while nobody has it
 * @call: whose
 * @window: what its vecs are in, NULL = nothing that was allocated
 * @iter: the whole of it; the bio's own iterator is consumed in the end
 * @region: its bit
 * @bdev: device; the bio's may have been changed by its driver
 * @clock: enum kc_clock, KC_CLOCK_NONE = nobody measures
 * @submit: when it was submitted, by that clock
 * @bio: last, it ends in a flexible array
 */
struct kc_call_bio {
	struct llist_node recycled;
	struct kc_call *call;
	struct kc_window *window;
	struct bvec_iter iter;
	unsigned int region;
	struct block_device *bdev;
	u8 clock;
	u64 submit;
	struct bio bio;
};

/**
 * struct kc_call - a call in flight
 * @recycled: in a stock, while nobody has it
 * @pending: bios, and one while they are being submitted
 * @epoch: of the pools, which are there until it is left
 * @opf: operation and flags of every bio
 * @ioprio: of every bio
 * @vm_bytes: of @vm
 * @vm: vmalloc'd memory being read into, or NULL
 * @failed: bit i = region i failed
 * @unsupported: bit i = because the device can't do it
 * @result: the caller's, may be NULL
 * @done: tells a waiting caller, or
 * @notify: a classic one, or
 * @fn: an extended one
 * @context: for @notify or @fn
 * @window: the first, and the only one of a small buffer
 * @small: the vecs of a small buffer
 * @first_used: @first is in use or was
 * @first: the first bio, so that a small call needs no other memory
 */
struct kc_call {
	struct llist_node recycled;
	atomic_t pending;
	int epoch;
	blk_opf_t opf;
	unsigned short ioprio;
	u64 vm_bytes;
	void *vm;
	atomic64_t failed;
	atomic64_t unsupported;
	struct dm_io_result *result;
	struct completion *done;
	io_notify_fn notify;
	dm_io_done_fn fn;
	void *context;
	struct kc_window window;
	struct bio_vec small[KC_CALL_VECS];
	bool first_used;
	struct kc_call_bio first;
};

int kc_iopool_init(void);
void kc_iopool_exit(void);
int kc_iopool_enter(int *epoch);
void kc_iopool_leave(int epoch);
struct kc_call *kc_call_alloc(void);
void kc_call_free(struct kc_call *call);
struct kc_window *kc_window_alloc(void);
void kc_window_free(struct kc_window *window);
struct kc_call_bio *kc_call_bio_alloc(void);
void kc_call_bio_free(struct kc_call_bio *cb);

#endif /* _KCOPYD_IO_H */
