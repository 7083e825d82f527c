// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target against a manifest. Several threads take a piece each, so that one
 * is read while others are hashed; what they find is put in order.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>
#include "cleanup.h"
#include "follow.h"
#include "manifest.h"
#include "manifest_compare.h"

#define NSEC_PER_SEC 1000000000L
#define SHOW_NS (NSEC_PER_SEC / 10)
#define MAX_THREADS 8

/**
 * struct worker - a thread, and what it has for itself
 * @pool: whose
 * @thread: itself
 * @buffer: of direct_read()
 * @hash: of the piece
 * @left: of the piece, bytes
 */
struct worker {
	struct pool *pool;
	pthread_t thread;
	void *buffer;
	EVP_MD_CTX *hash;
	uint64_t left;
};

/**
 * struct pool - those who work on a target
 * @workers: themselves
 * @nr: how many there are
 * @lock: protects all the rest
 * @ended: when the last of them has
 * @running: how many have not
 * @comparison: what comes of it
 * @manifest: where the next piece is from
 * @err: why they stop, -errno
 */
struct pool {
	struct worker workers[MAX_THREADS];
	unsigned int nr;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned int running;
	struct comparison *comparison;
	struct manifest manifest;
	int err;
};

/* ---- a piece ----------------------------------------------------------------------- */

static void add_done(struct worker *worker, uint64_t bytes)
{
	pthread_mutex_lock(&worker->pool->lock);
	worker->pool->comparison->done += bytes;
	pthread_mutex_unlock(&worker->pool->lock);
	worker->left -= bytes;
}

/* What is left from there on: 1, 0 when it ends before, or -errno. */
static int hash_from(struct worker *worker, uint64_t at)
{
	const struct direct *direct = &worker->pool->comparison->direct;
	ssize_t got;
	void *data;

	while (worker->left) {
		if (follow_interrupted())
			return -EINTR;
		got = direct_read(direct, at, worker->left, worker->buffer,
				  &data);
		if (got <= 0)
			return got;
		if (!EVP_DigestUpdate(worker->hash, data, got))
			return -ENOMEM;
		add_done(worker, got);
		at += got;
	}
	return 1;
}

static bool is_on(const struct comparison *comparison,
		  const struct manifest_piece *piece)
{
	uint64_t size = comparison->direct.size;

	return comparison->offset <= size &&
	       piece->offset + piece->length <= size - comparison->offset;
}

/* 1: equal, 0: not, or -errno. */
static int check_piece(struct worker *worker,
		       const struct manifest_piece *piece)
{
	const struct comparison *comparison = worker->pool->comparison;
	uint8_t digest[EVP_MAX_MD_SIZE];
	int got;

	worker->left = piece->length;
	/* What is not there differs. */
	if (!is_on(comparison, piece))
		return 0;
	if (!EVP_DigestInit_ex(worker->hash, EVP_sha256(), NULL))
		return -ENOMEM;
	got = hash_from(worker, comparison->offset + piece->offset);
	if (got <= 0)
		return got;
	if (!EVP_DigestFinal_ex(worker->hash, digest, NULL))
		return -ENOMEM;
	return !memcmp(digest, piece->digest, sizeof(piece->digest));
}

/* ---- the pieces -------------------------------------------------------------------- */

static void note_error(struct comparison *comparison,
		       const struct kcopyd_extent *extent)
{
	if (extent->kind == KCOPYD_EXTENT_DIFFERS)
		comparison->differs = true;
	else
		comparison->errors++;
	if (!comparison->error)
		comparison->error = extent->error;
}

static void note(struct pool *pool, const struct manifest_piece *piece, int got)
{
	struct comparison *comparison = pool->comparison;
	const struct kcopyd_extent extent = {
		.offset = piece->offset,
		.length = piece->length,
		.region = comparison->region,
		.kind = got < 0 ? KCOPYD_EXTENT_BAD : KCOPYD_EXTENT_DIFFERS,
		.error = got < 0 ? got : -EILSEQ,
	};

	if (got >= 0)
		comparison->compared += piece->length;
	if (got > 0)
		return;
	note_error(comparison, &extent);
	if (extents_add(comparison->extents, &extent))
		pool->err = -ENOMEM;
}

static void note_end(struct worker *worker, const struct manifest_piece *piece,
		     int got)
{
	struct pool *pool = worker->pool;

	if (got != -EINTR)
		add_done(worker, worker->left);
	pthread_mutex_lock(&pool->lock);
	if (got == -EINTR || got == -ENOMEM)
		pool->err = got;
	else
		note(pool, piece, got);
	pthread_mutex_unlock(&pool->lock);
}

/* It ended, and as it did before. */
static bool is_stale(const struct pool *pool)
{
	return pool->manifest.wrong ||
	       !manifest_same(&pool->manifest, pool->comparison->sums);
}

static bool may_go_on(const struct pool *pool)
{
	return !pool->err && !follow_interrupted();
}

/* The next that there is a digest of. */
static bool next_piece(struct pool *pool, struct manifest_piece *piece)
{
	bool got;

	pthread_mutex_lock(&pool->lock);
	do {
		got = may_go_on(pool) && manifest_next(&pool->manifest, piece);
		if (got && !piece->readable)
			pool->comparison->done += piece->length;
	} while (got && !piece->readable);
	if (!got && may_go_on(pool) && is_stale(pool))
		pool->err = -ESTALE;
	pthread_mutex_unlock(&pool->lock);
	return got;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct pool *pool = worker->pool;
	struct manifest_piece piece;

	while (next_piece(pool, &piece))
		note_end(worker, &piece, check_piece(worker, &piece));
	pthread_mutex_lock(&pool->lock);
	if (!--pool->running)
		pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- the threads -------------------------------------------------------------------- */

static void worker_exit(struct worker *worker)
{
	free(worker->buffer);
	EVP_MD_CTX_free(worker->hash);
}

static int start_one(struct pool *pool)
{
	struct worker *worker = &pool->workers[pool->nr];
	int err = ENOMEM;

	worker->pool = pool;
	worker->buffer = direct_buffer();
	worker->hash = EVP_MD_CTX_new();
	if (worker->buffer && worker->hash)
		err = pthread_create(&worker->thread, NULL, work, worker);
	if (err) {
		worker_exit(worker);
		return -err;
	}
	pool->nr++;
	pool->running++;
	return 0;
}

/* At least two, so that reading and hashing overlap; fewer if it must be. */
static int start(struct pool *pool)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	int err = 0;

	pthread_mutex_lock(&pool->lock);
	for (i = 0; !err && i < MIN(MAX(cpus, 2), MAX_THREADS); i++)
		err = start_one(pool);
	pthread_mutex_unlock(&pool->lock);
	return pool->nr ? 0 : err;
}

static void end(struct pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->nr; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		worker_exit(&pool->workers[i]);
	}
}

static void wait_a_moment(struct pool *pool)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += SHOW_NS;
	if (until.tv_nsec >= NSEC_PER_SEC) {
		until.tv_nsec -= NSEC_PER_SEC;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&pool->ended, &pool->lock, &until);
}

static void watch(struct pool *pool, struct tracker *tracker)
{
	uint64_t done;

	pthread_mutex_lock(&pool->lock);
	while (pool->running) {
		wait_a_moment(pool);
		done = pool->comparison->done;
		/* A terminal may be stopped; they need not be. */
		pthread_mutex_unlock(&pool->lock);
		tracker_show(tracker, 0, done);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

int manifest_compare(struct comparison *comparison, struct tracker *tracker)
{
	struct pool pool = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.comparison = comparison,
	};
	int err;

	rewind(comparison->manifest);
	manifest_begin(&pool.manifest, comparison->manifest);
	err = start(&pool);
	if (err)
		return err;
	watch(&pool, tracker);
	end(&pool);
	return pool.err;
}
