#include "awssim/instances.h"

#include "awssim/setting.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/moment.h"
#include "base/timers.h"

#include <stdio.h>
#include <string.h>

struct by_id {
    struct instance *instance;
    UT_hash_handle hh;
};

struct room { /* of one availability zone and type */
    char *az, *type;
    int64_t left;
};

struct instances {
    struct instance **at;
    size_t n, cap;
    struct by_id *by_id;
    struct room *rooms;
    size_t room_count;
    struct timers *timers; /* by index: the end of what is under way */
    struct ledger *ledger;
    struct chance *chance;
    int64_t time_scale;
};

enum { HOUR_MS = 3600 * 1000, ID_MAX = 64 };

static const struct instance_cause by_time = {"time", "", "", "", ""};

struct instance *instances_find(const struct instances *s, struct str id)
{
    struct by_id *h;

    HASH_FIND(hh, s->by_id, id.p, id.n, h);
    return h && !h->instance->gone ? h->instance : NULL;
}

size_t instances_count(const struct instances *s)
{
    return s->n;
}

struct instance *instances_at(const struct instances *s, size_t index)
{
    return s->at[index];
}

static void add(struct instances *s, struct instance *i)
{
    struct by_id *h = xcalloc(1, sizeof *h);

    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->at = xrealloc(s->at, s->cap * sizeof *s->at);
    }
    i->index = s->n;
    s->at[s->n++] = i;
    h->instance = i;
    HASH_ADD_KEYPTR(hh, s->by_id, i->id, strlen(i->id), h);
}

static struct room *room_of(const struct instances *s, const struct instance *i)
{
    for (size_t k = 0; k < s->room_count; k++)
        if (strcmp(s->rooms[k].az, i->az) == 0 && strcmp(s->rooms[k].type, i->type) == 0)
            return &s->rooms[k];
    return NULL;
}

bool instances_has_capacity(const struct instances *s, const struct instance *i, size_t n)
{
    const struct room *r = room_of(s, i);

    return !r || r->left >= (int64_t)n;
}

static void take_room(struct instances *s, const struct instance *i, int64_t n)
{
    struct room *r = room_of(s, i);

    if (r)
        r->left -= n;
}

static void tell(struct instances *s, struct instance *i, enum instance_state from, struct instant at,
                 const struct instance_cause *cause)
{
    ledger_add(s->ledger, &(struct awssim_event){
                              .kind = AWSSIM_STATE,
                              .at = at,
                              .service = "ec2",
                              .operation = "",
                              .region = i->region,
                              .account = i->account,
                              .request_id = cause->request_id,
                              .run = cause->run,
                              .job = cause->job,
                              .attempt = cause->attempt,
                              .code = "",
                              .fault = "",
                              .id = i->id,
                              .from = instance_state_name(from),
                              .to = instance_state_name(i->state),
                              .cause = cause->what,
                          });
}

static void change(struct instances *s, struct instance *i, enum instance_state to, struct instant at,
                   const struct instance_cause *cause)
{
    enum instance_state from = i->state;

    instance_saw(i, to, at.boot_ms);
    tell(s, i, from, at, cause);
}

static void set_transition_reason(struct instance *i, const char *who, int64_t wall_ms)
{
    struct civil t = moment_civil(wall_ms);
    char text[128];

    (void)snprintf(text, sizeof text, "%s (%04d-%02d-%02d %02d:%02d:%02d GMT)", who, t.year, t.month, t.day,
                   t.hour, t.minute, t.second);
    xfree(i->transition_reason);
    i->transition_reason = xstrdup(text);
}

void instances_start(struct instances *s, struct instance *i, struct instant now,
                     const struct instance_cause *cause)
{
    if (i->state != INSTANCE_STOPPED)
        return;
    take_room(s, i, 1);
    i->launch_wall_ms = now.wall_ms;
    i->by_user = false;
    instance_reason(i, NULL, NULL);
    xfree(i->transition_reason);
    i->transition_reason = NULL;
    change(s, i, INSTANCE_PENDING, now, cause);
    timers_clear(s->timers, i->index);
    if (!i->stuck_pending)
        timers_set(s->timers, i->index, now.boot_ms + i->start_ms);
}

void instances_stop(struct instances *s, struct instance *i, bool force, struct instant now,
                    const struct instance_cause *cause)
{
    if (i->state == INSTANCE_RUNNING || i->state == INSTANCE_PENDING) {
        i->by_user = true;
        instance_reason(i, "Client.UserInitiatedShutdown",
                        "Client.UserInitiatedShutdown: User initiated shutdown");
        set_transition_reason(i, "User initiated", now.wall_ms);
        change(s, i, INSTANCE_STOPPING, now, cause);
        timers_clear(s->timers, i->index);
        if (!i->stuck_stopping || force)
            timers_set(s->timers, i->index, now.boot_ms + i->stop_ms);
    } else if (i->state == INSTANCE_STOPPING && force) {
        timers_set(s->timers, i->index, now.boot_ms + i->stop_ms);
    }
}

void instances_terminate(struct instances *s, struct instance *i, struct instant now,
                         const struct instance_cause *cause)
{
    if (i->state == INSTANCE_TERMINATED || i->state == INSTANCE_SHUTTING_DOWN)
        return;
    instance_reason(i, "Client.UserInitiatedShutdown",
                    "Client.UserInitiatedShutdown: User initiated shutdown");
    set_transition_reason(i, "User initiated", now.wall_ms);
    if (i->state != INSTANCE_STOPPED)
        take_room(s, i, -1);
    change(s, i, INSTANCE_SHUTTING_DOWN, now, cause);
    timers_set(s->timers, i->index, now.boot_ms + i->stop_ms);
}

void instances_put(struct instances *s, struct instance *i, enum instance_state to, struct instant now)
{
    static const struct instance_cause by_hand = {"set", "", "", "", ""};

    timers_clear(s->timers, i->index);
    i->launch_wall_ms = to == INSTANCE_PENDING ? now.wall_ms : i->launch_wall_ms;
    change(s, i, to, now, &by_hand);
    if (to == INSTANCE_PENDING)
        timers_set(s->timers, i->index, now.boot_ms + i->start_ms);
    else if (to == INSTANCE_STOPPING || to == INSTANCE_SHUTTING_DOWN)
        timers_set(s->timers, i->index, now.boot_ms + i->stop_ms);
    else if (to == INSTANCE_TERMINATED)
        timers_set(s->timers, i->index, now.boot_ms + HOUR_MS / s->time_scale);
}

/* The group's health check finds it: it is terminated, and a new one takes its place. */
static void replace(struct instances *s, struct instance *i, struct instant at)
{
    static const struct instance_cause by_group = {"autoscaling", "", "", "", ""};
    char id[ID_MAX], digits[32];

    if (s->n >= INSTANCES_MAX)
        return;
    instances_terminate(s, i, at, &by_group);
    chance_hex(s->chance, 17, digits);
    (void)snprintf(id, sizeof id, "i-%s", digits);
    struct instance *fresh = instance_like(i, id);
    add(s, fresh);
    take_room(s, fresh, 1);
    fresh->launch_wall_ms = at.wall_ms;
    change(s, fresh, INSTANCE_PENDING, at, &by_group);
    timers_set(s->timers, fresh->index, at.boot_ms + fresh->start_ms);
}

static void end_start(struct instances *s, struct instance *i, struct instant at)
{
    bool falls = i->fall_to != NULL;

    if (!falls) {
        change(s, i, INSTANCE_RUNNING, at, &by_time);
        return;
    }
    bool stops = strcmp(i->fall_to, "stopped") == 0;
    instance_reason(i, i->fall_code, i->fall_text ? i->fall_text : i->fall_code);
    set_transition_reason(i, "Server initiated", at.wall_ms);
    take_room(s, i, -1);
    if (i->fall_times > 0 && --i->fall_times == 0) {
        xfree(i->fall_to);
        i->fall_to = NULL;
    }
    change(s, i, stops ? INSTANCE_STOPPED : INSTANCE_TERMINATED, at, &by_time);
    if (!stops)
        timers_set(s->timers, i->index, at.boot_ms + HOUR_MS / s->time_scale);
}

static void end_stop(struct instances *s, struct instance *i, struct instant at)
{
    take_room(s, i, -1);
    change(s, i, INSTANCE_STOPPED, at, &by_time);
    if (instance_tag(i, "aws:autoscaling:groupName") && i->replace_ms)
        timers_set(s->timers, i->index, at.boot_ms + i->replace_ms);
}

static void due(struct instances *s, struct instance *i, struct instant at)
{
    switch (i->state) {
    case INSTANCE_PENDING:
        end_start(s, i, at);
        break;
    case INSTANCE_STOPPING:
        end_stop(s, i, at);
        break;
    case INSTANCE_SHUTTING_DOWN:
        change(s, i, INSTANCE_TERMINATED, at, &by_time);
        timers_set(s->timers, i->index, at.boot_ms + HOUR_MS / s->time_scale);
        break;
    case INSTANCE_TERMINATED:
        i->gone = true;
        break;
    case INSTANCE_STOPPED:
        replace(s, i, at);
        break;
    case INSTANCE_RUNNING:
        break;
    }
}

int64_t instances_next(const struct instances *s)
{
    return timers_next(s->timers);
}

void instances_advance(struct instances *s, struct instant now)
{
    uint64_t index;
    int64_t at_ms = timers_next(s->timers);

    while (at_ms <= now.boot_ms && timers_take(s->timers, now.boot_ms, &index)) {
        due(s, s->at[index], (struct instant){at_ms, now.wall_ms - (now.boot_ms - at_ms)});
        at_ms = timers_next(s->timers);
    }
}

static bool complete(struct instances *s, struct instance *i, const struct json *j,
                     const struct instances_config *config, struct instant now, struct err *e)
{
    int64_t ago_s = 86400;
    char az[64];

    if (!i->id || strlen(i->id) >= ID_MAX || instances_find(s, str_of(i->id)))
        return err_set(e, ERR_CONFIG, "instances: id '%s' is missing, too long or there twice",
                       i->id ? i->id : "");
    if (!i->account)
        i->account = xstrdup(config->account);
    if (!i->region)
        i->region = xstrdup(config->region);
    (void)snprintf(az, sizeof az, "%sa", i->region);
    if (!i->az)
        i->az = xstrdup(az);
    if (!i->type)
        i->type = xstrdup("m5.large");
    struct str state = json_str_or_empty(json_get(j, "state"));
    if (state.n && !instance_state_named(state, &i->state))
        return err_set(e, ERR_CONFIG, "%s: no such state", i->id);
    if (!setting_int(j, "launched_s_ago", &ago_s, e))
        return false;
    i->launch_wall_ms = now.wall_ms - ago_s * 1000;
    return true;
}

/* One machine by the defaults, then the template, then its own attributes. */
static bool load_one(struct instances *s, const struct json *j, char *id,
                     const struct instances_config *config, struct instant now, struct err *e)
{
    struct instance *i = instance_new(s->time_scale);

    i->id = id;
    if (s->n >= INSTANCES_MAX || (config->defaults && !instance_set(i, config->defaults, s->time_scale, e)) ||
        !instance_set(i, j, s->time_scale, e) || !complete(s, i, j, config, now, e)) {
        (void)err_wrap(e, "instance %s", id ? id : "");
        instance_free(i);
        return false;
    }
    /* Long ago in this state, unless it was launched a moment ago. */
    instance_saw(i, i->state, INT64_MIN / 2);
    i->running_since_ms = now.boot_ms - (now.wall_ms - i->launch_wall_ms);
    if (i->state == INSTANCE_STOPPED && !json_get(j, "by_user"))
        i->by_user = true;
    add(s, i);
    if (i->state == INSTANCE_PENDING && !i->stuck_pending)
        timers_set(s->timers, i->index, now.boot_ms + i->start_ms);
    else if ((i->state == INSTANCE_STOPPING && !i->stuck_stopping) || i->state == INSTANCE_SHUTTING_DOWN)
        timers_set(s->timers, i->index, now.boot_ms + i->stop_ms);
    else if (i->state == INSTANCE_TERMINATED)
        timers_set(s->timers, i->index, now.boot_ms + HOUR_MS / s->time_scale);
    return true;
}

static bool load_fleet(struct instances *s, const struct json *j, const struct instances_config *config,
                       struct instant now, struct err *e)
{
    struct str prefix = json_str_or_empty(json_get(j, "prefix"));
    int64_t count = 0;

    if (!setting_int(j, "count", &count, e))
        return false;
    if (count < 1 || count > INSTANCES_MAX || prefix.n < 3 || prefix.n > 14)
        return err_set(e, ERR_CONFIG, "fleets: 'count' 1 to %d and 'prefix' of 3 to 14 characters (\"i-0a\")",
                       INSTANCES_MAX);
    for (int64_t k = 0; k < count; k++) {
        char id[ID_MAX]; /* i- and 17 digits in all */
        (void)snprintf(id, sizeof id, STR_FMT "%0*llx", STR_ARG(prefix), (int)(19 - prefix.n),
                       (unsigned long long)k);
        if (!load_one(s, j, xstrdup(id), config, now, e))
            return false;
    }
    return true;
}

static bool load_room(struct instances *s, const struct json *j, struct err *e)
{
    static const char *const known[] = {"az", "type", "left", NULL};

    s->rooms = xrealloc(s->rooms, (s->room_count + 1) * sizeof *s->rooms);
    struct room *r = &s->rooms[s->room_count++];
    *r = (struct room){0};
    return setting_known(j, "capacity", known, e) && setting_str(j, "az", &r->az, e) &&
           setting_str(j, "type", &r->type, e) && setting_int(j, "left", &r->left, e) &&
           ((r->az && r->type) || err_set(e, ERR_CONFIG, "capacity: 'az' and 'type' are needed"));
}

static bool load(struct instances *s, const struct instances_config *config, struct instant now,
                 struct err *e)
{
    struct str id;

    for (const struct json *j = json_first(config->instances); j; j = json_next(j)) {
        if (!json_str(json_get(j, "id"), &id))
            return err_set(e, ERR_CONFIG, "instances: 'id' is missing");
        if (!load_one(s, j, str_dup(id), config, now, e))
            return false;
    }
    for (const struct json *j = json_first(config->fleets); j; j = json_next(j))
        if (!load_fleet(s, j, config, now, e))
            return false;
    for (const struct json *j = json_first(config->capacity); j; j = json_next(j))
        if (!load_room(s, j, e))
            return false;
    return true;
}

struct instances *instances_new(const struct instances_config *config, struct instant now,
                                struct ledger *ledger, struct chance *chance, struct err *e)
{
    struct instances *s = xcalloc(1, sizeof *s);

    s->timers = timers_new();
    s->ledger = ledger;
    s->chance = chance;
    s->time_scale = config->time_scale;
    if (!load(s, config, now, e)) {
        instances_free(s);
        return NULL;
    }
    return s;
}

void instances_free(struct instances *s)
{
    struct by_id *h, *next;

    if (!s)
        return;
    HASH_ITER(hh, s->by_id, h, next)
    {
        HASH_DEL(s->by_id, h);
        xfree(h);
    }
    for (size_t k = 0; k < s->n; k++)
        instance_free(s->at[k]);
    for (size_t k = 0; k < s->room_count; k++) {
        xfree(s->rooms[k].az);
        xfree(s->rooms[k].type);
    }
    xfree(s->rooms);
    xfree(s->at);
    timers_free(s->timers);
    xfree(s);
}
