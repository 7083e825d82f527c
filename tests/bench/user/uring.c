// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The best that a program can do: io_uring with everything registered. Several
 * chunks are in flight, each of which is read, written to every destination
 * out of the same buffer, and then used for what comes next.
 */
#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "copy.h"

#define NR_CHUNKS 8
#define CHUNK (1U << 20)
#define BATCH 32

/**
 * struct chunk - a buffer and its way through the loop
 * @memory: registered under the chunk's number
 * @offset: in the devices
 * @bytes: of @memory this time
 * @left: writes that are not done, 0 = it is being read
 */
struct chunk {
	char *memory;
	uint64_t offset;
	unsigned int bytes;
	unsigned int left;
};

/**
 * struct uring - the copier
 * @copy: what is copied
 * @ring: the devices are registered in their order
 * @memory: of all chunks
 * @chunks: in flight, as long as there is something to read
 * @next: offset to read
 * @in_flight: chunks
 */
struct uring {
	const struct copy *copy;
	struct io_uring ring;
	char *memory;
	struct chunk chunks[NR_CHUNKS];
	uint64_t next;
	unsigned int in_flight;
};

/* Huge pages if there are any. */
static void memory_init(struct uring *uring)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	const size_t size = NR_CHUNKS * CHUNK;
	unsigned int i;

	uring->memory = mmap(NULL, size, prot, flags | MAP_HUGETLB, -1, 0);
	if (uring->memory == MAP_FAILED) {
		warn("io_uring without huge pages");
		uring->memory = mmap(NULL, size, prot, flags, -1, 0);
	}
	if (uring->memory == MAP_FAILED)
		err(BENCH_FAILED, "mmap");
	for (i = 0; i < NR_CHUNKS; i++)
		uring->chunks[i].memory = uring->memory + i * CHUNK;
}

/* Completions are handled where they are waited for: the cheapest way. */
static void ring_init(struct uring *uring)
{
	const unsigned int entries = NR_CHUNKS * uring->copy->nr_dests;
	const unsigned int flags = IORING_SETUP_SINGLE_ISSUER |
				   IORING_SETUP_DEFER_TASKRUN;

	errno = -io_uring_queue_init(entries, &uring->ring, flags);
	if (errno)
		err(BENCH_FAILED, "io_uring");
}

static void register_all(struct uring *uring, const struct devices *devices)
{
	struct iovec vecs[NR_CHUNKS];
	unsigned int i;

	for (i = 0; i < NR_CHUNKS; i++)
		vecs[i] = (struct iovec){ uring->chunks[i].memory, CHUNK };
	errno = -io_uring_register_buffers(&uring->ring, vecs, NR_CHUNKS);
	if (errno)
		err(BENCH_FAILED, "io_uring: buffers");
	errno = -io_uring_register_files(&uring->ring, devices->fds,
					 1 + uring->copy->nr_dests);
	if (errno)
		err(BENCH_FAILED, "io_uring: files");
}

static struct io_uring_sqe *sqe_get(struct uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	if (!sqe)
		errx(BENCH_FAILED, "io_uring: the queue is full");
	return sqe;
}

static void sqe_set(struct io_uring_sqe *sqe, unsigned int number)
{
	io_uring_sqe_set_data64(sqe, number);
	sqe->flags |= IOSQE_FIXED_FILE;
}

static void read_next(struct uring *uring, unsigned int number)
{
	struct io_uring_sqe *sqe = sqe_get(uring);
	struct chunk *chunk = &uring->chunks[number];
	uint64_t left = uring->copy->bytes - uring->next;

	chunk->offset = uring->next;
	chunk->bytes = left < CHUNK ? left : CHUNK;
	uring->next += chunk->bytes;
	uring->in_flight++;
	io_uring_prep_read_fixed(sqe, 0, chunk->memory, chunk->bytes,
				 chunk->offset, number);
	sqe_set(sqe, number);
}

static void write_all(struct uring *uring, unsigned int number)
{
	struct chunk *chunk = &uring->chunks[number];
	unsigned int i;

	chunk->left = uring->copy->nr_dests;
	for (i = 1; i <= uring->copy->nr_dests; i++) {
		struct io_uring_sqe *sqe = sqe_get(uring);

		io_uring_prep_write_fixed(sqe, i, chunk->memory, chunk->bytes,
					  chunk->offset, number);
		sqe_set(sqe, number);
	}
}

static void completed(struct uring *uring, const struct io_uring_cqe *cqe)
{
	const unsigned int number = cqe->user_data;
	struct chunk *chunk = &uring->chunks[number];

	if (cqe->res != (int)chunk->bytes)
		errx(BENCH_FAILED, "io_uring: %s",
		     cqe->res < 0 ? strerror(-cqe->res) : "short");
	if (!chunk->left) {
		write_all(uring, number);
		return;
	}
	if (--chunk->left)
		return;
	uring->in_flight--;
	if (uring->next < uring->copy->bytes)
		read_next(uring, number);
}

static void complete_all(struct uring *uring)
{
	struct io_uring_cqe *cqes[BATCH];
	unsigned int i, nr;

	nr = io_uring_peek_batch_cqe(&uring->ring, cqes, BATCH);
	for (i = 0; i < nr; i++)
		completed(uring, cqes[i]);
	io_uring_cq_advance(&uring->ring, nr);
}

static void loop(struct uring *uring)
{
	unsigned int i;

	for (i = 0; i < NR_CHUNKS && uring->next < uring->copy->bytes; i++)
		read_next(uring, i);
	while (uring->in_flight) {
		int ret = io_uring_submit_and_wait(&uring->ring, 1);

		if (ret < 0)
			errx(BENCH_FAILED, "io_uring: %s", strerror(-ret));
		complete_all(uring);
	}
}

static uint64_t uring_copy(const struct copy *copy,
			   const struct devices *devices)
{
	struct uring uring = { .copy = copy };
	uint64_t start, ns;

	memory_init(&uring);
	ring_init(&uring);
	register_all(&uring, devices);
	start = clock_ns();
	loop(&uring);
	ns = clock_ns() - start;
	io_uring_queue_exit(&uring.ring);
	munmap(uring.memory, NR_CHUNKS * CHUNK);
	return ns;
}

const struct bench_peer peer_uring = { "uring", "io_uring", uring_copy };
