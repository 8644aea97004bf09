#include "base/mem.h"

#include "support/weigh.h"

#include <string.h>

static void every_block_is_counted_until_it_is_freed(void **state)
{
    const struct mem_account *a = *state;
    char *p = xmalloc(100);
    char *q = xcalloc(3, 7);

    assert_int_equal(a->bytes, 121);
    assert_int_equal(a->blocks, 2);
    p = xrealloc(p, 40);
    assert_int_equal(a->bytes, 61);
    p = xrealloc(p, 0);
    assert_int_equal(a->bytes, 21);
    assert_int_equal(a->blocks, 2);
    xfree(p);
    xfree(q);
    xfree(NULL);
    assert_int_equal(a->bytes, 0);
    assert_int_equal(a->blocks, 0);
}

static void a_block_leaves_the_account_it_came_from(void **state)
{
    struct mem_account other = {0};
    struct mem_account *mine = *state;
    char *p = xmalloc(10);

    assert_ptr_equal(mem_account_set(&other), mine);
    char *q = xmalloc(5);
    p = xrealloc(p, 20); /* grows where it was made */
    assert_int_equal(mine->bytes, 20);
    assert_int_equal(other.bytes, 5);
    (void)mem_account_set(NULL);
    char *r = xmalloc(1); /* nobody's */
    xfree(p);
    xfree(q);
    xfree(r);
    assert_int_equal(mine->blocks, 0);
    assert_int_equal(other.blocks, 0);
    (void)mem_account_set(mine);
}

static void blocks_keep_their_content_and_alignment(void **state)
{
    (void)state;
    char *p = xmalloc(64);
    memset(p, 'a', 64);
    p = xrealloc(p, 4096);
    for (int i = 0; i < 64; i++)
        assert_int_equal(p[i], 'a');
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    xfree(p);
    char *z = xcalloc(16, 16);
    for (int i = 0; i < 256; i++)
        assert_int_equal(z[i], 0);
    xfree(z);
}

static void copies_end_in_nul_and_may_hold_one(void **state)
{
    (void)state;
    char *s = xstrdup("abc");
    char *n = xstrndup("a\0bcd", 4);
    assert_string_equal(s, "abc");
    assert_memory_equal(n, "a\0bc", 5);
    xfreep(&s);
    assert_null(s);
    xfree(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(every_block_is_counted_until_it_is_freed),
        WEIGHED(a_block_leaves_the_account_it_came_from),
        WEIGHED(blocks_keep_their_content_and_alignment),
        WEIGHED(copies_end_in_nul_and_may_hold_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
