#include "base/crypto.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

static void sha256_agrees_with_fips_180(void **state)
{
    char hex[CRYPTO_SHA256_HEX + 1];
    char *million = xmalloc(1000000);

    (void)state;
    crypto_sha256_hex(STR(""), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_sha256_hex(str_n(NULL, 0), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_sha256_hex(STR("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(million, 'a', 1000000);
    crypto_sha256_hex(str_n(million, 1000000), hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    xfree(million);
}

static void sha1_agrees_with_fips_180(void **state)
{
    char hex[2 * CRYPTO_SHA1_BYTES + 1];

    (void)state;
    crypto_sha1_hex(STR("abc"), hex);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    crypto_sha1_hex(STR("return 1"), hex);
    assert_string_equal(hex, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

static void hmac_sha256_agrees_with_rfc_4231(void **state)
{
    unsigned char mac[CRYPTO_SHA256_BYTES];
    char hex[CRYPTO_SHA256_HEX + 1];
    char key[131];

    (void)state;
    crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), mac);
    crypto_hex(mac, sizeof mac, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key); /* longer than a block */
    crypto_hmac_sha256(str_n(key, sizeof key), STR("Test Using Larger Than Block-Size Key - Hash Key First"),
                       mac);
    crypto_hex(mac, sizeof mac, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    crypto_hmac_sha256(STR(""), STR(""), mac);
    crypto_hex(mac, sizeof mac, hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void base64_agrees_with_rfc_4648_both_ways(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foo"
         "bar",
         "Zm9vYmFy"},
        {"\xff\xfe\xfb", "//77"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BUF_CLEANUP struct buf b = BUF_INIT(100);
        crypto_base64(str_of(rows[i][0]), &b);
        assert_string_equal(buf_cstr(&b), rows[i][1]);
        buf_clear(&b);
        assert_true(crypto_base64_decode(str_of(rows[i][1]), &b));
        assert_string_equal(buf_cstr(&b), rows[i][0]);
    }
}

static void base64_that_no_encoder_writes_is_refused(void **state)
{
    static const char *const rows[] = {
        "Zg=",  "Zg",   "Z",    "Zg==Zg==", "Z===", "====", "Zm9v\n",
        "Zm9-", "Zm 9", "Zh==", "Zm9=",     "=Zm9", "Zg=v",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BUF_CLEANUP struct buf b = BUF_INIT(100);
        assert_false(crypto_base64_decode(str_of(rows[i]), &b));
    }
    BUF_CLEANUP struct buf b = BUF_INIT(100);
    assert_false(crypto_base64_decode(STR("Zg\0="), &b));
}

static void every_byte_survives_base64(void **state)
{
    char all[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (size_t n = 0; n <= sizeof all; n++) {
        BUF_CLEANUP struct buf text = BUF_INIT(400);
        BUF_CLEANUP struct buf back = BUF_INIT(256);
        crypto_base64(str_n(all, n), &text);
        assert_true(crypto_base64_decode(buf_view(&text), &back));
        assert_true(str_eq(buf_view(&back), str_n(all, n)));
    }
}

static void crc32_is_ieees(void **state)
{
    (void)state;
    assert_int_equal(crypto_crc32(STR("123456789")), 0xcbf43926U);
    assert_int_equal(crypto_crc32(STR("")), 0);
}

static void equal_and_wipe_do_what_they_say(void **state)
{
    char secret[] = "secret";

    (void)state;
    assert_true(crypto_equal(STR("abc"), STR("abc")));
    assert_false(crypto_equal(STR("abc"), STR("abd")));
    assert_false(crypto_equal(STR("abc"), STR("ab")));
    assert_true(crypto_equal(str_n(NULL, 0), STR("")));
    crypto_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0", sizeof secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(sha256_agrees_with_fips_180),
        WEIGHED(sha1_agrees_with_fips_180),
        WEIGHED(hmac_sha256_agrees_with_rfc_4231),
        WEIGHED(base64_agrees_with_rfc_4648_both_ways),
        WEIGHED(base64_that_no_encoder_writes_is_refused),
        WEIGHED(every_byte_survives_base64),
        WEIGHED(crc32_is_ieees),
        WEIGHED(equal_and_wipe_do_what_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
