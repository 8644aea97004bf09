/*
 * Virtual time: order, death and being stopped; and the clocks of a machine.
 */
#include "sim/machine.h"
#include "sim/scheduler.h"
#include "support/cmocka_first.h"

#include <stdbool.h>

enum { MANY = 40, MILLION = 1000000 };

struct heard {
    struct scheduler *s;
    int at[MANY], dropped;
    int64_t when[MANY];
    size_t n;
};

struct one {
    struct heard *h;
    int what;
};

static void hear(void *self)
{
    struct one *o = self;

    o->h->when[o->h->n] = scheduler_now(o->h->s);
    o->h->at[o->h->n++] = o->what;
}

static void drop(void *self)
{
    ((struct one *)self)->h->dropped++;
}

static uint64_t after(struct one *o, int64_t us, uint64_t owner)
{
    return scheduler_after(o->h->s, us, &(struct completion){owner, "test", hear, drop, o});
}

static void play(uint64_t seed, struct heard *h)
{
    static struct one ones[MANY];

    *h = (struct heard){.s = scheduler_new(seed)};
    for (int i = 0; i < MANY; i++) {
        ones[i] = (struct one){h, i};
        (void)after(&ones[i], i < MANY / 2 ? 10 : 5, 0);
    }
    while (scheduler_step(h->s, 100))
        ;
    assert_int_equal(scheduler_now(h->s), 100);
    scheduler_free(h->s);
}

static void what_is_due_together_comes_in_an_order_of_the_seed(void **state)
{
    struct heard a, b, c;
    (void)state;

    play(1, &a);
    play(1, &b);
    play(2, &c);
    assert_int_equal(a.n, MANY);
    assert_memory_equal(a.at, b.at, sizeof a.at);
    assert_memory_not_equal(a.at, c.at, sizeof a.at);
    for (int i = 0; i < MANY; i++) {
        assert_true(i < MANY / 2 ? a.at[i] >= MANY / 2 : a.at[i] < MANY / 2);
        assert_int_equal(a.when[i], i < MANY / 2 ? 5 : 10);
    }
}

static void whoever_is_gone_hears_nothing_and_its_completions_are_dropped(void **state)
{
    struct heard h = {.s = scheduler_new(1)};
    struct one o = {&h, 1};
    uint64_t dies = scheduler_owner(h.s), lives = scheduler_owner(h.s);
    (void)state;

    (void)after(&o, 10, dies);
    (void)after(&o, 20, lives);
    uint64_t ticket = after(&o, 30, lives);
    scheduler_end(h.s, dies);
    scheduler_cancel(h.s, ticket);
    scheduler_cancel(h.s, ticket);
    assert_int_equal(h.dropped, 2);
    while (scheduler_step(h.s, 100))
        ;
    assert_int_equal(h.n, 1);
    scheduler_free(h.s);
    assert_int_equal(h.dropped, 2);
}

static void whoever_is_held_hears_all_in_its_order_when_it_goes_on(void **state)
{
    struct heard h = {.s = scheduler_new(3)};
    struct one ones[MANY];
    uint64_t owner = scheduler_owner(h.s);
    (void)state;

    for (int i = 0; i < MANY; i++) {
        ones[i] = (struct one){&h, i};
        (void)after(&ones[i], i + 1, owner);
    }
    scheduler_hold(h.s, owner, true);
    while (scheduler_step(h.s, 1000))
        ;
    assert_int_equal(h.n, 0);
    scheduler_hold(h.s, owner, false);
    while (scheduler_step(h.s, 2000))
        ;
    assert_int_equal(h.n, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(h.at[i], i);
        assert_int_equal(h.when[i], 1000);
    }
    scheduler_free(h.s);
}

static void whoever_dies_while_it_is_held_hears_nothing(void **state)
{
    struct heard h = {.s = scheduler_new(3)};
    struct one o = {&h, 1};
    uint64_t owner = scheduler_owner(h.s);
    (void)state;

    (void)after(&o, 1, owner);
    (void)after(&o, 5000, owner);
    scheduler_hold(h.s, owner, true);
    while (scheduler_step(h.s, 1000))
        ;
    scheduler_end(h.s, owner);
    assert_int_equal(h.dropped, 2);
    scheduler_free(h.s);
    assert_int_equal(h.n, 0);
}

static void a_drifting_boot_clock_never_goes_back_and_is_reached_exactly(void **state)
{
    struct machine m = {.boot_us = 77 * MILLION + 5, .drift_ppm = -MACHINE_DRIFT_MAX_PPM};
    int64_t now_us = 0, last_ms = 0;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        int64_t at_ms = machine_instant(&m, now_us).boot_ms + 1 + i % 700;
        int64_t us = machine_until(&m, now_us, at_ms);
        assert_true(machine_instant(&m, now_us + us).boot_ms >= at_ms);
        assert_true(machine_instant(&m, now_us + us - 2).boot_ms < at_ms);
        now_us += us;
        assert_true(machine_instant(&m, now_us).boot_ms > last_ms);
        last_ms = machine_instant(&m, now_us).boot_ms;
        if (i % 100 == 0)
            machine_set_drift(&m, now_us, i % 200 ? -50000 : MACHINE_DRIFT_MAX_PPM);
        assert_int_equal(machine_instant(&m, now_us).boot_ms, last_ms);
    }
    assert_int_equal(machine_until(&m, now_us, last_ms - 5), 0);
}

static void a_jump_moves_the_wall_clock_alone(void **state)
{
    struct machine m = {.boot_us = 1, .drift_ppm = 1000};
    struct instant before = machine_instant(&m, 5 * MILLION), after_it;
    (void)state;

    machine_jump(&m, -20LL * 60 * MILLION);
    after_it = machine_instant(&m, 5 * MILLION);
    assert_int_equal(after_it.boot_ms, before.boot_ms);
    assert_int_equal(after_it.wall_ms, before.wall_ms - 20LL * 60 * 1000);
    machine_set_drift(&m, 5 * MILLION, -30000);
    assert_int_equal(machine_instant(&m, 5 * MILLION).wall_ms, after_it.wall_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_together_comes_in_an_order_of_the_seed),
        cmocka_unit_test(whoever_is_gone_hears_nothing_and_its_completions_are_dropped),
        cmocka_unit_test(whoever_is_held_hears_all_in_its_order_when_it_goes_on),
        cmocka_unit_test(whoever_dies_while_it_is_held_hears_nothing),
        cmocka_unit_test(a_drifting_boot_clock_never_goes_back_and_is_reached_exactly),
        cmocka_unit_test(a_jump_moves_the_wall_clock_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
