/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm-io: synchronous and asynchronous I/O on regions of block devices.
 *
 * The calls of the classic dm-io document under their classic names, exported
 * by kcopyd.ko to GPL modules.
 */
#ifndef _KCOPYD_DM_IO_H
#define _KCOPYD_DM_IO_H

#ifdef _LINUX_DM_IO_H
#error "<linux/dm-io.h> and <kcopyd/dm_io.h> define the same names: include one"
#endif

#include <linux/types.h>

struct bio_vec;
struct block_device;
struct page;

/* Regions of one call, and bits of its result. */
#define DM_IO_MAX_REGIONS 64

/**
 * struct io_region - a range of a block device
 * @bdev: the device, held open by the caller until the I/O has completed
 * @sector: first sector, 512-byte units, a multiple of the logical block
 * @count: sectors, 512-byte units, a multiple of the logical block; a region
 *	of 0 sectors is skipped
 */
struct io_region {
	struct block_device *bdev;
	sector_t sector;
	sector_t count;
};

/**
 * struct page_list - pages of a buffer, in order
 * @next: the next one, NULL at the end
 * @page: one page (order 0, or any page of a compound one), used whole but
 *	for the offset into the first
 */
struct page_list {
	struct page_list *next;
	struct page *page;
};

/**
 * typedef io_notify_fn - completion of an asynchronous call
 * @error: bit i = region i failed, 0 = all is well
 * @context: as given to the call
 *
 * Runs exactly once, after the last bio of the call, in the context in which
 * that bio completes: it may be an interrupt, so it must not sleep. The
 * buffer, the page list or bio_vec array and the devices belong to the caller
 * again. The module that holds the function must stay loaded until it has
 * returned from it: wait for your calls before you unload.
 */
typedef void (*io_notify_fn)(unsigned long error, void *context);

/**
 * dm_io_get - reserve memory for pages in flight
 * @num_pages: how many more pages this caller has in flight at most
 *
 * From here on that many pages, of all callers together, can be in flight
 * without waiting for free memory. Every dm_io call needs a get before it.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL if @num_pages is 0, -ENOMEM.
 */
int dm_io_get(unsigned int num_pages);

/**
 * dm_io_put - give a reserve back
 * @num_pages: as it was got
 *
 * The last put frees all; no call may be in flight then.
 *
 * Context: process, may sleep.
 */
void dm_io_put(unsigned int num_pages);

/**
 * dm_io_sync - do I/O on regions from a page list, and wait
 * @num_regions: regions in @where, 1..DM_IO_MAX_REGIONS; 1 for a read
 * @where: the regions
 * @rw: READ or WRITE (REQ_OP_READ, REQ_OP_WRITE)
 * @pl: the data; every region gets the same
 * @offset: bytes into the first page, a multiple of the devices' dma alignment
 * @error_bits: where to put the bitset, bit i = region i failed; may be NULL
 *
 * A failed read's part of the buffer is zeroed, the rest of it is good. What
 * is wrong with a device (too small, gone, read-only, failing) is its own bit
 * and nobody else's; what is wrong with the arguments is an errno before any
 * I/O.
 *
 * Context: process, sleeps uninterruptibly; fit for WQ_MEM_RECLAIM work (all
 * memory comes from the reserve of dm_io_get()).
 * Return: 0, -EIO if any bit is set, -EINVAL for wrong arguments or without a
 * dm_io_get() before.
 */
int dm_io_sync(unsigned int num_regions, struct io_region *where, int rw,
	       struct page_list *pl, unsigned int offset,
	       unsigned long *error_bits);

/**
 * dm_io_async - do I/O on regions from a page list
 * @num_regions: as dm_io_sync()
 * @where: as dm_io_sync(); not used after the call has returned
 * @rw: as dm_io_sync()
 * @pl: as dm_io_sync(); owned by the call until @fn runs
 * @offset: as dm_io_sync()
 * @fn: called once when all is done; it may run before this returns
 * @context: for @fn
 *
 * Context: process, may sleep for the reserve.
 * Return: 0 and @fn runs, or -EINVAL and it does not.
 */
int dm_io_async(unsigned int num_regions, struct io_region *where, int rw,
		struct page_list *pl, unsigned int offset, io_notify_fn fn,
		void *context);

/**
 * dm_io_sync_bvec - do I/O on regions from a bio_vec array, and wait
 * @num_regions: as dm_io_sync()
 * @where: as dm_io_sync()
 * @rw: as dm_io_sync()
 * @bvec: the data, at least as long as the longest region; offsets and
 *	lengths are multiples of the dma alignment
 * @error_bits: as dm_io_sync()
 *
 * Context, return: as dm_io_sync().
 */
int dm_io_sync_bvec(unsigned int num_regions, struct io_region *where, int rw,
		    struct bio_vec *bvec, unsigned long *error_bits);

/**
 * dm_io_async_bvec - do I/O on regions from a bio_vec array
 * @num_regions: as dm_io_sync()
 * @where: as dm_io_async()
 * @rw: as dm_io_sync()
 * @bvec: as dm_io_sync_bvec(); owned by the call until @fn runs
 * @fn: as dm_io_async()
 * @context: for @fn
 *
 * Context, return: as dm_io_async().
 */
int dm_io_async_bvec(unsigned int num_regions, struct io_region *where, int rw,
		     struct bio_vec *bvec, io_notify_fn fn, void *context);

/**
 * dm_io_sync_vm - do I/O on regions from vmalloc'd memory, and wait
 * @num_regions: as dm_io_sync()
 * @where: as dm_io_sync()
 * @rw: as dm_io_sync()
 * @data: vmalloc'd, may start inside a page at a multiple of the dma alignment
 * @error_bits: as dm_io_sync()
 *
 * The kernel's alias of the memory is flushed before and, after a read,
 * invalidated.
 *
 * Context, return: as dm_io_sync().
 */
int dm_io_sync_vm(unsigned int num_regions, struct io_region *where, int rw,
		  void *data, unsigned long *error_bits);

/**
 * dm_io_async_vm - do I/O on regions from vmalloc'd memory
 * @num_regions: as dm_io_sync()
 * @where: as dm_io_async()
 * @rw: as dm_io_sync()
 * @data: as dm_io_sync_vm(); owned by the call until @fn runs
 * @fn: as dm_io_async()
 * @context: for @fn
 *
 * Context, return: as dm_io_async().
 */
int dm_io_async_vm(unsigned int num_regions, struct io_region *where, int rw,
		   void *data, io_notify_fn fn, void *context);

#endif /* _KCOPYD_DM_IO_H */
