/*
 * What is counted of a history: the named places of a process's work and what befalls it there, the aims that
 * see to rare ones, the networks that are cut, and the list of all that the build can meet.
 */
#include "support/cmocka_first.h"

#include "sim/coverage.h"
#include "sim/sim_redis.h"
#include "view/scripts.h"

#include <string.h>

enum { SECOND_US = 1000000, TRIES = 200 };

struct scene {
    struct scheduler *s;
    struct swarm swarm;
    struct places places;
    struct coverage coverage;
    struct calls calls;
    struct sim_redis *redis;
    struct sim_redis_client *client;
    struct redis port;
    int befallen[PLACE_ACTS];
    int answers, failures;
};

static void befallen(void *self, enum place_act act, int64_t us)
{
    struct scene *x = self;

    assert_true(us >= 0);
    x->befallen[act]++;
}

static void answered(void *self, const char *place, const struct redis_value *value)
{
    coverage_answer(&((struct scene *)self)->coverage, place, value);
}

static void begin(struct scene *x)
{
    *x = (struct scene){.s = scheduler_new(1)};
    swarm_init(&x->swarm, 1, 0);
    places_init(&x->places, 3, false);
    x->swarm.places = &x->places;
    x->calls = (struct calls){&x->places, .befall = befallen, .answered = answered, .self = x};
    x->redis = sim_redis_new(x->s, &x->swarm, 7);
    x->client = sim_redis_client_new(x->redis, scheduler_owner(x->s));
    sim_redis_client_count(x->client, &x->calls);
    x->port = sim_redis_port(x->client);
}

static void finish(struct scene *x)
{
    scheduler_end(x->s, 1);
    sim_redis_client_free(x->client);
    scheduler_free(x->s);
    sim_redis_free(x->redis);
}

static void run_for(struct scene *x, int64_t us)
{
    int64_t until = scheduler_now(x->s) + us;

    while (scheduler_step(x->s, until))
        ;
}

static void hear(void *self, uint64_t id, const struct redis_reply *r)
{
    struct scene *x = self;

    (void)id;
    x->answers += r->err.kind == ERR_NONE;
    x->failures += r->err.kind != ERR_NONE;
}

/* A leader asks for its lock: EVALSHA is not known yet, so the text itself. */
static const char *lead_text(void)
{
    for (size_t i = 0; view_scripts[i].name; i++)
        if (strcmp(view_scripts[i].name, "lead") == 0)
            return view_scripts[i].text;
    return NULL;
}

static void lead(struct scene *x)
{
    const struct str words[] = {STR("EVAL"),    str_of(lead_text()), STR("1"),
                                STR("{sim:0}"), STR("p1"),           STR("5000")};

    (void)redis_send(&x->port, words, sizeof words / sizeof *words, hear, x);
}

static void aim(struct scene *x, enum place_act act)
{
    x->places.aims[0] = (struct place_aim){places_find(&x->places, STR("redis"), STR("lead")), 1, act};
    x->places.aim_count = 1;
}

static int64_t met(const struct scene *x, enum place_act act)
{
    return places_count(&x->places, "redis lead", act);
}

static void a_death_and_a_stop_meet_the_places_with_a_call_open_and_no_other(void **state)
{
    struct scene x;

    (void)state;
    begin(&x);
    lead(&x);
    calls_befallen(&x.calls, PLACE_STOP);
    run_for(&x, SECOND_US);
    assert_int_equal(x.answers, 1);
    calls_befallen(&x.calls, PLACE_DEATH); /* it has heard of all */
    assert_int_equal(met(&x, PLACE_STOP), 1);
    assert_int_equal(met(&x, PLACE_DEATH), 0);
    lead(&x);
    calls_befallen(&x.calls, PLACE_DEATH);
    assert_int_equal(met(&x, PLACE_DEATH), 1);
    assert_int_equal(met(&x, PLACE_STOP), 1);
    finish(&x);
}

static void an_aim_strikes_as_often_as_it_says_where_it_is_aimed(void **state)
{
    static const enum place_act told[] = {PLACE_DEATH, PLACE_STOP, PLACE_AFTER};
    struct scene x;

    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        begin(&x);
        aim(&x, told[i]);
        for (int n = 0; n < TRIES; n++) {
            lead(&x);
            run_for(&x, SECOND_US);
        }
        assert_int_equal(x.befallen[told[i]], 1);
        assert_int_equal(x.answers, TRIES);
        finish(&x);
    }
}

static void a_call_that_never_leaves_is_not_answered_and_its_process_is_told_to_die(void **state)
{
    struct scene x;
    int sent = 0;

    (void)state;
    begin(&x);
    aim(&x, PLACE_UNSENT);
    while (x.befallen[PLACE_UNSENT] == 0 && sent++ < TRIES) {
        lead(&x);
        if (x.befallen[PLACE_UNSENT] == 0)
            run_for(&x, SECOND_US);
    }
    run_for(&x, SECOND_US / 2);
    assert_int_equal(x.befallen[PLACE_UNSENT], 1);
    assert_int_equal(x.answers, sent - 1);
    assert_int_equal(met(&x, PLACE_UNSENT), 1);
    finish(&x);
}

static void a_loss_and_a_delay_are_counted_at_the_place_that_they_strike(void **state)
{
    struct scene x;

    (void)state;
    begin(&x);
    aim(&x, PLACE_LOSS);
    for (int n = 0; n < TRIES; n++) {
        lead(&x);
        run_for(&x, SECOND_US);
    }
    assert_int_equal(met(&x, PLACE_LOSS), 1);
    assert_int_equal(x.swarm.struck[FAULT_REDIS_LOST_BEFORE] + x.swarm.struck[FAULT_REDIS_LOST_AFTER], 1);
    assert_int_equal(met(&x, PLACE_DELAY), 0);
    aim(&x, PLACE_DELAY);
    swarm_quiet(&x.swarm);
    lead(&x);
    run_for(&x, SECOND_US);
    assert_int_equal(met(&x, PLACE_DELAY), 0); /* the time of faults is over */
    finish(&x);
}

static void who_is_cut_off_gets_no_answer_until_the_network_is_there_again(void **state)
{
    enum { CUT_S = 30 };
    struct scene x;

    (void)state;
    begin(&x);
    lead(&x);
    run_for(&x, SECOND_US);
    sim_redis_client_cut(x.client, (int64_t)CUT_S * SECOND_US);
    lead(&x);
    run_for(&x, (int64_t)(CUT_S - 1) * SECOND_US);
    assert_int_equal(x.answers, 1);
    assert_int_equal(x.failures, 1);
    run_for(&x, 3 * (int64_t)SECOND_US);
    lead(&x);
    run_for(&x, SECOND_US);
    assert_int_equal(x.answers, 2);
    finish(&x);
}

struct list {
    int n, found;
    const char *item;
};

static void look(void *self, const char *item)
{
    struct list *l = self;

    l->n++;
    l->found += strcmp(item, l->item) == 0;
}

static int wanted(const char *item)
{
    struct list l = {.item = item};

    coverage_wanted(look, &l);
    return l.found;
}

static int has_met(const struct scene *x, const char *item)
{
    struct list l = {.item = item};

    coverage_met(&x->coverage, &x->swarm, &x->places, look, &l);
    return l.found;
}

static void each_word_of_the_build_is_wanted_once(void **state)
{
    static const char *const some[] = {"fault kill",
                                       "record TierPlanned",
                                       "cause fell-back",
                                       "outcome done",
                                       "result halted",
                                       "answer claim BUSY",
                                       "answer renew HOLD",
                                       "answer drained 0 live leases",
                                       "answer release LOST",
                                       "answer killed 0",
                                       "answer owed finish",
                                       "answer lead 1",
                                       "answer seed 0 older snapshot",
                                       "row C8 append TierPlanned death",
                                       "row C21 redis-rollback"};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (wanted(some[i]) != 1)
            fail_msg("%s is wanted %d times", some[i], wanted(some[i]));
    assert_int_equal(wanted("cause "), 0);
}

static void what_was_met_is_told_and_nothing_else(void **state)
{
    struct scene x;

    (void)state;
    begin(&x);
    assert_int_equal(has_met(&x, "answer lead 1"), 0);
    lead(&x);
    run_for(&x, SECOND_US);
    assert_int_equal(has_met(&x, "answer lead 1"), 1);
    assert_int_equal(has_met(&x, "answer lead 0"), 0);
    coverage_record(&x.coverage, STR("{\"v\":1,\"type\":\"RunRefused\",\"workload\":\"w\",\"run\":\"r\","
                                     "\"request\":\"0:0:7\",\"cause\":\"switched-off\"}"));
    assert_int_equal(has_met(&x, "record RunRefused"), 1);
    assert_int_equal(has_met(&x, "cause switched-off"), 1);
    assert_int_equal(has_met(&x, "cause busy"), 0);
    finish(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_death_and_a_stop_meet_the_places_with_a_call_open_and_no_other),
        cmocka_unit_test(an_aim_strikes_as_often_as_it_says_where_it_is_aimed),
        cmocka_unit_test(a_call_that_never_leaves_is_not_answered_and_its_process_is_told_to_die),
        cmocka_unit_test(a_loss_and_a_delay_are_counted_at_the_place_that_they_strike),
        cmocka_unit_test(who_is_cut_off_gets_no_answer_until_the_network_is_there_again),
        cmocka_unit_test(each_word_of_the_build_is_wanted_once),
        cmocka_unit_test(what_was_met_is_told_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
