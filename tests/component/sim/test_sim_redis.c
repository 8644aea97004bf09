/*
 * The simulated Redis' faults: what may befall a command, a connection and a server, and what ports/redis.h
 * promises all the same. What a server answers is held to a real one in tests/protocol.
 */
#include "support/cmocka_first.h"

#include "sim/sim_redis.h"

#include <stdio.h>
#include <string.h>

enum { ANSWERS_MAX = 512, SECOND_US = 1000000 };

struct answer {
    uint64_t id;
    enum err_kind failed;
    char text[ERR_MSG_MAX], run_id[REDIS_RUN_ID_MAX];
};

struct scene {
    struct scheduler *s;
    struct swarm swarm;
    struct sim_redis *redis;
    struct sim_redis_client *client;
    struct redis port;
    struct answer answers[ANSWERS_MAX];
    size_t n;
    bool calling;
};

static void begin_with(struct scene *x, uint64_t seed)
{
    *x = (struct scene){.s = scheduler_new(1)};
    swarm_init(&x->swarm, 1, 0);
    x->redis = sim_redis_new(x->s, &x->swarm, seed);
    x->client = sim_redis_client_new(x->redis, scheduler_owner(x->s));
    x->port = sim_redis_port(x->client);
}

static void begin(struct scene *x)
{
    begin_with(x, 7);
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
    struct answer *a = &x->answers[x->n++];

    assert_false(x->calling); /* never from within the call */
    assert_true(x->n <= ANSWERS_MAX);
    a->id = id;
    a->failed = r->err.kind;
    (void)snprintf(a->run_id, sizeof a->run_id, "%s", r->run_id);
    if (r->err.kind != ERR_NONE)
        (void)snprintf(a->text, sizeof a->text, "%s", r->err.msg);
    else if (r->value.type == REDIS_INT)
        (void)snprintf(a->text, sizeof a->text, "%lld", (long long)r->value.i);
    else
        (void)snprintf(a->text, sizeof a->text, STR_FMT, STR_ARG(r->value.s));
}

static void send_words(struct scene *x, const char *a, const char *b, const char *c, const char *d)
{
    const struct str words[] = {str_of(a), str_of(b), str_of(c), str_of(d)};

    x->calling = true;
    (void)redis_send(&x->port, words, d ? 4 : c ? 3 : 2, hear, x);
    x->calling = false;
}

static void add_one(struct scene *x)
{
    const struct str words[] = {STR("HINCRBY"), STR("h"), STR("f"), STR("1")};

    x->calling = true;
    (void)redis_send(&x->port, words, 4, hear, x);
    x->calling = false;
}

static const char *said(const struct scene *x)
{
    return x->n ? x->answers[x->n - 1].text : "nothing";
}

static int64_t number(const char *text)
{
    int64_t n = 0;

    assert_true(str_to_i64(str_of(text), &n));
    return n;
}

static const char *value(struct scene *x)
{
    send_words(x, "HGET", "h", "f", NULL);
    run_for(x, 5 * SECOND_US);
    return said(x);
}

static void commands_are_answered_in_order_after_the_call_and_under_the_servers_run_id(void **state)
{
    struct scene x;
    struct redis_state s;
    (void)state;

    begin(&x);
    redis_state(&x.port, &s);
    assert_false(s.connected);
    for (int i = 0; i < 300; i++) /* more than fit on their way */
        add_one(&x);
    assert_int_equal(x.n, 0);
    run_for(&x, SECOND_US);
    redis_state(&x.port, &s);
    assert_true(s.connected && s.generation == 1 && strlen(s.run_id) == 40);
    assert_int_equal(x.n, 300);
    for (size_t i = 0; i < x.n; i++) {
        assert_int_equal(x.answers[i].id, i + 1);
        assert_int_equal(number(x.answers[i].text), i + 1);
        assert_string_equal(x.answers[i].run_id, s.run_id);
    }
    finish(&x);
}

/* One command under the fault, in a scene that has begun; -> what is in the field then. */
static int64_t counted_under(struct scene *x, enum fault f)
{
    x->swarm.rate[f] = 1;
    add_one(x);
    while (x->swarm.struck[f] == 0)
        assert_true(scheduler_step(x->s, 60 * (int64_t)SECOND_US));
    x->swarm.rate[f] = 0;
    run_for(x, 10 * SECOND_US);
    assert_int_equal(x->n, 1);
    assert_int_equal(x->answers[0].failed, ERR_NONE);
    return number(value(x));
}

static void a_connection_lost_before_the_command_ran_runs_it_once(void **state)
{
    struct scene x;
    struct redis_state s;
    (void)state;

    begin(&x);
    assert_int_equal(counted_under(&x, FAULT_REDIS_LOST_BEFORE), 1);
    redis_state(&x.port, &s);
    assert_int_equal(s.generation, 2);
    finish(&x);
}

static void a_connection_lost_after_the_command_ran_runs_it_twice(void **state)
{
    struct scene x;
    (void)state;

    begin(&x);
    assert_int_equal(counted_under(&x, FAULT_REDIS_LOST_AFTER), 2);
    finish(&x);
}

static void a_slow_command_may_be_sent_again_and_runs_late_all_the_same(void **state)
{
    bool once = false;
    bool twice = false;
    (void)state;

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct scene x;
        begin_with(&x, seed);
        int64_t n = counted_under(&x, FAULT_REDIS_SLOW);
        once = once || n == 1;
        twice = twice || n == 2; /* its first sending, beyond the deadline, ran as well */
        finish(&x);
    }
    assert_true(once && twice);
}

static void a_command_that_is_lost_twice_ends_as_unavailable(void **state)
{
    struct scene x;
    (void)state;

    begin(&x);
    x.swarm.rate[FAULT_REDIS_LOST_BEFORE] = 1;
    add_one(&x);
    run_for(&x, 3 * SECOND_US);
    assert_int_equal(x.n, 1);
    assert_int_equal(x.answers[0].failed, ERR_UNAVAILABLE);
    assert_string_equal(x.answers[0].run_id, "");
    finish(&x);
}

/* Struck when a value is there; -> what is there a minute later. */
static const char *left_after(struct scene *x, enum fault f, struct redis_state *before,
                              struct redis_state *after)
{
    begin(x);
    add_one(x);
    run_for(x, SECOND_US);
    redis_state(&x->port, before);
    sim_redis_strike(x->redis, f);
    run_for(x, 120 * (int64_t)SECOND_US);
    redis_state(&x->port, after);
    return value(x);
}

static void what_a_server_loses_and_whether_its_run_id_tells(void **state)
{
    static const struct {
        enum fault fault;
        const char *left;
        bool new_id;
    } rows[] = {
        {FAULT_REDIS_FLUSH, "", false},
        {FAULT_REDIS_RESTART, "", true},
        {FAULT_REDIS_NOSCRIPT, "1", false},
        {FAULT_REDIS_LOADING, "1", false},
        {FAULT_REDIS_OOM, "1", false},
        {FAULT_REDIS_READONLY, "1", false},
        {FAULT_REDIS_FAILOVER, NULL, true},
        {FAULT_REDIS_ROLLBACK, NULL, true},
        {FAULT_REDIS_WRONGTYPE, "WRONGTYPE Operation against a key holding the wrong kind of value", false},
    };
    struct scene x;
    struct redis_state before;
    struct redis_state after;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *left = left_after(&x, rows[i].fault, &before, &after);
        if (rows[i].left)
            assert_string_equal(left, rows[i].left);
        assert_true(after.connected);
        assert_int_equal(strcmp(before.run_id, after.run_id) != 0, rows[i].new_id);
        finish(&x);
    }
}

static void a_server_in_trouble_says_so_and_is_well_again_by_itself(void **state)
{
    static const struct {
        enum fault fault;
        const char *words;
    } rows[] = {
        {FAULT_REDIS_OOM, "OOM "}, {FAULT_REDIS_READONLY, "READONLY "}, {FAULT_REDIS_LOADING, "LOADING "}};
    struct scene x;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&x);
        add_one(&x);
        run_for(&x, SECOND_US);
        sim_redis_strike(x.redis, rows[i].fault);
        add_one(&x);
        run_for(&x, 1000);
        assert_true(str_starts(str_of(said(&x)), str_of(rows[i].words)));
        run_for(&x, 60 * (int64_t)SECOND_US);
        add_one(&x);
        run_for(&x, SECOND_US);
        assert_string_equal(said(&x), "2");
        finish(&x);
    }
}

/* A rollback and a failover lose what was written in the seconds before, and never what is older than
 * that. */
static void only_the_last_seconds_are_lost(void **state)
{
    static const enum fault kinds[] = {FAULT_REDIS_ROLLBACK, FAULT_REDIS_FAILOVER};
    struct scene x;
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        begin(&x);
        for (int s = 0; s < 20; s++) {
            add_one(&x);
            run_for(&x, SECOND_US);
        }
        sim_redis_strike(x.redis, kinds[i]);
        run_for(&x, 60 * (int64_t)SECOND_US);
        assert_in_range(number(value(&x)), 11, 19);
        finish(&x);
    }
}

/* Of two clients one may stay with the old primary; when it is over both are at one, again. */
static void an_old_primary_lives_on_for_some_and_comes_back(void **state)
{
    struct scene x;
    struct scene y;
    bool apart = false;
    (void)state;

    begin(&x);
    struct sim_redis_client *another = sim_redis_client_new(x.redis, scheduler_owner(x.s));
    y = (struct scene){.s = x.s, .redis = x.redis, .client = another, .port = sim_redis_port(another)};
    for (int i = 0; i < 12; i++) {
        struct redis_state a;
        struct redis_state b;
        add_one(&x);
        add_one(&y);
        run_for(&x, SECOND_US);
        sim_redis_strike(x.redis, FAULT_REDIS_SPLIT);
        run_for(&x, SECOND_US / 2);
        redis_state(&x.port, &a);
        redis_state(&y.port, &b);
        apart = apart || (a.connected && b.connected && strcmp(a.run_id, b.run_id) != 0);
        run_for(&x, 120 * (int64_t)SECOND_US);
        redis_state(&x.port, &a);
        redis_state(&y.port, &b);
        assert_true(a.connected && b.connected);
        assert_string_equal(a.run_id, b.run_id);
        assert_string_not_equal(value(&x), "");
    }
    assert_true(apart);
    scheduler_end(x.s, 2);
    sim_redis_client_free(y.client);
    finish(&x);
}

static void each_that_takes_over_has_a_run_id_never_seen_before(void **state)
{
    enum { TIMES = 5 };
    char seen[TIMES][REDIS_RUN_ID_MAX];
    struct scene x;
    (void)state;

    begin(&x);
    for (int i = 0; i < TIMES; i++) {
        struct redis_state s;
        sim_redis_strike(x.redis, FAULT_REDIS_FAILOVER);
        add_one(&x);
        run_for(&x, 5 * SECOND_US);
        redis_state(&x.port, &s);
        (void)snprintf(seen[i], sizeof seen[i], "%s", s.run_id);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(seen[k], s.run_id);
    }
    finish(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_answered_in_order_after_the_call_and_under_the_servers_run_id),
        cmocka_unit_test(a_connection_lost_before_the_command_ran_runs_it_once),
        cmocka_unit_test(a_connection_lost_after_the_command_ran_runs_it_twice),
        cmocka_unit_test(a_slow_command_may_be_sent_again_and_runs_late_all_the_same),
        cmocka_unit_test(a_command_that_is_lost_twice_ends_as_unavailable),
        cmocka_unit_test(what_a_server_loses_and_whether_its_run_id_tells),
        cmocka_unit_test(a_server_in_trouble_says_so_and_is_well_again_by_itself),
        cmocka_unit_test(only_the_last_seconds_are_lost),
        cmocka_unit_test(each_that_takes_over_has_a_run_id_never_seen_before),
        cmocka_unit_test(an_old_primary_lives_on_for_some_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
