#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

static void digest(const EVP_MD *md, struct str data, unsigned char *out)
{
    unsigned int n = 0;

    BUG_IF(EVP_Digest(data.p, data.n, out, &n, md, NULL) != 1);
}

void crypto_sha256(struct str data, unsigned char out[CRYPTO_SHA256_BYTES])
{
    digest(EVP_sha256(), data, out);
}

void crypto_sha256_hex(struct str data, char out[CRYPTO_SHA256_HEX + 1])
{
    unsigned char bytes[CRYPTO_SHA256_BYTES];

    crypto_sha256(data, bytes);
    crypto_hex(bytes, sizeof bytes, out);
}

void crypto_sha1_hex(struct str data, char out[2 * CRYPTO_SHA1_BYTES + 1])
{
    unsigned char bytes[CRYPTO_SHA1_BYTES];

    digest(EVP_sha1(), data, bytes);
    crypto_hex(bytes, sizeof bytes, out);
}

void crypto_hmac_sha256(struct str key, struct str data, unsigned char out[CRYPTO_SHA256_BYTES])
{
    unsigned int n = 0;

    BUG_IF(key.n > INT32_MAX);
    BUG_IF(
        !HMAC(EVP_sha256(), key.n ? key.p : "", (int)key.n, (const unsigned char *)data.p, data.n, out, &n));
}

void crypto_hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void crypto_base64(struct str data, struct buf *out)
{
    for (size_t i = 0; i < data.n; i += 3) {
        uint32_t v = 0;
        size_t have = data.n - i < 3 ? data.n - i : 3;
        for (size_t j = 0; j < 3; j++)
            v = v << 8 | (j < have ? (unsigned char)data.p[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            buf_addc(out, j <= have ? alphabet[v >> (18 - 6 * j) & 63] : '=');
    }
}

static int value_of(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* Four characters, of which the last `pad` are '=', to 24 bits. */
static bool four(const char *p, size_t pad, uint32_t *bits)
{
    *bits = 0;
    for (size_t j = 0; j < 4; j++) {
        int six = j >= 4 - pad ? 0 : value_of(p[j]);
        if (six < 0)
            return false;
        *bits = *bits << 6 | (uint32_t)six;
    }
    /* Bits that no encoder sets: two texts must not mean the same bytes. */
    return pad == 0 || (*bits & (pad == 1 ? 0xff : 0xffff)) == 0;
}

static size_t padding(struct str text)
{
    return !str_ends(text, STR("=")) ? 0 : !str_ends(text, STR("==")) ? 1 : 2;
}

bool crypto_base64_decode(struct str text, struct buf *out)
{
    uint32_t bits = 0;

    if (text.n % 4)
        return false;
    for (size_t i = 0; i < text.n; i += 4) {
        size_t pad = i + 4 == text.n ? padding(text) : 0;
        if (!four(text.p + i, pad, &bits))
            return false;
        for (size_t j = 0; j < 3 - pad; j++)
            buf_addc(out, (char)(bits >> (16 - 8 * j) & 0xff));
    }
    return true;
}

bool crypto_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void crypto_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}

uint32_t crypto_crc32(struct str data)
{
    /* of the polynomial 0xedb88320, four bits at a time */
    static const uint32_t half_bytes[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffffU;

    for (size_t i = 0; i < data.n; i++) {
        crc ^= (unsigned char)data.p[i];
        crc = crc >> 4 ^ half_bytes[crc & 15];
        crc = crc >> 4 ^ half_bytes[crc & 15];
    }
    return ~crc;
}
