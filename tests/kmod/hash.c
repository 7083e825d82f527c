// SPDX-License-Identifier: GPL-2.0-only
/*
 * A checksum that fails when it is told to, as one in hardware may. It goes
 * before the kernel's own of that name, and computes the same.
 */
#include <crypto/internal/hash.h>
#include <linux/module.h>
#include <linux/xxhash.h>

#include "internal.h"

/* Above whatever is made for a processor. */
#define PRIORITY 10000
#define DIGEST_SIZE 8

/* Which call fails, and how many of its kind do not before it. */
static atomic_t failing = ATOMIC_INIT(KCOPYD_TEST_HASH_WORKS);
static atomic_t left;

static bool fails(int call)
{
	return atomic_read(&failing) == call && atomic_dec_return(&left) < 0;
}

static int hash_setkey(struct crypto_shash *tfm, const u8 *key,
		       unsigned int len)
{
	__le64 *seed = crypto_shash_ctx(tfm);

	if (len != sizeof(*seed))
		return -EINVAL;
	memcpy(seed, key, len);
	return 0;
}

static int hash_init(struct shash_desc *desc)
{
	const __le64 *seed = crypto_shash_ctx(desc->tfm);

	if (fails(KCOPYD_TEST_HASH_INIT))
		return -EIO;
	xxh64_reset(shash_desc_ctx(desc), le64_to_cpu(*seed));
	return 0;
}

/* Kernels may end with an update of nothing, which the library refuses. */
static int hash_update(struct shash_desc *desc, const u8 *data,
		       unsigned int len)
{
	if (!len)
		return 0;
	if (fails(KCOPYD_TEST_HASH_UPDATE))
		return -EIO;
	return xxh64_update(shash_desc_ctx(desc), data, len);
}

static int hash_final(struct shash_desc *desc, u8 *digest)
{
	__le64 value;

	if (fails(KCOPYD_TEST_HASH_FINAL))
		return -EIO;
	value = cpu_to_le64(xxh64_digest(shash_desc_ctx(desc)));
	memcpy(digest, &value, sizeof(value));
	return 0;
}

static struct shash_alg hash_alg = {
	.digestsize = DIGEST_SIZE,
	.setkey = hash_setkey,
	.init = hash_init,
	.update = hash_update,
	.final = hash_final,
	.descsize = sizeof(struct xxh64_state),
	.base = {
		.cra_name = "xxhash64",
		.cra_driver_name = "xxhash64-kcopyd-test",
		.cra_priority = PRIORITY,
		.cra_flags = CRYPTO_ALG_OPTIONAL_KEY,
		.cra_blocksize = 32,
		.cra_ctxsize = sizeof(__le64),
		.cra_module = THIS_MODULE,
	},
};

int test_hash(const struct kcopyd_test_hash *args)
{
	atomic_set(&left, args->after);
	atomic_set(&failing, args->fails);
	return 0;
}

int test_hash_init(void)
{
	return crypto_register_shash(&hash_alg);
}

/* Who uses it holds the module. */
void test_hash_exit(void)
{
	crypto_unregister_shash(&hash_alg);
}
