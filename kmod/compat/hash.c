// SPDX-License-Identifier: GPL-2.0-only
/* Checksums, whoever in the kernel computes them. */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xxhash.h>

#include "hash.h"

#define XXH64_SEED 0

/**
 * struct kc_hash - an algorithm
 * @tfm: of the crypto API, NULL = xxh64 of the library
 */
struct kc_hash {
	struct crypto_shash *tfm;
};

/**
 * struct kc_digest - a checksum that is being computed
 * @hash: how
 * @xxh64: the library's state, or
 * @desc: that of the crypto API, which goes on behind it
 */
struct kc_digest {
	struct kc_hash *hash;
	struct xxh64_state xxh64;
	struct shash_desc desc;
};

static bool library_has(const char *name)
{
	return IS_REACHABLE(CONFIG_XXHASH) && !strcmp(name, "xxhash64");
}

/* Nothing of the library is linked where there is none. */
static bool by_library(const struct kc_hash *hash)
{
	return IS_REACHABLE(CONFIG_XXHASH) && !hash->tfm;
}

/**
 * kc_hash_create - an algorithm
 * @name: in the crypto API
 *
 * Who is there first, so that hardware is used, and tests can stand in for it.
 *
 * Context: process, may sleep, also to load a module.
 * Return: it, or ERR_PTR(): -ENOMEM, -ENOENT if the kernel does not have it.
 */
struct kc_hash *kc_hash_create(const char *name)
{
	struct kc_hash *hash = kmalloc(sizeof(*hash), GFP_KERNEL);
	int err;

	if (!hash)
		return ERR_PTR(-ENOMEM);
	hash->tfm = crypto_alloc_shash(name, 0, 0);
	err = PTR_ERR_OR_ZERO(hash->tfm);
	if (!err)
		return hash;
	hash->tfm = NULL;
	/* One that failed its own test is none. */
	if (err != -ENOMEM && library_has(name))
		return hash;
	kfree(hash);
	return ERR_PTR(err == -ENOMEM ? err : -ENOENT);
}

void kc_hash_destroy(struct kc_hash *hash)
{
	if (!hash)
		return;
	if (hash->tfm)
		crypto_free_shash(hash->tfm);
	kfree(hash);
}

/* Bytes of a digest. */
unsigned int kc_hash_size(const struct kc_hash *hash)
{
	return by_library(hash) ? sizeof(u64) :
				  crypto_shash_digestsize(hash->tfm);
}

/**
 * kc_digest_create - a checksum
 * @hash: how; outlives it
 * @gfp: how to ask for memory
 *
 * Return: it, begun, or NULL.
 */
struct kc_digest *kc_digest_create(struct kc_hash *hash, gfp_t gfp)
{
	unsigned int more = by_library(hash) ? 0 :
					       crypto_shash_descsize(hash->tfm);
	struct kc_digest *digest = kmalloc(sizeof(*digest) + more, gfp);

	if (!digest)
		return NULL;
	digest->hash = hash;
	digest->desc.tfm = hash->tfm;
	if (!kc_digest_begin(digest))
		return digest;
	kfree(digest);
	return NULL;
}

void kc_digest_destroy(struct kc_digest *digest)
{
	kfree(digest);
}

/* Again, of nothing yet. */
int kc_digest_begin(struct kc_digest *digest)
{
	if (!by_library(digest->hash))
		return crypto_shash_init(&digest->desc);
	xxh64_reset(&digest->xxh64, XXH64_SEED);
	return 0;
}

int kc_digest_add(struct kc_digest *digest, const void *data, unsigned int len)
{
	if (!by_library(digest->hash))
		return crypto_shash_update(&digest->desc, data, len);
	return xxh64_update(&digest->xxh64, data, len);
}

/* The bytes are in the order that the crypto API has them in. */
int kc_digest_end(struct kc_digest *digest, u8 *out)
{
	__le64 value;

	if (!by_library(digest->hash))
		return crypto_shash_final(&digest->desc, out);
	value = cpu_to_le64(xxh64_digest(&digest->xxh64));
	memcpy(out, &value, sizeof(value));
	return 0;
}
