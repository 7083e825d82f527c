/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums by the kernel's crypto API. Kernels lose algorithms there that they
 * keep in a library: xxh64 comes from that one where the API has none.
 */
#ifndef _KCOPYD_COMPAT_HASH_H
#define _KCOPYD_COMPAT_HASH_H

#include <linux/types.h>

struct kc_hash;
struct kc_digest;

struct kc_hash *kc_hash_create(const char *name);
void kc_hash_destroy(struct kc_hash *hash);
unsigned int kc_hash_size(const struct kc_hash *hash);

struct kc_digest *kc_digest_create(struct kc_hash *hash, gfp_t gfp);
void kc_digest_destroy(struct kc_digest *digest);
int kc_digest_begin(struct kc_digest *digest);
int kc_digest_add(struct kc_digest *digest, const void *data, unsigned int len);
int kc_digest_end(struct kc_digest *digest, u8 *out);

#endif /* _KCOPYD_COMPAT_HASH_H */
