/* The frozen specifications that are kept parsed: which leave when there is no room, and who may still read
 * them. */
#include "producer/frozen.h"
#include "support/weigh.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static struct epoch at(int64_t offset)
{
    return (struct epoch){.generation = 0, .partition = 1, .offset = offset};
}

static struct frozen *keep(struct context *c, const struct epoch *ep, const char *run)
{
    struct event ev;

    event_init(&ev, EVENT_RUN_ACCEPTED, 0, "shop", run);
    struct frozen *f = frozen_keep(c, ep, &ev);
    assert_null(ev.workload); /* taken over, or released */
    return f;
}

static void keep_from(struct context *c, int64_t first, int64_t n)
{
    char run[32];

    for (int64_t i = first; i < first + n; i++) {
        struct epoch ep = at(i);
        (void)snprintf(run, sizeof run, "r%lld", (long long)i);
        assert_string_equal(keep(c, &ep, run)->ev.run, run);
    }
}

static bool is_kept(struct context *c, int64_t offset)
{
    struct epoch ep = at(offset);

    return frozen_find(c, &ep) != NULL;
}

static void the_one_that_was_used_longest_ago_leaves(void **state)
{
    struct context c = {0};

    (void)state;
    keep_from(&c, 0, FROZEN_KEPT);
    assert_int_equal(c.frozen_count, FROZEN_KEPT);
    assert_true(is_kept(&c, 0)); /* used: 1 is the oldest now */
    keep_from(&c, FROZEN_KEPT, 1);
    assert_int_equal(c.frozen_count, FROZEN_KEPT);
    assert_false(is_kept(&c, 1));
    assert_true(is_kept(&c, 0));
    for (int64_t i = 2; i <= FROZEN_KEPT; i++)
        assert_true(is_kept(&c, i));
    keep_from(&c, FROZEN_KEPT + 1, FROZEN_KEPT); /* all others make room */
    for (int64_t i = 0; i <= FROZEN_KEPT; i++)
        assert_false(is_kept(&c, i));
    frozen_forget(&c);
    assert_int_equal(c.frozen_count, 0);
    assert_null(c.frozen);
}

static void who_holds_one_reads_it_after_it_has_left(void **state)
{
    struct context c = {0};
    struct epoch ep = at(0);

    (void)state;
    struct frozen *mine = frozen_hold(keep(&c, &ep, "held"));
    struct frozen *also = frozen_hold(mine);
    keep_from(&c, 1, FROZEN_KEPT);
    assert_false(is_kept(&c, 0));
    assert_string_equal(mine->ev.run, "held");
    frozen_let_go(mine);
    assert_string_equal(also->ev.run, "held"); /* the last one frees it: what is left is weighed */
    frozen_forget(&c);
    assert_string_equal(also->ev.run, "held");
    frozen_let_go(also);
    frozen_let_go(NULL);
}

static void two_who_asked_at_once_share_one(void **state)
{
    struct context c = {0};
    struct epoch ep = at(7);

    (void)state;
    struct frozen *first = keep(&c, &ep, "r");
    assert_ptr_equal(keep(&c, &ep, "r"), first);
    assert_int_equal(c.frozen_count, 1);
    frozen_forget(&c);
}

static void an_epoch_is_its_generation_its_partition_and_its_offset(void **state)
{
    struct context c = {0};
    struct epoch ep = {.generation = 2, .partition = 3, .offset = 4};
    const struct epoch others[] = {
        {.generation = 1, .partition = 3, .offset = 4},
        {.generation = 2, .partition = 1, .offset = 4},
        {.generation = 2, .partition = 3, .offset = 1},
    };

    (void)state;
    (void)keep(&c, &ep, "r");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(frozen_find(&c, &others[i]));
    assert_non_null(frozen_find(&c, &ep));
    frozen_forget(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_one_that_was_used_longest_ago_leaves),
        WEIGHED(who_holds_one_reads_it_after_it_has_left),
        WEIGHED(two_who_asked_at_once_share_one),
        WEIGHED(an_epoch_is_its_generation_its_partition_and_its_offset),
    };

    return cmocka_run_group_tests_name("producer/frozen", tests, NULL, NULL);
}
