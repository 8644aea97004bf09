#include "sim/fleet.h"

#include "model/topics.h"
#include "sim/strikes.h"
#include "sim/twist.h"

#include <stdio.h>
#include <string.h>

enum {
    SCENARIO_MAX = 1024 * 1024,
    FAULTS_MAX = 32 * 1024,
    RUNS_MIN = 10,
    RUNS_MAX = 30,
    AGAIN_MAX_MS = 60000,      /* after a death */
    DOWN_MAX_MS = 300000,      /* after the death of all of a role */
    STOPPED_MS = 45000,        /* for as long as three leases, */
    STOPPED_LONG_MS = 1200000, /* or, one time in ten, beyond the signature's window */
    JUMP_S = 1200,
    SHEPHERD_MS = 1000,
    HEAVY = 60,
    REBUILDS_ONE_OF = 8,  /* histories: views are lost again and again */
    UPGRADES_ONE_OF = 16, /* they are an older build's again and again */
    BLOW_WITHIN_US = 4000000,
    SOON_US = 30000000,
    MILLION = 1000000,
};

#define OTHER  UINT64_C(0x5eed)
#define PREFIX "sim"
#define OFTEN  2e-4 /* a command of Redis */
static const char prefix_flag[] = "--kafka.prefix=" PREFIX;
static const char *const env[] = {
    "AWS_ACCESS_KEY_ID=" ESTATE_KEY,  "AWS_SECRET_ACCESS_KEY=" ESTATE_SECRET, "AWS_REGION=" ESTATE_REGION,
    "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=http://127.0.0.1:1",  NULL};

struct member { /* of the fleet */
    struct daemon d;
    struct fleet *f;
    uint64_t again, goes_on, aimed; /* tickets */
    enum place_act act;             /* what the aim is */
    enum twist_blow blow;           /* that is about to fall */
    uint64_t poisoned;              /* the owner that is about to die of its job */
};

struct fleet {
    struct fleet_config config;
    struct scheduler *s;
    struct swarm swarm;
    struct places places;
    struct coverage coverage;
    struct chance chance, other; /* other: of what a history can do without */
    struct twist twist;
    struct trace trace;
    struct estate estate;
    char failed[JUDGE_WORDS_MAX]; /* a process that does not come to rest, or grows: the history ends */
    struct sim_kafka *kafka;
    struct sim_aws *aws;
    struct sim_redis *redis;
    struct sim_disk *disk;
    struct judge *judge;
    struct people *people;
    struct daemon_world world;
    struct member members[FLEET_DAEMONS];
    int64_t losses; /* of views, when the last worker died of its job */
    char log_flag[64], jobs_flag[64];
    const char *flags[16];
    char topic[TOPIC_NAME_MAX], progress[TOPIC_NAME_MAX], jobs[TOPIC_NAME_MAX];
};

static char kept_lines[TRACE_KEPT][TRACE_LINE_MAX];

/* ---- the world around ---- */

static void hear_record(void *self, const char *topic, int partition, int64_t offset,
                        const struct sim_kafka_record *r)
{
    struct fleet *f = self;

    judge_record(f->judge, topic, partition, offset, r);
    if (strcmp(topic, f->topic) == 0 || strcmp(topic, f->progress) == 0)
        coverage_record(&f->coverage, str_n(r->value, r->value_n));
    if (f->people && strcmp(topic, f->topic) == 0)
        people_stir(f->people);
}

static void hear_aws(void *self, const struct awssim_event *ev)
{
    struct fleet *f = self;

    for (int i = 0; i < FAULTS; i++)
        if (ev->kind == AWSSIM_CALL && strcmp(ev->fault, fault_names[i]) == 0)
            f->swarm.struck[i]++;
    judge_sent(f->judge, sim_aws_sent_ms(f->aws));
    judge_aws(f->judge, ev);
}

static void make_topics(struct fleet *f)
{
    struct topic_wanted want;

    for (int t = 0; t < TOPICS; t++) {
        topic_want((enum topic)t, PREFIX, f->config.partitions, FLEET_JOBS_PARTITIONS, 1, &want);
        sim_kafka_create(f->kafka, want.name, want.partitions,
                         t == TOPIC_EVENTS ? "LogAppendTime" : "CreateTime",
                         t == TOPIC_SNAP ? "compact" : "delete");
    }
    topic_name(TOPIC_EVENTS, PREFIX, f->topic);
    topic_name(TOPIC_PROGRESS, PREFIX, f->progress);
    topic_name(TOPIC_JOBS, PREFIX, f->jobs);
}

static void make_aws(struct fleet *f)
{
    BUF_CLEANUP struct buf scenario = BUF_INIT(SCENARIO_MAX);
    BUF_CLEANUP struct buf faults = BUF_INIT(FAULTS_MAX);
    struct err e = {0};

    strikes_rules(&f->swarm, &f->other, &f->estate, (int64_t)FLEET_SPAN_S * 1000, &faults);
    estate_scenario(&f->estate, buf_cstr(&faults), &scenario);
    BUG_IF(scenario.over || faults.over);
    f->aws = sim_aws_new(f->s, &f->swarm, buf_view(&scenario), chance_next(&f->chance), &e);
    if (!f->aws)
        (void)fprintf(stderr, "%s\n", e.msg);
    BUG_IF(!f->aws);
    sim_aws_listen(f->aws, hear_aws, f);
    if (f->twist.fast)
        sim_aws_slowest(f->aws, TWIST_FAST_DELAY_MS);
}

static void make_flags(struct fleet *f)
{
    static const char zones[] = "--schedule.zoneinfo=" ESTATE_ZONES;
    static const char *const fixed[] = {prefix_flag, "--specs.source=dynamodb", "--worker.state=/state",
                                        "--config=/none", zones};
    size_t n = 0;

    (void)snprintf(f->log_flag, sizeof f->log_flag, "--kafka.log.partitions=%d", f->config.partitions);
    (void)snprintf(f->jobs_flag, sizeof f->jobs_flag, "--kafka.jobs.partitions=%d", FLEET_JOBS_PARTITIONS);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        f->flags[n++] = fixed[i];
    f->flags[n++] = f->log_flag;
    f->flags[n++] = f->jobs_flag;
    if (f->twist.fast)
        f->flags[n++] = TWIST_FAST_FLAG;
    f->flags[n] = NULL;
    sim_disk_put(f->disk, "/none", STR("# nothing\n"));
    estate_zones(f->disk);
}

/* ---- the daemons ---- */

static void start_again(void *self)
{
    struct member *m = self;

    m->again = 0;
    if (m->d.owner)
        return;
    strikes_options(&m->f->swarm, &m->f->other, &m->d);
    (void)daemon_start(&m->d);
}

static void again_after(struct member *m, int64_t ms)
{
    if (!m->again)
        m->again =
            scheduler_after(m->f->s, ms * 1000, &(struct completion){0, "again", start_again, NULL, m});
}

static void go_on(void *self)
{
    struct member *m = self;

    m->goes_on = 0;
    daemon_hold(&m->d, false);
}

static void kill_member(struct member *m)
{
    scheduler_cancel(m->f->s, m->goes_on);
    scheduler_cancel(m->f->s, m->aimed);
    m->goes_on = m->aimed = 0;
    daemon_kill(&m->d);
    again_after(m, chance_between(&m->f->chance, 10, AGAIN_MAX_MS));
}

static void stop_member(struct member *m)
{
    struct fleet *f = m->f;
    int64_t most = chance_between(&f->chance, 1, 10) == 1 ? STOPPED_LONG_MS : STOPPED_MS;
    int64_t ms = chance_between(&f->chance, 100, most);

    daemon_hold(&m->d, true);
    m->goes_on = scheduler_after(f->s, ms * 1000, &(struct completion){0, "goes on", go_on, NULL, m});
}

/* ---- aims (sim/place.h) ---- */

static void aim_strikes(void *self)
{
    struct member *m = self;
    struct swarm *s = &m->f->swarm;
    struct mem_account *before = mem_account_set(NULL);

    m->aimed = 0;
    if (!m->d.owner || s->quiet)
        return;
    s->struck[m->act == PLACE_STOP ? FAULT_STOP : FAULT_KILL]++;
    if (m->act == PLACE_STOP && !m->d.held)
        stop_member(m);
    else if (m->act != PLACE_STOP)
        kill_member(m);
    (void)mem_account_set(before);
}

static void aimed(void *self, enum place_act act, int64_t us)
{
    struct member *m = self;

    if (m->aimed)
        scheduler_cancel(m->f->s, m->aimed);
    m->act = act;
    m->aimed = scheduler_after(m->f->s, us, &(struct completion){0, "aimed", aim_strikes, NULL, m});
}

static void answered(void *self, const char *place, const struct redis_value *value)
{
    struct member *m = self;

    coverage_answer(&m->f->coverage, place, value);
}

/* How often a view may have been lost, or gone back. A split does so once more, when the old one returns. */
static int64_t losses(const struct fleet *f)
{
    static const enum fault kinds[] = {FAULT_REDIS_FLUSH,    FAULT_REDIS_RESTART, FAULT_REDIS_ROLLBACK,
                                       FAULT_REDIS_FAILOVER, FAULT_REDIS_SPLIT,   FAULT_REDIS_WRONGTYPE,
                                       FAULT_REDIS_OLDER};
    int64_t n = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        n += f->swarm.struck[kinds[i]];
    return n;
}

static void kill_poisoned(void *self)
{
    struct member *m = self;

    if (m->d.owner == m->poisoned)
        kill_member(m);
    m->poisoned = 0;
}

/* A job that kills: its worker dies with the note as it is now, as soon as its turn is over. */
static bool hear_note(void *self, uint64_t owner, struct str note)
{
    struct fleet *f = self;
    char job[TWIST_JOB_MAX];

    if (!twist_kills(&f->twist, note, job))
        return false;
    for (int i = 0; i < FLEET_DAEMONS; i++)
        if (f->members[i].d.owner == owner) {
            f->members[i].poisoned = owner;
            if (f->losses != losses(f) || f->swarm.struck[FAULT_REDIS_SPLIT])
                judge_forgot(f->judge);
            f->losses = losses(f);
            judge_death(f->judge, job);
            (void)scheduler_after(f->s, 0,
                                  &(struct completion){0, "poison", kill_poisoned, NULL, &f->members[i]});
        }
    return true;
}

static void blow(void *self)
{
    struct member *m = self;
    struct fleet *f = m->f;
    enum twist_blow what = m->blow;

    m->blow = TWIST_NOTHING;
    if (f->swarm.quiet)
        return;
    if (what == TWIST_LOSE_VIEW) {
        enum fault fault = chance_between(&f->twist.chance, 0, 1) ? FAULT_REDIS_FLUSH : FAULT_REDIS_ROLLBACK;
        f->swarm.struck[fault]++;
        sim_redis_strike(f->redis, fault);
    } else if (m->d.owner && !m->d.held) {
        f->swarm.struck[what == TWIST_KILL ? FAULT_KILL : FAULT_STOP]++;
        if (what == TWIST_KILL)
            kill_member(m);
        else
            stop_member(m);
    }
    people_contradict_at(f->people, scheduler_now(f->s) + chance_between(&f->twist.chance, 0, SOON_US));
}

static void hear_sent(void *self, const struct sim_aws_sent *sent)
{
    struct fleet *f = self;

    judge_sending(f->judge, sent);
    if (f->swarm.quiet || sent->lands_ms == INT64_MAX)
        return;
    for (int i = 0; i < FLEET_DAEMONS; i++) {
        struct member *m = &f->members[i];
        enum twist_blow what = TWIST_NOTHING;
        if (m->d.owner == sent->owner && !m->blow)
            what = twist_blow(&f->twist, sent->lands_ms - sent->sent_ms);
        if (!what)
            continue;
        m->blow = what;
        (void)scheduler_after(f->s, chance_between(&f->twist.chance, 0, BLOW_WITHIN_US),
                              &(struct completion){0, "blow", blow, NULL, m});
    }
}

/* Most completions are heartbeats of idle daemons; those of calls and records are where a death hurts. */
static double weight_of(const char *what)
{
    static const char *const heavy[] = {"http.reply", "http.timeout", "kafka.appended", "kafka.fetched",
                                        "kafka.assigned"};

    for (size_t i = 0; i < sizeof heavy / sizeof *heavy; i++)
        if (strcmp(what, heavy[i]) == 0)
            return HEAVY;
    return 1;
}

/* What befalls a process just before it hears of something. */
static void befall(struct member *m, const char *what)
{
    struct fleet *f = m->f;
    double weight = weight_of(what);

    if (swarm_strike_by(&f->swarm, FAULT_KILL, weight)) {
        kill_member(m);
        return;
    }
    if (swarm_strike_by(&f->swarm, FAULT_DRAIN, weight))
        daemon_drain(&m->d);
    if (swarm_strike(&f->swarm, FAULT_CLOCK_JUMP))
        machine_jump(&m->d.machine, chance_between(&f->chance, -JUMP_S, JUMP_S) * MILLION);
    if (swarm_strike_by(&f->swarm, FAULT_STOP, weight))
        stop_member(m);
}

static void watch(void *self, uint64_t owner, const char *what)
{
    struct fleet *f = self;

    (void)mem_account_set(NULL);
    for (int i = 0; owner && i < FLEET_DAEMONS; i++) {
        struct member *m = &f->members[i];
        if (m->d.owner != owner)
            continue;
        befall(m, what);
        if (!m->d.owner || m->d.held)
            return;
        trace_line(&f->trace, m->d.name, "%s", what);
        daemon_heard(&m->d, what);
        return;
    }
}

/* All of a role are gone, and come again minutes later. */
static void role_down(struct fleet *f, enum daemon_kind kind, enum fault fault)
{
    if (!swarm_strike(&f->swarm, fault))
        return;
    for (int i = 0; i < FLEET_DAEMONS; i++) {
        struct member *m = &f->members[i];
        if (m->d.kind != kind)
            continue;
        if (m->d.owner)
            kill_member(m);
        scheduler_cancel(f->s, m->again);
        m->again = 0;
        again_after(m, chance_between(&f->other, AGAIN_MAX_MS, DOWN_MAX_MS));
    }
}

static void strike_all(struct fleet *f)
{
    role_down(f, DAEMON_PRODUCER, FAULT_PRODUCERS_DOWN);
    role_down(f, DAEMON_WORKER, FAULT_WORKERS_DOWN);
    for (int i = 0; i < FLEET_DAEMONS; i++)
        strikes_cut(&f->swarm, &f->other, &f->members[i].d);
    strikes_machines(&f->swarm, &f->other, &f->estate, f->aws);
    strikes_jobs(&f->swarm, &f->other, f->kafka, f->jobs, FLEET_JOBS_PARTITIONS);
}

/* Whoever has ended, or was refused, comes again. */
static void shepherd(void *self)
{
    struct fleet *f = self;

    for (int i = 0; i < FLEET_DAEMONS; i++)
        if (!f->members[i].d.owner)
            again_after(&f->members[i], chance_between(&f->chance, 10, AGAIN_MAX_MS));
    strike_all(f);
    (void)scheduler_after(f->s, (int64_t)SHEPHERD_MS * 1000,
                          &(struct completion){0, "shepherd", shepherd, NULL, f});
}

static void draw_machine(struct fleet *f, struct machine *m)
{
    m->boot_us = chance_between(&f->chance, 1, 100000) * MILLION;
    m->wall_ahead_us = f->config.faults > 0 ? chance_between(&f->chance, -2000, 2000) * 1000 : 0;
    if (f->config.faults > 0 && chance_between(&f->chance, 1, 3) == 1)
        m->drift_ppm = chance_between(&f->chance, -MACHINE_DRIFT_MAX_PPM, MACHINE_DRIFT_MAX_PPM);
}

static void fail(void *self, const struct daemon *d, const char *words)
{
    struct fleet *f = self;

    if (f->failed[0])
        return;
    (void)snprintf(f->failed, sizeof f->failed, "REST: %s %s", d->name, words);
    trace_line(&f->trace, "JUDGE", "%s", f->failed);
    if (f->config.last)
        trace_last(&f->trace, d->name, f->config.last);
}

static void make_daemons(struct fleet *f)
{
    f->world = (struct daemon_world){.s = f->s,
                                     .swarm = &f->swarm,
                                     .kafka = f->kafka,
                                     .aws = f->aws,
                                     .redis = f->redis,
                                     .disk = f->disk,
                                     .trace = &f->trace,
                                     .places = &f->places,
                                     .flags = f->flags,
                                     .env = env,
                                     .failed = fail,
                                     .self = f};
    for (int i = 0; i < FLEET_DAEMONS; i++) {
        enum daemon_kind kind = i < FLEET_PRODUCERS ? DAEMON_PRODUCER : DAEMON_WORKER;
        f->members[i].f = f;
        daemon_init(&f->members[i].d, &f->world, kind,
                    kind == DAEMON_PRODUCER ? i + 1 : i + 1 - FLEET_PRODUCERS, chance_next(&f->chance));
        f->members[i].d.befall = aimed;
        f->members[i].d.answered = answered;
        f->members[i].d.fleet = &f->members[i];
        draw_machine(f, &f->members[i].d.machine);
        if (f->config.ill && strcmp(f->config.ill, f->members[i].d.name) == 0)
            f->members[i].d.illness = f->config.illness;
        again_after(&f->members[i], chance_between(&f->chance, 0, 3000));
    }
}

/* ---- a history ---- */

/* What is rare by chance, and comes again and again in some histories. */
static void favour(struct fleet *f)
{
    uint64_t seed = f->config.seed;

    if (f->twist.poison)
        places_favour(&f->places, "append letter", true);
    if (f->config.faults > 0 && seed % REBUILDS_ONE_OF == 1) { /* one builds the view, and another goes on */
        places_favour(&f->places, "redis seed", false);
        f->swarm.rate[FAULT_REDIS_FLUSH] = OFTEN;
    }
    if (f->config.faults > 0 && seed % UPGRADES_ONE_OF == UPGRADES_ONE_OF / 2)
        f->swarm.rate[FAULT_REDIS_OLDER] = OFTEN;
}

static void open_fleet(struct fleet *f, const struct fleet_config *config)
{
    *f = (struct fleet){.config = *config, .chance = {config->seed}, .other = {config->seed ^ OTHER}};
    f->s = scheduler_new(chance_next(&f->chance));
    scheduler_watched(f->s, watch, f);
    trace_init(&f->trace, f->s, config->trace);
    f->trace.kept = kept_lines;
    swarm_init(&f->swarm, chance_next(&f->chance), config->faults);
    places_init(&f->places, ~config->seed, config->faults > 0 && config->seed % 2);
    f->swarm.places = &f->places;
    estate_draw(&f->estate, &f->chance);
    if (config->faults > 0)
        estate_spice(&f->estate, &f->swarm, &f->other);
    twist_draw(&f->twist, config->seed, config->faults > 0 && !config->plain);
    twist_guests(&f->twist, &f->estate);
    twist_faults(&f->twist, &f->swarm);
    favour(f);
    f->kafka = sim_kafka_new(f->s, &f->swarm, chance_next(&f->chance));
    make_topics(f);
    f->judge = judge_new(&f->estate, &f->trace, f->topic);
    sim_kafka_listen(f->kafka, hear_record, f);
    make_aws(f);
    f->redis = sim_redis_new(f->s, &f->swarm, chance_next(&f->chance));
    f->disk = sim_disk_new();
    sim_disk_listen(f->disk, hear_note, f);
    make_flags(f);
    make_daemons(f);
    sim_aws_watch(f->aws, hear_sent, f);
    const struct people_world w = {f->s, f->kafka, &f->trace, &f->estate, f->topic, config->partitions};
    int runs = (int)chance_between(&f->chance, RUNS_MIN, RUNS_MAX);
    f->people = people_new(&w, chance_next(&f->chance), runs, (int64_t)FLEET_SPAN_S * MILLION);
    twist_people(&f->twist, f->s, f->people, (int64_t)FLEET_SPAN_S * MILLION);
    shepherd(f);
}

static void close_fleet(struct fleet *f)
{
    people_free(f->people);
    for (int i = 0; i < FLEET_DAEMONS; i++)
        daemon_release(&f->members[i].d);
    sim_aws_free(f->aws);
    sim_kafka_free(f->kafka);
    scheduler_free(f->s); /* a command that is still under way lets its link go: */
    sim_redis_free(f->redis);
    sim_disk_free(f->disk);
    judge_free(f->judge);
}

static void heal(struct fleet *f)
{
    trace_line(&f->trace, "fleet", "faults end: %lld have struck", (long long)swarm_total(&f->swarm));
    swarm_quiet(&f->swarm);
    for (int i = 0; i < FLEET_DAEMONS; i++) {
        struct member *m = &f->members[i];
        scheduler_cancel(f->s, m->goes_on);
        m->goes_on = 0;
        daemon_hold(&m->d, false);
    }
    for (int i = 0; i < FLEET_DAEMONS; i++)
        f->members[i].d.option_count = 0;
    people_give_way(f->people);
}

/* False: the history was to stop before, or a rule is broken already. */
static bool run_until(struct fleet *f, int64_t until_us)
{
    int64_t stop_us = f->config.until_us && f->config.until_us < until_us ? f->config.until_us : until_us;

    while (scheduler_step(f->s, stop_us))
        if (judge_counts(f->judge).broken || f->failed[0])
            return false;
    return stop_us == until_us;
}

static void come_to_rest(struct fleet *f)
{
    int64_t end_us = scheduler_now(f->s) + (int64_t)FLEET_REST_S * MILLION;

    while (scheduler_now(f->s) < end_us && (judge_open(f->judge) || people_busy(f->people)))
        if (!run_until(f, scheduler_now(f->s) + MILLION))
            return;
    judge_end(f->judge);
}

static struct fleet f;
static struct fleet *playing;

const struct trace *fleet_trace(void)
{
    return playing ? &playing->trace : NULL;
}

uint64_t fleet_fired(void)
{
    return playing ? scheduler_fired(playing->s) : 0;
}

struct fleet_verdict fleet_run(const struct fleet_config *config)
{
    struct fleet_verdict v = {0};

    open_fleet(&f, config);
    playing = &f;
    if (run_until(&f, (int64_t)FLEET_SPAN_S * MILLION)) {
        heal(&f);
        come_to_rest(&f);
    }
    v.judged = judge_counts(f.judge);
    (void)snprintf(v.first, sizeof v.first, "%s", f.failed[0] ? f.failed : judge_first(f.judge));
    v.digest = f.trace.digest;
    v.lines = f.trace.lines;
    v.completions = scheduler_fired(f.s);
    v.virtual_us = scheduler_now(f.s);
    v.faults = swarm_total(&f.swarm);
    memcpy(v.struck, f.swarm.struck, sizeof v.struck);
    if (config->met)
        coverage_met(&f.coverage, &f.swarm, &f.places, config->met, config->self);
    close_fleet(&f);
    playing = NULL;
    return v;
}
