/* Polls of members that wait, page by page: what is told when, and what is not said. */
#include "worker/states.h"

#include "base/mem.h"
#include "support/engine.h"
#include "support/weigh.h"
#include "support/worker_world.h"
#include "worker/query.h"

#include <stdio.h>
#include <string.h>

#define ITEM(id, code)                                                                                       \
    "<item><instancesSet><item><instanceId>" id "</instanceId><instanceState><code>" code                    \
    "</code></instanceState><tagSet><item><key>Environment</key><value>ENV001</value></item>"                \
    "<item><key>Role</key><value>App</value></item></tagSet></item></instancesSet></item>"
#define REPLY(items, token)                                                                                  \
    "<DescribeInstancesResponse><reservationSet>" items "</reservationSet>" token                            \
    "</DescribeInstancesResponse>"
#define MORE "<nextToken>t</nextToken>"

enum { POLL_MS = 5000 };

static struct fake_world world; /* large; each test begins it anew */

struct scene {
    struct aws *aws;
    struct options options;
    struct works *works;
    struct states *states;
    struct work *one, *two; /* stops of i-1, and of i-2 and i-3 */
};

static struct work *add(struct scene *c, const char *job, size_t n, const char *const *ids)
{
    struct job j = world_job(ACTION_STOP, job, n, ids);
    struct epoch ep = {0};
    int64_t now_ms = world.now.boot_ms;

    return works_add(c->works, &j, &ep, "token", 1, now_ms + 3600 * 1000, now_ms);
}

/* Steps every work that is woken; returns how many that were. */
static size_t step(struct scene *c)
{
    struct work *w;
    size_t n = 0;

    for (; (w = works_take_woken(c->works, world.now.boot_ms)); n++) {
        (void)job_step(w->step, world.now.boot_ms);
        states_watch(c->states, w, world.now.boot_ms);
    }
    return n;
}

/* Polls what is due and has the call leave. */
static int64_t turn(struct scene *c)
{
    int64_t next_ms = states_turn(c->states, world.now.boot_ms);

    engine_turn(c->aws, &world);
    return next_ms;
}

static void answer(struct scene *c, int status, const char *body)
{
    fake_pass(&world, 100);
    fake_reply(&world, status, body);
    engine_turn(c->aws, &world);
}

static void begin(struct scene *c)
{
    static const char *const first[] = {"i-00000001"}, *const others[] = {"i-00000002", "i-00000003"};

    fake_world_init(&world);
    *c = (struct scene){.options = {.worker = {.poll_ms = POLL_MS}, .aws = {.time_scale = 1}}};
    c->aws = engine_new(&world, NULL);
    c->works = works_new();
    c->states = states_new(c->works, c->aws, &c->options, &world.ports);
    c->one = add(c, "one", 1, first);
    c->two = add(c, "two", 2, others);
    assert_int_equal(step(c), 2);
    (void)turn(c);
    assert_int_equal(fake_open(&world), 1);
}

static void end(struct scene *c)
{
    states_free(c->states);
    works_free(c->works);
    aws_free(c->aws);
    fake_world_release(&world);
}

static const struct member_life *member(const struct work *w, size_t i)
{
    return job_step_member(w->step, i);
}

static void a_job_goes_on_with_the_page_that_has_its_members(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000001", "80"), MORE));
    assert_int_equal(member(c.one, 0)->phase, MEMBER_OVER);
    assert_int_equal(fake_open(&world), 1); /* the next page */
    assert_ptr_equal(works_take_woken(c.works, world.now.boot_ms), c.one);
    assert_null(works_take_woken(c.works, world.now.boot_ms));
    end(&c);
}

static void a_job_in_two_pages_is_stepped_with_the_second_and_asks_nothing_before(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000002", "16"), MORE));
    assert_int_equal(member(c.two, 0)->phase, MEMBER_READY);
    assert_int_equal(step(&c), 0);
    fake_pass(&world, JOB_GATHER_MS);
    assert_int_equal(job_step(c.two->step, world.now.boot_ms).command, JOB_NOTHING); /* a renewal woke it */
    answer(&c, 200, REPLY(ITEM("i-00000003", "16"), MORE));
    assert_ptr_equal(works_take_woken(c.works, world.now.boot_ms), c.two);
    struct job_next next = job_step(c.two->step, world.now.boot_ms);
    assert_int_equal(next.command, JOB_ACT);
    assert_int_equal(next.n, 2);
    end(&c);
}

static void who_is_in_no_page_is_missed_only_after_the_last(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000001", "64"), MORE)); /* who is stopping is watched on */
    answer(&c, 200, REPLY(ITEM("i-00000002", "64"), "<nextToken>u</nextToken>"));
    assert_int_equal(member(c.two, 1)->misses, 0);
    answer(&c, 200, REPLY("", ""));
    assert_int_equal(member(c.one, 0)->misses + member(c.two, 0)->misses, 0);
    assert_int_equal(member(c.two, 1)->misses, 1);
    assert_int_equal(fake_open(&world), 0);
    end(&c);
}

static void an_answer_that_breaks_off_says_nothing_of_whom_it_did_not_show(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000002", "16"), MORE));
    answer(&c, 400, EC2_ERROR("InvalidParameterValue", "Unable to parse pagination token"));
    assert_int_equal(fake_open(&world), 0);
    assert_int_equal(member(c.two, 0)->phase, MEMBER_READY);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(i ? member(c.two, 1)->misses : member(c.one, 0)->misses, 0);
    assert_int_equal(member(c.two, 1)->phase, MEMBER_LOOK);
    assert_int_equal(step(&c), 2); /* nobody waits for that answer any more */
    assert_int_equal(turn(&c), world.now.boot_ms + POLL_MS);
    end(&c);
}

static void of_an_instance_in_two_pages_the_later_word_counts(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000002", "64"), MORE));
    assert_int_equal(member(c.two, 0)->state, SIGHT_STOPPING);
    answer(&c, 200, REPLY(ITEM("i-00000002", "80") ITEM("i-00000003", "80"), ""));
    assert_int_equal(member(c.two, 0)->phase, MEMBER_OVER);
    assert_int_equal(member(c.two, 1)->phase, MEMBER_OVER);
    end(&c);
}

static void two_ids_of_one_hash_are_not_taken_for_each_other(void **state)
{
    static const char *const ids[] = {"i-000129ff"}; /* the hash of i-00059880 too */
    struct scene c;
    size_t from = 0;

    (void)state;
    begin(&c);
    struct work *w = add(&c, "three", 1, ids);
    struct query *q = query_new(NULL, 0);
    query_add(q, w->id, 0);
    query_index(q, c.works);
    assert_non_null(query_match(q, "i-00059880", &from));
    assert_null(query_match(q, "i-00059880", &from));
    query_free(q);

    answer(&c, 200, REPLY("", ""));
    (void)step(&c);
    fake_pass(&world, POLL_MS);
    (void)turn(&c);
    answer(&c, 200, REPLY(ITEM("i-00059880", "80"), ""));
    assert_int_equal(member(w, 0)->phase, MEMBER_LOOK);
    assert_int_equal(member(w, 0)->misses, 1);
    end(&c);
}

/* More than fit into one question by id: a question by tag, and one by id for whom the last did not list. */
static void a_second_question_holds_nobody_up_who_was_told_by_the_first(void **state)
{
    enum { MEMBERS = STATES_BY_ID + 2 };
    struct scene c;
    BUF_CLEANUP struct buf page = BUF_INIT(1 << 20);
    const char *ids[MEMBERS];
    char text[MEMBERS][16];

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000001", "80") ITEM("i-00000002", "80") ITEM("i-00000003", "80"), ""));
    buf_adds(&page, "<DescribeInstancesResponse><reservationSet>");
    for (size_t i = 0; i < MEMBERS; i++) {
        (void)snprintf(text[i], sizeof text[i], "i-%08zx", 256 + i);
        ids[i] = text[i];
        if (i > 0) /* the first is missing, the second runs, the others are on their way */
            buf_addf(&page, ITEM("%s", "%d"), ids[i], i > 1 ? 64 : 16);
    }
    buf_adds(&page, "</reservationSet></DescribeInstancesResponse>");
    struct work *w = add(&c, "many", MEMBERS, ids);
    (void)step(&c);
    fake_pass(&world, POLL_MS);
    (void)turn(&c);
    assert_int_equal(fake_open(&world), 1);
    answer(&c, 200, buf_cstr(&page));
    assert_int_equal(member(w, 0)->misses, 1);
    (void)step(&c);
    fake_pass(&world, 2 * POLL_MS);
    (void)turn(&c);
    assert_int_equal(fake_open(&world), 2);
    struct fake_asked *by_tag = fake_last(&world) - 1;
    fake_answer_to(&world, by_tag, &(struct fake_answer){.status = 200, .body = buf_cstr(&page)});
    engine_turn(c.aws, &world);
    assert_int_equal(fake_open(&world), 1);
    assert_int_equal(job_step(w->step, world.now.boot_ms).command, JOB_ACT);
    end(&c);
}

/* So many members of a workload of its own. */
static void add_workload(struct scene *c, const char *name, size_t n)
{
    const char *ids[STATES_BY_ID + 2];
    char text[STATES_BY_ID + 2][24];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text[i], sizeof text[i], "i-%.4s%04zx", name, i);
        ids[i] = text[i];
    }
    struct work *w = add(c, name, n, ids);
    xfree(w->job.options.filter_value);
    w->job.options.filter_value = xstrdup(name);
}

static size_t asked_with(const char *what)
{
    size_t n = 0;

    for (size_t i = 0; i < world.asked_count; i++)
        n += world.asked[i].id && strstr(world.asked[i].body, what);
    return n;
}

/* Its tag would list what other workers wait for, too. */
static void a_workload_of_which_few_wait_is_asked_for_by_id_whatever_else_waits(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000001", "80") ITEM("i-00000002", "80") ITEM("i-00000003", "80"), ""));
    add_workload(&c, "aaaa", STATES_BY_ID - 50);
    add_workload(&c, "bbbb", STATES_BY_ID - 50);
    add_workload(&c, "cccc", STATES_BY_ID + 1);
    (void)step(&c);
    fake_pass(&world, POLL_MS);
    (void)turn(&c);
    assert_int_equal(fake_open(&world), 3);
    assert_int_equal(asked_with("instance-id"), 2); /* the two together, in as few as hold them */
    assert_int_equal(asked_with("i-aaaa0000"), 1);
    assert_int_equal(asked_with("i-bbbb0000"), 1);
    assert_int_equal(asked_with("=cccc"), 1);
    assert_int_equal(asked_with("i-cccc"), 0);
    end(&c);
}

static void what_nobody_asked_for_is_nobodys(void **state)
{
    struct scene c;

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000009", "80"), MORE));
    assert_int_equal(step(&c), 0);
    works_remove(c.works, c.two); /* gone while the answer comes */
    answer(&c, 200, REPLY(ITEM("i-00000001", "80") ITEM("i-00000002", "80"), ""));
    assert_int_equal(member(c.one, 0)->phase, MEMBER_OVER);
    end(&c);
}

static void a_job_that_waits_anew_since_a_page_keeps_its_own_next_poll(void **state)
{
    struct scene c;
    const size_t all[] = {0};
    const struct err none = {0};

    (void)state;
    begin(&c);
    answer(&c, 200, REPLY(ITEM("i-00000001", "16"), MORE));
    struct work *w = works_take_woken(c.works, world.now.boot_ms);
    assert_int_equal(job_step(w->step, world.now.boot_ms).command, JOB_ACT);
    fake_pass(&world, 50);
    job_step_called(w->step, &(struct job_called){.members = all, .n = 1, .err = &none}, world.now.boot_ms);
    int64_t called_ms = world.now.boot_ms;
    works_wake(c.works, w);
    (void)step(&c);
    fake_pass(&world, 2000);
    answer(&c, 200, REPLY("", ""));
    assert_int_equal(turn(&c), called_ms + POLL_MS); /* not five seconds behind the last page */
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_job_goes_on_with_the_page_that_has_its_members),
        WEIGHED(a_job_in_two_pages_is_stepped_with_the_second_and_asks_nothing_before),
        WEIGHED(who_is_in_no_page_is_missed_only_after_the_last),
        WEIGHED(an_answer_that_breaks_off_says_nothing_of_whom_it_did_not_show),
        WEIGHED(of_an_instance_in_two_pages_the_later_word_counts),
        WEIGHED(two_ids_of_one_hash_are_not_taken_for_each_other),
        WEIGHED(a_second_question_holds_nobody_up_who_was_told_by_the_first),
        WEIGHED(a_workload_of_which_few_wait_is_asked_for_by_id_whatever_else_waits),
        WEIGHED(what_nobody_asked_for_is_nobodys),
        WEIGHED(a_job_that_waits_anew_since_a_page_keeps_its_own_next_poll),
    };

    return cmocka_run_group_tests_name("worker/states", tests, NULL, NULL);
}
