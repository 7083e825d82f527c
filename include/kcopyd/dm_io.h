/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm-io: synchronous and asynchronous I/O on regions of block devices.
 *
 * The six calls of the classic dm-io document under their classic names, and
 * dm_io_submit(), which can do more: operation flags, discard, zeroing,
 * priority, kmalloc'd memory, lengths of buffers, an errno a region. All are
 * exported by kcopyd.ko to GPL modules.
 *
 * What is wrong with the arguments is an errno before any I/O, and nobody is
 * called back. What is wrong with a device (too small, gone, read-only,
 * failing) is that region's own bit; the other regions are written.
 *
 * Who makes calls holds a dm_io_get(). dm_io_put() returns only when every
 * call that was made before has ended and its callback has returned. So a
 * module that does its put before it unloads is never called back later.
 *
 * A call takes its memory from the reserve of dm_io_get() when there is no
 * other, never starts I/O to get some, and waits for earlier calls only when
 * more is in flight than was asked for. It must not be made from within a
 * driver's own submission path (->submit_bio), nor from an interrupt.
 */
#ifndef _KCOPYD_DM_IO_H
#define _KCOPYD_DM_IO_H

#ifdef _LINUX_DM_IO_H
#error "<linux/dm-io.h> and <kcopyd/dm_io.h> define the same names: include one"
#endif

#include <linux/blk_types.h>
#include <linux/types.h>

struct bio_vec;
struct block_device;
struct page;

/*
 * Regions of one call, and bits of its result. (The classic calls, whose
 * result is a long, take BITS_PER_LONG.)
 */
#define DM_IO_MAX_REGIONS 64

/**
 * struct io_region - a range of a block device
 * @bdev: the device, held open by the caller until the I/O has completed
 * @sector: first sector, 512-byte units, a multiple of the logical block
 * @count: sectors, 512-byte units, a multiple of the logical block; a region
 *	of 0 sectors is skipped (but see dm_io_submit() for an empty flush)
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
 * again. The function's module is safe to unload after a dm_io_put().
 */
typedef void (*io_notify_fn)(unsigned long error, void *context);

/**
 * dm_io_get - reserve memory for pages in flight
 * @num_pages: how many more pages this caller has in flight at most
 *
 * From here on that many pages, added up over all callers, can be in flight
 * without waiting for free memory. A page that goes to several regions counts
 * once for each, a bio_vec counts as a page, and so does an operation without
 * data. More may be in flight as long as there is memory; a call that finds
 * none waits for others to complete. Every call needs a get before it.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL if @num_pages is 0, -ENOMEM.
 */
int dm_io_get(unsigned int num_pages);

/**
 * dm_io_put - give a reserve back
 * @num_pages: as it was got
 *
 * Waits until every call that was made before, by whomever, has ended and its
 * callback has returned. The last put frees all.
 *
 * Context: process, sleeps; not in a callback.
 */
void dm_io_put(unsigned int num_pages);

/**
 * enum dm_io_memory - what a buffer consists of
 * @DM_IO_NO_MEMORY: nothing, for operations without data
 * @DM_IO_PAGE_LIST: a list of pages
 * @DM_IO_BVEC: an array of bio_vecs
 * @DM_IO_VM: vmalloc'd (or vmap'd) memory
 * @DM_IO_KMEM: kmalloc'd memory, or any other of the kernel's direct map
 */
enum dm_io_memory {
	DM_IO_NO_MEMORY,
	DM_IO_PAGE_LIST,
	DM_IO_BVEC,
	DM_IO_VM,
	DM_IO_KMEM,
};

/**
 * struct dm_io_buffer - the data of a call
 * @memory: which of the union it is
 * @offset: bytes into the first page of a page list, below PAGE_SIZE; 0 with
 *	all others
 * @length: bytes, at least as many as the longest region has
 * @pl: the list; its pages hold @offset + @length bytes
 * @bvec: the array; its vecs hold @length bytes
 * @vm: the address, may be inside a page
 * @kmem: the address, may be inside a page
 *
 * Where memory starts, and where a bio_vec ends, must be a multiple of the
 * devices' dma alignment (bdev_dma_alignment()). Where a logical block comes
 * in several pieces, there may be no more than the device takes segments, and
 * a device with a virtual boundary takes no gaps between them. Anything else
 * is refused with -EINVAL.
 */
struct dm_io_buffer {
	enum dm_io_memory memory;
	unsigned int offset;
	u64 length;
	union {
		struct page_list *pl;
		struct bio_vec *bvec;
		void *vm;
		void *kmem;
	};
};

/**
 * struct dm_io_args - what dm_io_submit() is to do
 * @opf: an operation and its flags:
 *	REQ_OP_READ, REQ_OP_WRITE;
 *	REQ_OP_DISCARD and REQ_OP_WRITE_ZEROES, which take no data;
 *	REQ_SYNC, REQ_IDLE, REQ_META, REQ_PRIO, REQ_RAHEAD, REQ_BACKGROUND,
 *	REQ_FAILFAST_DEV, REQ_FAILFAST_TRANSPORT, REQ_FAILFAST_DRIVER;
 *	REQ_PREFLUSH and REQ_FUA with REQ_OP_WRITE only;
 *	REQ_NOUNMAP with REQ_OP_WRITE_ZEROES only.
 *	They reach every bio that a region is split into.
 * @ioprio: of every bio, 0 = the caller's own
 * @buffer: the data; every region gets the same
 */
struct dm_io_args {
	blk_opf_t opf;
	unsigned short ioprio;
	struct dm_io_buffer buffer;
};

/**
 * struct dm_io_result - what became of each region
 * @failed: bit i = region i failed, in any of its bios
 * @unsupported: bit i = for one of these reasons it did: the device does not
 *	do the operation at all, or not any more; a subset of @failed
 * @error: the first errno of region i, 0 where it did not fail: -ENODEV (the
 *	device is gone), -ENOSPC (it ends before the region does), -EROFS (it
 *	is read-only), -EOPNOTSUPP, or what the device said
 */
struct dm_io_result {
	u64 failed;
	u64 unsupported;
	int error[DM_IO_MAX_REGIONS];
};

/**
 * typedef dm_io_done_fn - completion of dm_io_submit()
 * @result: as given to the call
 * @context: as given to the call
 *
 * Under the same rules as io_notify_fn. @result is the caller's again.
 */
typedef void (*dm_io_done_fn)(struct dm_io_result *result, void *context);

/**
 * dm_io_submit_wait - do I/O on regions, and wait
 * @args: what to do
 * @num_regions: regions in @where, 1..DM_IO_MAX_REGIONS; 1 for a read
 * @where: the regions
 * @result: filled unless arguments are wrong; may be NULL
 *
 * A region of 0 sectors is skipped, except by a write with REQ_PREFLUSH,
 * which flushes the device's cache then ("empty flush").
 *
 * A failed read's part of the buffer (that of the bio that failed) is zeroed;
 * the rest is good.
 *
 * Context: process, sleeps uninterruptibly; fit for WQ_MEM_RECLAIM work.
 * Return: 0, -EIO if any bit is set, -EINVAL for wrong arguments or without a
 * dm_io_get() before.
 */
int dm_io_submit_wait(const struct dm_io_args *args, unsigned int num_regions,
		      const struct io_region *where,
		      struct dm_io_result *result);

/**
 * dm_io_submit - do I/O on regions
 * @args: what to do; not used after the call has returned, but the memory
 *	that it points to is owned by the call until @fn runs
 * @num_regions: as dm_io_submit_wait()
 * @where: as dm_io_submit_wait(); not used after the call has returned
 * @result: where to put the result, owned by the call until @fn runs
 * @fn: called once when all is done; it may run before this returns
 * @context: for @fn
 *
 * Context: process, may sleep for the reserve and for the devices' queues.
 * Return: 0 and @fn runs, or -EINVAL and it does not.
 */
int dm_io_submit(const struct dm_io_args *args, unsigned int num_regions,
		 const struct io_region *where, struct dm_io_result *result,
		 dm_io_done_fn fn, void *context);

/**
 * dm_io_sync - do I/O on regions from a page list, and wait
 * @num_regions: regions in @where, 1..DM_IO_MAX_REGIONS; 1 for a read
 * @where: the regions
 * @rw: READ or WRITE
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
