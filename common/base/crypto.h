#pragma once
/*
 * crypto - digests, message authentication, and the two text forms of bytes. OpenSSL's only home.
 *
 * Pure functions; key material is the caller's to wipe (crypto_wipe).
 */
#include "base/str.h"

enum { CRYPTO_SHA256_BYTES = 32, CRYPTO_SHA1_BYTES = 20, CRYPTO_SHA256_HEX = 64 };

void crypto_sha256(struct str data, unsigned char out[CRYPTO_SHA256_BYTES]);
void crypto_sha256_hex(struct str data, char out[CRYPTO_SHA256_HEX + 1]);   /* lower case */
void crypto_sha1_hex(struct str data, char out[2 * CRYPTO_SHA1_BYTES + 1]); /* for EVALSHA, not for secrets */
void crypto_hmac_sha256(struct str key, struct str data, unsigned char out[CRYPTO_SHA256_BYTES]);

/* Lower-case hex of n bytes and a NUL: out has room for 2 * n + 1. */
void crypto_hex(const unsigned char *bytes, size_t n, char *out);

void crypto_base64(struct str data, struct buf *out);
MUST_CHECK bool crypto_base64_decode(struct str text,
                                     struct buf *out); /* strict alphabet and padding; appends */

bool crypto_equal(struct str a, struct str b); /* same time whatever differs */
void crypto_wipe(void *p, size_t n);           /* not optimised away */

/* CRC-32 (IEEE), as DynamoDB counts its replies. */
uint32_t crypto_crc32(struct str data);
