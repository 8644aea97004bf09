/* What a script said, typed; and what is made of an answer that the wrong server gave. */
#include "view/answer.h"

#include "support/cmocka_first.h"

#include <string.h>

static struct redis_value s(const char *text)
{
    return (struct redis_value){.type = REDIS_STR, .s = str_of(text)};
}

static struct redis_value i(int64_t n)
{
    return (struct redis_value){.type = REDIS_INT, .i = n};
}

static struct redis_value list(const struct redis_value *at, size_t n)
{
    return (struct redis_value){.type = REDIS_LIST, .at = at, .n = n};
}

#define LIST(...)                                                                                            \
    list((struct redis_value[]){__VA_ARGS__},                                                                \
         sizeof((struct redis_value[]){__VA_ARGS__}) / sizeof(struct redis_value))

static void a_lease_of_another_server_is_no_lease(void **state)
{
    const struct redis_value ok = LIST(s("OK"), i(2), i(5000), i(7));
    struct view_claimed c = {0};
    struct view_claimed other = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_claim(&ok, true, &c, &e));
    assert_int_equal(c.answer, VIEW_CLAIM_OK);
    assert_int_equal(c.attempt, 2);
    assert_int_equal(c.deadline_ms, 5000);
    assert_int_equal(c.hv, 7);
    assert_true(answer_claim(&ok, false, &other, &e));
    assert_int_equal(other.answer, VIEW_CLAIM_WAIT);
    assert_int_equal(other.deadline_ms, 0);
}

static void every_word_of_claim_is_known_and_no_other(void **state)
{
    static const char *const words[] = {"WAIT", "FENCED", "PAUSED", "DONE"};
    struct err e = {0};

    (void)state;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        const struct redis_value v = LIST(s(words[k]));
        struct view_claimed c = {0};
        assert_true(answer_claim(&v, true, &c, &e));
        assert_int_equal(c.answer, VIEW_CLAIM_WAIT + (int)k);
    }
    const struct redis_value busy = LIST(s("BUSY"), i(40));
    const struct redis_value poison = LIST(s("POISON"), i(21));
    const struct redis_value odd = LIST(s("MAYBE"));
    const struct redis_value cut = LIST(s("OK"), i(1));
    struct view_claimed c = {0};
    assert_true(answer_claim(&busy, true, &c, &e));
    assert_int_equal(c.ms, 40);
    assert_true(answer_claim(&poison, true, &c, &e));
    assert_int_equal(c.expiries, 21);
    assert_false(answer_claim(&odd, true, &c, &e));
    assert_false(answer_claim(&cut, true, &c, &e));
    assert_int_equal(e.kind, ERR_INVALID);
}

static void renewals_answer_each_job_in_order_or_all_wait(void **state)
{
    const struct redis_value ok = LIST(s("OK"), i(9000), i(1));
    const struct redis_value hold = LIST(s("HOLD"));
    const struct redis_value lost = LIST(s("LOST"));
    const struct redis_value v = LIST(ok, hold, lost);
    struct view_renewed r = {0};
    struct answer_arena a = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_renew(&v, true, 3, &a, &r, &e));
    assert_int_equal(r.at[0].answer, VIEW_RENEW_OK);
    assert_int_equal(r.at[0].deadline_ms, 9000);
    assert_int_equal(r.at[1].answer, VIEW_RENEW_HOLD);
    assert_int_equal(r.at[2].answer, VIEW_RENEW_LOST);
    assert_true(answer_renew(&v, false, 3, &a, &r, &e));
    assert_int_equal(r.at[0].answer, VIEW_RENEW_WAIT);
    assert_false(answer_renew(&v, true, 2, &a, &r, &e));
    answer_arena_release(&a);
}

static void drained_by_another_server_is_no(void **state)
{
    const struct redis_value yes = LIST(i(1), s("0:3"), s(""));
    const struct redis_value no = LIST(i(0), s("live leases"), i(77));
    struct view_drain_answer d = {0};
    struct view_drain_answer other = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_drained(&yes, true, &d, &e));
    assert_true(d.yes);
    assert_true(str_is(d.old_epoch, "0:3"));
    assert_int_equal(d.next_epoch.n, 0);
    assert_true(answer_drained(&yes, false, &other, &e));
    assert_false(other.yes);
    assert_true(answer_drained(&no, true, &other, &e));
    assert_int_equal(other.until_ms, 77);
}

static void a_heartbeat_that_another_server_heard_is_not_ok(void **state)
{
    const struct redis_value ok = LIST(s("OK"), i(5));
    struct view_beaten b = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_beat(&ok, true, &b, &e));
    assert_int_equal(b.answer, VIEW_BEAT_OK);
    assert_true(answer_beat(&ok, false, &b, &e));
    assert_int_equal(b.answer, VIEW_BEAT_INC);
}

static void a_view_that_has_folded_nothing_is_there(void **state)
{
    const struct redis_value nil = {.type = REDIS_NIL};
    const struct redis_value v = LIST(s("-1"), s(""), s("0"), s("0"), s("1"), s("15000"), s("30000"));
    const struct redis_value none = LIST(nil, nil, nil, nil, nil, nil, nil);
    const struct redis_value foreign = LIST(s("x"), nil, nil, nil, nil, nil, nil);
    struct view_place p = {0};
    struct view_place lost = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_place(&v, "srv", &p, &e));
    assert_true(p.there);
    assert_int_equal(p.applied, -1);
    assert_false(p.open_here); /* opened for nobody, and a server without a name is nobody */
    assert_true(answer_place(&v, "", &p, &e));
    assert_false(p.open_here);
    assert_true(answer_place(&none, "srv", &lost, &e));
    assert_false(lost.there);
    assert_int_equal(lost.ttl_ms, VIEW_NOT_KNOWN);
    assert_false(answer_place(&foreign, "srv", &lost, &e));
}

static void holds_may_contain_bars_in_a_tiers_name(void **state)
{
    const struct redis_value v =
        LIST(s("st"), s("R"), s("h:one"), s("99|5|a|b|ci-00000001"), s("h:all"), s("5|0|"), s("hv"), s("3"));
    struct view_held h = {0};
    struct answer_arena a = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_holds(&v, &a, &h, &e));
    assert_int_equal(h.hv, 3);
    assert_int_equal(h.n, 2);
    assert_true(str_is(h.at[0].hold, "one"));
    assert_true(str_is(h.at[0].tier, "a|b|c"));
    assert_true(str_is(h.at[0].instance, "i-00000001"));
    assert_int_equal(h.at[0].until_ms, 99);
    assert_int_equal(h.at[1].tier.n + h.at[1].instance.n, 0);
    answer_arena_release(&a);
}

/* Left out silently it would cover nobody, and a member that a person holds would be called. */
static void a_hold_that_cannot_be_read_is_an_error(void **state)
{
    static const char *const broken[] = {"5|9|short", "", "5", "5|", "5|x|", "|0|", "5|-1|", "later|0|"};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const struct redis_value v =
            LIST(s("h:good"), s("5|0|"), s("h:broken"), s(broken[i]), s("hv"), s("3"));
        struct view_held h = {0};
        struct answer_arena a = {0};
        struct err e = {0};
        assert_false(answer_holds(&v, &a, &h, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.msg, "h:broken"));
        answer_arena_release(&a);
    }
}

static void open_steps_of_another_form_are_refused(void **state)
{
    const struct redis_value good = LIST(s("a shop|0:17|3"), s("b|2:4|0"));
    const struct redis_value cut = LIST(s("a|0:17"));
    const struct redis_value odd = LIST(s("a|0:17|x"));
    struct answer_arena a = {0};
    struct view_gates g = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_gates(&good, 7, &a, &g, &e));
    assert_int_equal(g.n, 2);
    assert_int_equal(g.at[0].epoch.partition, 7);
    assert_int_equal(g.at[0].epoch.offset, 17);
    assert_int_equal(g.at[0].step, 3);
    assert_int_equal(g.at[1].epoch.generation, 2);
    assert_false(answer_gates(&cut, 7, &a, &g, &e));
    assert_false(answer_gates(&odd, 7, &a, &g, &e));
    answer_arena_release(&a);
}

static void errors_of_the_server_say_whether_to_ask_again(void **state)
{
    static const struct {
        const char *said;
        enum err_kind kind;
        const char *code;
    } all[] = {
        {"LOADING Redis is loading", ERR_UNAVAILABLE, "LOADING"},
        {"READONLY You can't write", ERR_UNAVAILABLE, "READONLY"},
        {"OOM command not allowed", ERR_UNAVAILABLE, "OOM"},
        {"NOAUTH Authentication required", ERR_DENIED, "NOAUTH"},
        {"WRONGTYPE Operation", ERR_INVALID, "WRONGTYPE"},
        {"ERR fold: off and ts are numbers", ERR_INVALID, "ERR"},
    };

    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct redis_reply r = {.value = {.type = REDIS_ERROR, .s = str_of(all[k].said)}};
        struct err e = {0};
        assert_false(answer_ok(&r, &e));
        assert_int_equal(e.kind, all[k].kind);
        assert_string_equal(e.code, all[k].code);
    }
}

static void debts_of_another_form_are_refused(void **state)
{
    const struct redis_value plan =
        LIST(s("plan"), s("shop"), i(9), s("0:3"), i(2), s("stop"), s("r1"), s("halt"));
    const struct redis_value cut = LIST(s("plan"), s("shop"), i(9), s("0:3"));
    const struct redis_value odd = LIST(s("gift"), s("shop"), i(9));
    const struct redis_value good = LIST(i(-1), plan);
    const struct redis_value bad = LIST(i(-1), cut);
    const struct redis_value worse = LIST(i(-1), odd);
    struct view_owes o = {0};
    struct answer_arena a = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_owed(&good, &a, &o, &e));
    assert_int_equal(o.next_ms, VIEW_NOT_KNOWN);
    assert_int_equal(o.at[0].kind, VIEW_OWES_PLAN);
    assert_int_equal(o.at[0].plan.step, 2);
    assert_true(str_is(o.at[0].plan.run, "r1"));
    assert_false(answer_owed(&bad, &a, &o, &e));
    assert_false(answer_owed(&worse, &a, &o, &e));
    answer_arena_release(&a);
}

static void a_snapshot_comes_back_as_it_was(void **state)
{
    static const struct view_pair w[] = {{{"st", 2}, {"I", 1}}, {{"t:a|\"b\"", 7}, {"202605011000", 12}}};
    const struct view_debt_entry d = {.kind = VIEW_OWES_SNAP,
                                      .snap = {.asof = 9, .log = 1, .fv = 1, .workload = {w, 2}}};
    BUF_CLEANUP struct buf text = BUF_INIT(4096);
    struct view_snapshot back = {0};
    struct err e = {0};

    (void)state;
    view_snapshot_print(&d, &text);
    assert_true(view_snapshot_parse(buf_view(&text), &back, &e));
    assert_int_equal(back.asof, 9);
    assert_int_equal(back.log, 1);
    assert_string_equal(back.json, "{\"w\":{\"st\":\"I\",\"t:a|\\\"b\\\"\":\"202605011000\"},\"r\":{}}");
    view_snapshot_release(&back);
    assert_false(
        view_snapshot_parse(STR("{\"v\":2,\"asof\":1,\"log\":0,\"fv\":1,\"w\":{},\"r\":{}}"), &back, &e));
}

static void fold_words_are_in_the_order_of_their_names(void **state)
{
    const struct redis_value open = LIST(s("OPEN"), i(3));
    const struct redis_value gap = LIST(s("GAP"), i(12));
    struct view_folded f = {0};
    struct err e = {0};

    (void)state;
    assert_true(answer_fold(&open, &f, &e));
    assert_int_equal(f.answer, VIEW_FOLD_OPEN);
    assert_int_equal(f.n, 3);
    assert_true(answer_fold(&gap, &f, &e));
    assert_int_equal(f.answer, VIEW_FOLD_GAP);
    assert_string_equal(view_fold_names[VIEW_FOLD_UPGRADE], "UPGRADE");
    assert_null(view_fold_names[VIEW_FOLD_UPGRADE + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_of_another_server_is_no_lease),
        cmocka_unit_test(every_word_of_claim_is_known_and_no_other),
        cmocka_unit_test(renewals_answer_each_job_in_order_or_all_wait),
        cmocka_unit_test(drained_by_another_server_is_no),
        cmocka_unit_test(a_heartbeat_that_another_server_heard_is_not_ok),
        cmocka_unit_test(a_view_that_has_folded_nothing_is_there),
        cmocka_unit_test(holds_may_contain_bars_in_a_tiers_name),
        cmocka_unit_test(a_hold_that_cannot_be_read_is_an_error),
        cmocka_unit_test(open_steps_of_another_form_are_refused),
        cmocka_unit_test(errors_of_the_server_say_whether_to_ask_again),
        cmocka_unit_test(debts_of_another_form_are_refused),
        cmocka_unit_test(a_snapshot_comes_back_as_it_was),
        cmocka_unit_test(fold_words_are_in_the_order_of_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
