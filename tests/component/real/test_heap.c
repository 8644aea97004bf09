/* What a wave of work leaves behind goes back to the system. */
#include "real/heap.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATOR 1
#endif
#endif

#ifdef OWN_ALLOCATOR
static void the_sanitizer_has_an_allocator_of_its_own(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_sanitizer_has_an_allocator_of_its_own)};

    return cmocka_run_group_tests_name("real/heap", tests, NULL, NULL);
}
#else

/* Anonymous memory of this process, in KiB. */
static int64_t anonymous(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    int64_t kib = -1;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct str name, value;
        if (str_cut(str_of(line), ':', &name, &value) && str_is(name, "Anonymous"))
            assert_true(str_cut(str_trim(value), ' ', &name, &value) && str_to_i64(name, &kib));
    }
    (void)fclose(f);
    assert_true(kib > 0);
    return kib;
}

static void *touched(size_t n)
{
    void *p = xmalloc(n);

    memset(p, 1, n);
    return p;
}

static void a_long_reply_goes_back_whatever_was_freed_before(void **state)
{
    enum { LONG = 8 * 1024 * 1024 };

    (void)state;
    heap_settle();
    xfree(touched(LONG)); /* from here on glibc would grow such a block in the heap */
    int64_t before = anonymous();
    void *reply = touched(LONG / 2);
    void *small = touched(64); /* above it */
    xfree(reply);
    assert_true(anonymous() - before < LONG / 2 / 1024 / 4);
    xfree(small);
}

static void what_lies_below_the_living_goes_back(void **state)
{
    enum { BLOCKS = 64 * 1024, BYTES = 256, EACH = 256 };
    void **at = xcalloc(BLOCKS, sizeof *at);
    int64_t before = anonymous();

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++)
        at[i] = touched(BYTES);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % EACH != EACH - 1)
            xfree(at[i]);
    int64_t left = anonymous() - before;
    assert_true(left > BLOCKS * BYTES / 1024 / 2);
    heap_trim();
    assert_true(anonymous() - before < left / 4);
    for (size_t i = EACH - 1; i < BLOCKS; i += EACH)
        xfree(at[i]);
    xfree(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_reply_goes_back_whatever_was_freed_before),
        cmocka_unit_test(what_lies_below_the_living_goes_back),
    };

    return cmocka_run_group_tests_name("real/heap", tests, NULL, NULL);
}
#endif
