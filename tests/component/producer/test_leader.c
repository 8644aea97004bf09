/* One producer and one partition of the log over ports in memory: what it asks the view, what it appends,
 * when it stops. */
#include "support/fake_leader.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

/* HMGET P:v: applied inc since log fv ttl taws */
static const char view_open[] = "(4;server-a;0;0;1;15000;30000)";

static struct fake_leader f;

static int begin(void **state)
{
    (void)state;
    fake_leader_init(&f);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_leader_release(&f);
    return 0;
}

static bool says(const char *path, const char *words)
{
    BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);
    size_t at = 0;

    (void)fl_page(&f, path, &text);
    return str_find(buf_view(&text), str_of(words), &at);
}

static bool leads(void)
{
    return says("/metrics", "ec2sched_producer_partitions{state=\"lead\"} 1");
}

static bool halted(const char *why)
{
    return says("/readyz", why) && !leads();
}

/* A view that stands at offset 4 of a log with five records. */
static void lead(void)
{
    f.extra = 5;
    fl_say(&f, "HMGET", view_open);
    fl_run(&f, 2000);
    if (!leads())
        fail_msg("it does not lead");
}

static void a_lost_view_is_built_opened_and_led(void **state)
{
    const char *opened = "";

    (void)state;
    fl_say_once(&f, "HMGET", "(-1;;0;0;1;15000;30000)", 1000);
    fl_say_once(&f, "HMGET", "(nil;nil;nil;nil;nil;nil;nil)", 1);
    fl_run(&f, 3000);
    assert_true(leads());
    assert_int_equal(fl_asked(&f, "seed"), 2); /* BEGIN, END: there was nothing to drop */
    assert_int_equal(fl_appended(&f, "ViewOpened", &opened), 1);
    assert_non_null(strstr(opened, "\"inc\":\"server-a\""));
    assert_non_null(strstr(opened, "\"ttl_ms\":15000"));
    assert_int_equal(fl_asked(&f, "fold"), 1); /* the opening itself */
    assert_true(fl_asked(&f, "beat") > 0);
}

static void an_open_view_is_led_without_opening_it_again(void **state)
{
    (void)state;
    lead();
    assert_int_equal(fl_appended(&f, "ViewOpened", NULL), 0);
    assert_int_equal(fl_asked(&f, "seed"), 0);
    assert_true(says("/readyz", "ready"));
}

static void jobs_that_workers_are_for_are_counted_by_who_leads_alone(void **state)
{
    (void)state;
    fl_say(&f, "lead", "#0");
    fl_run(&f, 1000);
    assert_false(says("/metrics", "ec2sched_producer_jobs{")); /* not known is not zero */
    fl_say(&f, "ZRANGE", "(shop|0:2|1;mail|0:3|0)");
    fl_say(&f, "SCARD", "#5");
    fl_say(&f, "HLEN", "#2");
    fl_say(&f, "lead", "#1");
    lead();
    fl_run(&f, 2000);
    assert_true(says("/metrics", "ec2sched_producer_jobs{state=\"due\"} 6\n"));
    assert_true(says("/metrics", "ec2sched_producer_jobs{state=\"in_flight\"} 4\n"));
    assert_string_equal(fl_words(&f, "SCARD"), "{t:0}:p:0:3:0");
    fl_say(&f, "HLEN", "!LOADING not now");
    fl_run(&f, 3000);
    /* the last whole count */
    assert_true(says("/metrics", "ec2sched_producer_jobs{state=\"in_flight\"} 4\n"));
    fl_say(&f, "ZRANGE", "()");
    fl_run(&f, 3000);
    assert_true(says("/metrics", "ec2sched_producer_jobs{state=\"due\"} 0\n"));
    fl_say(&f, "lead", "#0");
    fl_run(&f, 1500);
    assert_false(says("/metrics", "ec2sched_producer_jobs{"));
}

static void another_servers_view_is_opened_for_this_one(void **state)
{
    (void)state;
    f.extra = 5;
    fl_say(&f, "HMGET", "(4;server-b;0;0;1;15000;30000)");
    fl_run(&f, 2000);
    assert_int_equal(fl_appended(&f, "ViewOpened", NULL), 1);
}

static void without_the_lock_nothing_is_asked_of_the_view(void **state)
{
    (void)state;
    fl_say(&f, "lead", "#0");
    fl_run(&f, 5000);
    assert_true(fl_asked(&f, "lead") >= 4);
    assert_int_equal(fl_asked(&f, "HMGET"), 0);
    assert_int_equal(fl_asked(&f, "beat"), 0);
    assert_true(says("/readyz", "ready")); /* a standby is fine */
}

static void a_lock_that_cannot_be_read_is_removed_and_taken(void **state)
{
    (void)state;
    f.extra = 5;
    fl_say(&f, "HMGET", view_open);
    fl_say_once(&f, "lead", "!WRONGTYPE Operation against a key holding the wrong kind of value", 1);
    fl_run(&f, 500);
    assert_int_equal(fl_asked(&f, "UNLINK"), 1);
    assert_string_equal(fl_words(&f, "UNLINK"), "{t:0}:lead");
    fl_run(&f, 3000);
    assert_true(leads());
    assert_int_equal(fl_asked(&f, "UNLINK"), 1);
}

static void build_from(const char *snapshot)
{
    f.snapshot = snapshot;
    fl_say_once(&f, "HMGET", "(-1;;0;0;1;15000;30000)", 1000);
    fl_say_once(&f, "HMGET", "(nil;nil;nil;nil;nil;nil;nil)", 1);
    fl_run(&f, 3000);
}

static void a_snapshot_of_older_rules_is_loaded(void **state)
{
    (void)state;
    build_from("{\"v\":1,\"asof\":4,\"log\":0,\"fv\":0,\"w\":{\"st\":\"I\",\"last\":\"4\"},\"r\":{}}");
    assert_true(leads());
    assert_int_equal(fl_asked(&f, "seed"), 3); /* BEGIN, the workload, END */
}

static void a_snapshot_of_newer_rules_stops_the_partition(void **state)
{
    (void)state;
    build_from("{\"v\":1,\"asof\":4,\"log\":0,\"fv\":2,\"w\":{\"st\":\"I\",\"last\":\"4\"},\"r\":{}}");
    assert_false(leads());
    assert_true(says("/readyz", "UPGRADE_NEEDED"));
}

static void a_views_head_that_cannot_be_read_is_removed_and_the_view_is_built(void **state)
{
    static const char wrong[] = "!WRONGTYPE Operation against a key holding the wrong kind of value";

    (void)state;
    f.extra = 5;
    fl_say_once(&f, "HMGET", wrong, 1);
    fl_say_once(&f, "seed", wrong, 1);
    fl_run(&f, 300);
    assert_int_equal(fl_asked(&f, "UNLINK"), 1);
    assert_string_equal(fl_words(&f, "UNLINK"), "{t:0}:v");
    fl_run(&f, 3000);
    assert_true(fl_asked(&f, "seed") > 2);
    assert_int_equal(fl_asked(&f, "UNLINK"), 1);
}

static void a_lost_lock_ends_leading(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "lead", "#0");
    fl_run(&f, 1500);
    assert_false(leads());
}

static void a_view_ahead_of_the_log_halts(void **state)
{
    (void)state;
    f.extra = 4; /* offsets 0 to 3; the view has folded 4 */
    fl_say(&f, "HMGET", view_open);
    fl_run(&f, 2000);
    assert_true(halted("LOG_TRUNCATED"));
    assert_int_equal(fl_asked(&f, "beat"), 0);
}

static void a_view_behind_what_the_log_still_holds_halts(void **state)
{
    (void)state;
    f.extra = 9;
    f.low = 6;
    fl_say(&f, "HMGET", view_open);
    fl_run(&f, 2000);
    assert_true(halted("LOG_TRUNCATED"));
}

static void a_lost_view_whose_start_is_no_longer_in_the_log_halts(void **state)
{
    (void)state;
    f.extra = 9;
    f.low = 6;
    f.committed_start = 5;
    fl_run(&f, 2000);
    assert_true(halted("LOG_TRUNCATED"));
    assert_int_equal(fl_asked(&f, "seed"), 0);
}

static void other_settings_than_the_fleets_do_not_lead(void **state)
{
    (void)state;
    f.extra = 5;
    fl_say(&f, "HMGET", "(4;server-a;0;0;1;15000;1020000)");
    fl_run(&f, 2000);
    assert_true(halted("SETTINGS_DIFFER"));
}

static void newer_rules_than_ours_do_not_lead(void **state)
{
    (void)state;
    f.extra = 5;
    fl_say(&f, "HMGET", "(4;server-a;0;0;2;15000;30000)");
    fl_run(&f, 2000);
    assert_true(halted("UPGRADE_NEEDED"));
}

static void older_rules_than_ours_are_replaced_by_force(void **state)
{
    (void)state;
    fl_say_once(&f, "HMGET", "(-1;;0;0;1;15000;30000)", 1000);
    fl_say_once(&f, "HMGET", "(-1;;0;0;0;15000;30000)", 1);
    fl_run(&f, 1500);
    assert_int_equal(strncmp(f.last_words[2], "{t:0}~BEGIN~", strlen("{t:0}~BEGIN~")), 0);
    assert_non_null(strstr(f.last_words[2], "~1"));
    assert_int_equal(fl_asked(&f, "seed"), 2);
}

static void a_record_that_may_not_be_skipped_halts(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "fold", "(UPGRADE)");
    fl_log(&f, "shop", "{\"v\":1,\"type\":\"Novelty\",\"workload\":\"shop\",\"must\":true}");
    fl_run(&f, 1000);
    assert_true(halted("UPGRADE_NEEDED"));
}

static void a_view_that_went_back_is_located_again_and_opened_anew(void **state)
{
    (void)state;
    lead();
    fl_say_once(&f, "fold", "(GAP;#2)", 1);
    fl_log(&f, "shop", "{\"v\":1,\"type\":\"Novelty\",\"workload\":\"shop\"}");
    fl_run(&f, 3000);
    assert_true(leads());
    assert_int_equal(fl_appended(&f, "ViewOpened", NULL), 1);
}

static void a_record_that_fails_twice_halts_after_the_view_was_built_anew(void **state)
{
    (void)state;
    fl_say(&f, "HMGET", "(-1;server-a;0;0;1;15000;30000)");
    fl_run(&f, 2000);
    assert_true(leads());
    fl_say(&f, "fold", "!WRONGTYPE Operation against a key");
    fl_log(&f, "shop", "{\"v\":1,\"type\":\"Novelty\",\"workload\":\"shop\"}");
    fl_run(&f, 5000);
    assert_int_equal(fl_asked(&f, "seed"), 2);
    assert_int_equal(fl_asked(&f, "fold"), 2);
    assert_true(halted("FOLD_FAILED"));
}

static void a_server_that_changed_is_located_again(void **state)
{
    (void)state;
    lead();
    size_t before = fl_asked(&f, "HMGET");
    (void)snprintf(f.run_id, sizeof f.run_id, "server-b");
    fl_run(&f, 2000);
    assert_true(fl_asked(&f, "HMGET") > before);
    assert_int_equal(fl_appended(&f, "ViewOpened", NULL),
                     1); /* it is not the one that the view was opened for */
}

/* ---- what is owed ---- */

static void a_finish_is_appended_once_and_again_only_if_it_is_still_owed_when_folded(void **state)
{
    const char *finished = "";

    (void)state;
    lead();
    fl_say_once(&f, "owed", "(#-1;(finish;shop;#1;r1;stop;0:3;partial;;#1;#2;#3;#4;#1))", 3);
    f.reading = false; /* it is in the log, and not folded yet */
    fl_run(&f, 700);
    assert_int_equal(fl_appended(&f, "RunFinished", &finished), 1);
    assert_non_null(strstr(finished, "\"epoch\":\"0:0:3\""));
    assert_non_null(strstr(finished, "\"result\":\"partial\""));
    assert_non_null(
        strstr(finished, "\"counts\":{\"done\":1,\"unchanged\":2,\"bypassed\":3,\"failed\":4,\"doubt\":1}"));
    f.reading = true;
    fl_run(&f, 700); /* folded, and owed no more */
    assert_int_equal(fl_appended(&f, "RunFinished", NULL), 1);
    fl_say_once(&f, "owed", "(#-1;(finish;shop;#1;r1;stop;0:3;partial;;#1;#2;#3;#4;#1))", 1);
    fl_run(&f, 700);
    assert_int_equal(fl_appended(&f, "RunFinished", NULL), 2);
}

static void a_deadline_cancels_the_run(void **state)
{
    const char *cancel = "";

    (void)state;
    lead();
    fl_say_once(&f, "owed", "(#-1;(deadline;shop;#1;r1;R))", 1);
    fl_run(&f, 300);
    assert_int_equal(fl_appended(&f, "Cancel", &cancel), 1);
    assert_non_null(strstr(cancel, "\"run\":\"r1\""));
    assert_non_null(strstr(cancel, "\"cause\":\"deadline\""));
}

static void drained_is_appended_when_the_view_says_so_and_not_before(void **state)
{
    const char *drained = "";

    (void)state;
    lead();
    fl_say(&f, "owed", "(#-1;(drain;shop;#1;0:3;r1;nil;nil;nil))");
    fl_say(&f, "drained", "(#0;live leases;#0)");
    fl_run(&f, 2000);
    assert_int_equal(fl_appended(&f, "Drained", NULL), 0);
    assert_true(fl_asked(&f, "drained") >= 4); /* asked each 250 ms */
    fl_say(&f, "drained", "(#1;0:3;)");
    fl_say(&f, "owed", "(#-1)");
    fl_say_once(&f, "owed", "(#-1;(drain;shop;#1;0:3;r1;nil;nil;nil))", 1);
    fl_run(&f, 600);
    assert_int_equal(fl_appended(&f, "Drained", &drained), 1);
    assert_non_null(strstr(drained, "\"old_epoch\":\"0:0:3\""));
    assert_null(strstr(drained, "next_epoch"));
}

static void a_snapshot_is_kept_and_then_told_to_the_view(void **state)
{
    (void)state;
    lead();
    fl_say_once(&f, "owed", "(#-1;(snap;shop;#1;#4;0;1;(st;I;last;4);(r1;0:1|stop||refused|held|0,0,0,0,0)))",
                1);
    fl_say(&f, "snap", "#1");
    fl_run(&f, 500);
    assert_int_equal(fl_asked(&f, "snap"), 1);
    assert_string_equal(fl_words(&f, "snap"), "{t:0}~shop~4");
    assert_string_equal(f.records[f.count - 1].topic, "t.snap.v1");
    assert_string_equal(f.records[f.count - 1].value,
                        "{\"v\":1,\"asof\":4,\"log\":0,\"fv\":1,\"w\":{\"st\":\"I\",\"last\":\"4\"},"
                        "\"r\":{\"r1\":\"0:1|stop||refused|held|0,0,0,0,0\"}}");
    fl_run(&f, 15000);
    assert_int_equal(f.committed_start,
                     5); /* nobody owes anything: a lost view would begin behind what is folded */
}

static void the_replay_start_waits_for_a_workload_that_was_busy_before(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "ZRANGE", "(deadline|other)");
    fl_say_once(&f, "owed", "(#-1;(snap;shop;#1;#4;0;1;(st;I);()))", 1);
    fl_say(&f, "snap", "#1");
    fl_run(&f, 30000);
    assert_true(fl_asked(&f, "ZRANGE") > 0);
    assert_int_equal(f.committed_start, -1);
}

static void the_replay_start_is_not_a_later_record_of_a_workload_that_was_busy_before(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "ZRANGE", "(drain|other)");
    fl_run(&f, 15000);
    fl_say_once(&f, "owed", "(#-1;(snap;shop;#1;#4;0;1;(st;I);()))", 1);
    fl_say(&f, "snap", "#1");
    fl_log(&f, "other",
           "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"other\",\"run\":\"r2\",\"action\":\"stop\","
           "\"if_busy\":\"reject\","
           "\"origin\":{\"kind\":\"cli\"}}");
    fl_run(&f, 30000);
    assert_true(fl_asked(&f, "ZRANGE") > 1);
    assert_int_equal(f.committed_start, -1);
    fl_say(&f, "ZRANGE", "()"); /* at rest: a lost view needs nothing of it any more */
    fl_say_once(&f, "owed", "(#-1;(snap;shop;#1;#4;0;1;(st;I);()))", 1);
    fl_run(&f, 30000);
    assert_true(f.committed_start > 0);
}

static void a_view_that_is_gone_moves_no_replay_start(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "ZRANGE", "()"); /* as of a view that was lost just now */
    fl_say_once(&f, "owed", "(#-1;(snap;shop;#1;#4;0;1;(st;I);()))", 1);
    fl_say(&f, "snap", "#1");
    for (int i = 0; i < 1500 && !strstr(fl_words(&f, "ZRANGE"), ":owed"); i++)
        fl_run(&f, 10);
    assert_non_null(strstr(fl_words(&f, "ZRANGE"), ":owed"));
    fl_say(&f, "beat", "(NOVIEW)");
    fl_run(&f, 5000);
    assert_int_equal(f.committed_start, -1);
}

static void an_expired_request_is_refused_without_reading_anything(void **state)
{
    const char *refused = "";

    (void)state;
    lead();
    fl_say_once(&f, "owed",
                "(#-1;(admit;shop;#1;0:3;stop;reject;;r1;{\"origin\":{\"kind\":\"cli\"},\"if_busy\":"
                "\"reject\",\"not_after_ms\":5}))",
                1);
    fl_run(&f, 300);
    assert_int_equal(fl_appended(&f, "RunRefused", &refused), 1);
    assert_non_null(strstr(refused, "\"cause\":\"expired\""));
    assert_non_null(strstr(refused, "\"request\":\"0:0:3\""));
    assert_int_equal(fl_asked(&f, "HGETALL"), 0);
}

static void a_hold_of_the_workload_refuses(void **state)
{
    const char *refused = "";

    (void)state;
    lead();
    fl_say(&f, "HGETALL", "(h:a;9999999999999|3|web;h:b;1|0|;h:c;9999999999999|0|)");
    fl_say_once(
        &f, "owed",
        "(#-1;(admit;shop;#1;0:3;stop;reject;;r1;{\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"reject\"}))",
        1);
    fl_run(&f, 300);
    assert_int_equal(fl_appended(&f, "RunRefused", &refused), 1);
    assert_non_null(strstr(refused, "\"cause\":\"held\""));
}

static void unreadable_specifications_refuse_after_a_while(void **state)
{
    const char *refused = "";

    (void)state;
    lead();
    fl_say(&f, "HGETALL", "()");
    fl_say(
        &f, "owed",
        "(#-1;(admit;shop;#1;0:3;stop;reject;;r1;{\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"reject\"}))");
    fl_run(&f, 1000);
    assert_int_equal(fl_appended(&f, "RunAccepted", NULL), 0);
    assert_true(fl_appended(&f, "RunRefused", &refused) >= 1);
    assert_non_null(strstr(refused, "\"cause\":\"specs-unreachable\""));
}

/* ---- the pump ---- */

static const char two_jobs[] = "(#-1;shop;0:3;#0;j1;one;shop;0:3;#0;j2;two)";

static void due_jobs_are_published_and_their_place_is_noted(void **state)
{
    (void)state;
    lead();
    fl_say(&f, "published", "(;0;;0)");
    fl_say_once(&f, "take", two_jobs, 1);
    fl_run(&f, 300);
    assert_int_equal(f.count, 2);
    assert_string_equal(f.records[0].topic, "t.jobs.v1");
    assert_string_equal(f.records[0].key, "j1");
    assert_string_equal(f.records[0].value, "one");
    assert_int_equal(fl_asked(&f, "sent"), 2);
    assert_string_equal(fl_words(&f, "sent"), "{t:0}~0:3~0~j2~1~7");
}

static void what_still_lies_in_the_queue_is_not_published_again(void **state)
{
    (void)state;
    f.committed = 7; /* the next that the workers read is 7 */
    lead();
    fl_say(&f, "published", "(1:7;0;1:6;0)");
    fl_say_once(&f, "take", two_jobs, 1);
    fl_run(&f, 300);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.records[0].key, "j2");
}

static void the_heartbeat_names_what_was_folded(void **state)
{
    char words[128];

    (void)state;
    lead();
    (void)snprintf(words, sizeof words, "%s", fl_words(&f, "beat"));
    assert_int_equal(strncmp(words, "{t:0}~~server-a~", strlen("{t:0}~~server-a~")), 0);
    assert_non_null(strstr(words, "~4~5~")); /* pos, high watermark */
}

static void no_heartbeat_is_sent_while_a_record_is_on_its_way(void **state)
{
    (void)state;
    lead();
    f.slow_fold = true;
    fl_log(&f, "shop", "{\"v\":1,\"type\":\"Novelty\",\"workload\":\"shop\"}");
    fl_run(&f, 100);
    size_t before = fl_asked(&f, "beat");
    fl_run(&f, 3000);
    assert_int_equal(fl_asked(&f, "beat"), before);
    f.slow_fold = false;
    fl_run(&f, 200);
    assert_int_equal(fl_asked(&f, "beat"), before + 1);
    assert_non_null(strstr(fl_words(&f, "beat"), "~5~6~"));
}

static void a_drain_gives_up_the_lock_and_ends(void **state)
{
    (void)state;
    lead();
    producer_drain(f.producer);
    assert_int_not_equal(producer_turn(f.producer, f.now.boot_ms), TURN_DONE); /* an answer is awaited */
    fl_run(&f, 100);
    assert_int_equal(producer_turn(f.producer, f.now.boot_ms), TURN_DONE);
    assert_non_null(strstr(fl_words(&f, "lead"), "~0"));
    assert_true(says("/readyz", "draining"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_lost_view_is_built_opened_and_led),
        CASE(an_open_view_is_led_without_opening_it_again),
        CASE(jobs_that_workers_are_for_are_counted_by_who_leads_alone),
        CASE(another_servers_view_is_opened_for_this_one),
        CASE(without_the_lock_nothing_is_asked_of_the_view),
        CASE(a_lock_that_cannot_be_read_is_removed_and_taken),
        CASE(a_snapshot_of_older_rules_is_loaded),
        CASE(a_snapshot_of_newer_rules_stops_the_partition),
        CASE(a_views_head_that_cannot_be_read_is_removed_and_the_view_is_built),
        CASE(a_lost_lock_ends_leading),
        CASE(a_view_ahead_of_the_log_halts),
        CASE(a_view_behind_what_the_log_still_holds_halts),
        CASE(a_lost_view_whose_start_is_no_longer_in_the_log_halts),
        CASE(other_settings_than_the_fleets_do_not_lead),
        CASE(newer_rules_than_ours_do_not_lead),
        CASE(older_rules_than_ours_are_replaced_by_force),
        CASE(a_record_that_may_not_be_skipped_halts),
        CASE(a_view_that_went_back_is_located_again_and_opened_anew),
        CASE(a_record_that_fails_twice_halts_after_the_view_was_built_anew),
        CASE(a_server_that_changed_is_located_again),
        CASE(a_finish_is_appended_once_and_again_only_if_it_is_still_owed_when_folded),
        CASE(a_deadline_cancels_the_run),
        CASE(drained_is_appended_when_the_view_says_so_and_not_before),
        CASE(a_snapshot_is_kept_and_then_told_to_the_view),
        CASE(the_replay_start_waits_for_a_workload_that_was_busy_before),
        CASE(the_replay_start_is_not_a_later_record_of_a_workload_that_was_busy_before),
        CASE(a_view_that_is_gone_moves_no_replay_start),
        CASE(an_expired_request_is_refused_without_reading_anything),
        CASE(a_hold_of_the_workload_refuses),
        CASE(unreadable_specifications_refuse_after_a_while),
        CASE(due_jobs_are_published_and_their_place_is_noted),
        CASE(what_still_lies_in_the_queue_is_not_published_again),
        CASE(the_heartbeat_names_what_was_folded),
        CASE(no_heartbeat_is_sent_while_a_record_is_on_its_way),
        CASE(a_drain_gives_up_the_lock_and_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
