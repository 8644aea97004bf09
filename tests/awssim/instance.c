#include "awssim/instance.h"

#include "awssim/setting.h"
#include "base/mem.h"

#include <string.h>

static const struct {
    const char *name;
    enum instance_state state;
} state_names[] = {
    {"pending", INSTANCE_PENDING},
    {"running", INSTANCE_RUNNING},
    {"shutting-down", INSTANCE_SHUTTING_DOWN},
    {"terminated", INSTANCE_TERMINATED},
    {"stopping", INSTANCE_STOPPING},
    {"stopped", INSTANCE_STOPPED},
};

const char *instance_state_name(enum instance_state state)
{
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
        if (state_names[i].state == state)
            return state_names[i].name;
    return "";
}

bool instance_state_named(struct str name, enum instance_state *out)
{
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (str_is(name, state_names[i].name)) {
            *out = state_names[i].state;
            return true;
        }
    }
    return false;
}

struct instance *instance_new(int64_t time_scale)
{
    enum { START_MS = 20000, STOP_MS = 30000, STATUS_MS = 60000 };
    struct instance *i = xcalloc(1, sizeof *i);

    i->state = INSTANCE_RUNNING;
    i->start_ms = START_MS / time_scale;
    i->stop_ms = STOP_MS / time_scale;
    i->status_ms = STATUS_MS / time_scale;
    i->ebs_root = true;
    return i;
}

static void free_tags(struct tags *t)
{
    for (size_t k = 0; k < t->n; k++) {
        xfree(t->at[k].key);
        xfree(t->at[k].value);
    }
    xfree(t->at);
    *t = (struct tags){0};
}

void instance_free(struct instance *i)
{
    if (!i)
        return;
    xfree(i->id);
    xfree(i->account);
    xfree(i->region);
    xfree(i->az);
    xfree(i->type);
    xfree(i->vpc);
    xfree(i->platform);
    xfree(i->image);
    free_tags(&i->tags);
    xfree(i->fall_to);
    xfree(i->fall_code);
    xfree(i->fall_text);
    xfree(i->reason_code);
    xfree(i->reason_text);
    xfree(i->transition_reason);
    agent_free(i->agent);
    xfree(i);
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

struct instance *instance_like(const struct instance *model, const char *id)
{
    struct instance *i = instance_new(1);

    i->id = xstrdup(id);
    i->account = copy(model->account);
    i->region = copy(model->region);
    i->az = copy(model->az);
    i->type = copy(model->type);
    i->vpc = copy(model->vpc);
    i->platform = copy(model->platform);
    i->image = copy(model->image);
    for (size_t k = 0; k < model->tags.n; k++)
        instance_set_tag(i, model->tags.at[k].key, model->tags.at[k].value);
    i->start_ms = model->start_ms;
    i->stop_ms = model->stop_ms;
    i->status_ms = model->status_ms;
    i->lag_ms = model->lag_ms;
    i->replace_ms = model->replace_ms;
    i->agent = agent_copy(model->agent);
    i->state = INSTANCE_PENDING;
    return i;
}

const char *instance_tag(const struct instance *i, const char *key)
{
    for (size_t k = 0; k < i->tags.n; k++)
        if (strcmp(i->tags.at[k].key, key) == 0)
            return i->tags.at[k].value;
    return NULL;
}

static void drop_tag(struct tags *t, size_t k)
{
    xfree(t->at[k].key);
    xfree(t->at[k].value);
    memmove(&t->at[k], &t->at[k + 1], (t->n - k - 1) * sizeof *t->at);
    t->n--;
}

void instance_set_tag(struct instance *i, const char *key, const char *value)
{
    for (size_t k = 0; k < i->tags.n; k++) {
        if (strcmp(i->tags.at[k].key, key) != 0)
            continue;
        if (value) {
            xfree(i->tags.at[k].value);
            i->tags.at[k].value = xstrdup(value);
        } else
            drop_tag(&i->tags, k);
        return;
    }
    if (!value)
        return;
    i->tags.at = xrealloc(i->tags.at, (i->tags.n + 1) * sizeof *i->tags.at);
    i->tags.at[i->tags.n++] = (struct tag){xstrdup(key), xstrdup(value)};
}

bool instance_set_tags(struct instance *i, const struct json *tags, struct err *e)
{
    struct str value;

    if (tags && json_type(tags) != JSON_OBJECT)
        return err_set(e, ERR_CONFIG, "'tags': not an object");
    for (const struct json *m = json_first(tags); m; m = json_next(m)) {
        if (json_type(m) == JSON_NULL) {
            instance_set_tag(i, json_name(m), NULL);
            continue;
        }
        if (!json_str(m, &value))
            return err_set(e, ERR_CONFIG, "tag '%s': not a string", json_name(m));
        char *text = str_dup(value);
        instance_set_tag(i, json_name(m), text);
        xfree(text);
    }
    return true;
}

static bool set_agent(struct instance *i, const struct json *j, int64_t time_scale, struct err *e)
{
    const struct json *settings = json_get(j, "agent");

    if (!settings)
        return true;
    if (!i->agent)
        i->agent = agent_new(time_scale);
    return agent_set(i->agent, settings, time_scale, e);
}

static bool set_durations(struct instance *i, const struct json *j, int64_t time_scale, struct err *e)
{
    const struct {
        const char *name;
        int64_t *out;
    } rows[] = {{"start_ms", &i->start_ms},
                {"stop_ms", &i->stop_ms},
                {"status_ms", &i->status_ms},
                {"describe_lag_ms", &i->lag_ms},
                {"replace_ms", &i->replace_ms}};

    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (!setting_int(j, rows[r].name, rows[r].out, e))
            return false;
        if (json_get(j, rows[r].name))
            *rows[r].out /= time_scale;
    }
    return true;
}

static bool set_fall(struct instance *i, const struct json *j, struct err *e)
{
    static const char *const known[] = {"to", "code", "message", "times", NULL};
    const struct json *fall = json_get(j, "start_fails");

    if (!fall)
        return true;
    xfree(i->fall_to);
    i->fall_to = NULL;
    if (json_type(fall) == JSON_NULL)
        return true;
    return setting_known(fall, "start_fails", known, e) && setting_str(fall, "to", &i->fall_to, e) &&
           setting_str(fall, "code", &i->fall_code, e) && setting_str(fall, "message", &i->fall_text, e) &&
           setting_int(fall, "times", &i->fall_times, e) &&
           ((i->fall_to && (!strcmp(i->fall_to, "stopped") || !strcmp(i->fall_to, "terminated"))) ||
            err_set(e, ERR_CONFIG, "start_fails: 'to' is \"stopped\" or \"terminated\""));
}

static bool set_stuck(struct instance *i, const struct json *j, struct err *e)
{
    static const char *const words[] = {"none", "pending", "stopping", NULL};
    int which = 0;

    if (!json_get(j, "stuck"))
        return true;
    if (!setting_word(j, "stuck", words, &which, e))
        return false;
    i->stuck_pending = which == 1;
    i->stuck_stopping = which == 2;
    return true;
}

static bool set_root(struct instance *i, const struct json *j, struct err *e)
{
    static const char *const words[] = {"ebs", "instance-store", NULL};
    int which = i->ebs_root ? 0 : 1;

    if (!setting_word(j, "root_device", words, &which, e))
        return false;
    i->ebs_root = which == 0;
    return true;
}

bool instance_set(struct instance *i, const struct json *j, int64_t time_scale, struct err *e)
{
    static const char *const markets[] = {"on-demand", "spot-one-time", "spot-persistent", NULL};
    static const char *const known[] = {"id",
                                        "state",
                                        "launched_s_ago",
                                        "account",
                                        "region",
                                        "az",
                                        "type",
                                        "vpc",
                                        "image",
                                        "platform",
                                        "tags",
                                        "market",
                                        "root_device",
                                        "stop_protected",
                                        "managed",
                                        "stuck",
                                        "hibernation",
                                        "start_fails",
                                        "start_ms",
                                        "stop_ms",
                                        "status_ms",
                                        "replace_ms",
                                        "describe_lag_ms",
                                        "agent",
                                        "count",
                                        "prefix",
                                        "by_user",
                                        NULL};

    return setting_known(j, "instance", known, e) && setting_str(j, "account", &i->account, e) &&
           setting_str(j, "region", &i->region, e) && setting_str(j, "az", &i->az, e) &&
           setting_str(j, "type", &i->type, e) && setting_str(j, "vpc", &i->vpc, e) &&
           setting_str(j, "image", &i->image, e) && setting_str(j, "platform", &i->platform, e) &&
           setting_word(j, "market", markets, &i->market, e) && setting_bool(j, "by_user", &i->by_user, e) &&
           setting_bool(j, "stop_protected", &i->stop_protected, e) &&
           setting_bool(j, "managed", &i->managed, e) && setting_bool(j, "hibernation", &i->hibernation, e) &&
           set_root(i, j, e) && set_stuck(i, j, e) && set_durations(i, j, time_scale, e) &&
           set_fall(i, j, e) && set_agent(i, j, time_scale, e) &&
           instance_set_tags(i, json_get(j, "tags"), e);
}

const struct instance_past *instance_past(const struct instance *i, int64_t now_ms)
{
    for (size_t k = i->history_count; k > 1; k--)
        if (i->history[k - 1].at_ms + i->lag_ms <= now_ms)
            return &i->history[k - 1];
    return &i->history[0];
}

enum instance_state instance_shown(const struct instance *i, int64_t now_ms)
{
    return i->history_count ? instance_past(i, now_ms)->state : i->state;
}

void instance_saw(struct instance *i, enum instance_state state, int64_t at_ms)
{
    if (i->history_count == INSTANCE_HISTORY) {
        memmove(&i->history[0], &i->history[1], (INSTANCE_HISTORY - 1) * sizeof *i->history);
        i->history_count--;
    }
    i->history[i->history_count++] = (struct instance_past){at_ms, state, i->launch_wall_ms};
    i->state = state;
    if (state == INSTANCE_RUNNING)
        i->running_since_ms = at_ms;
}

void instance_reason(struct instance *i, const char *code, const char *text)
{
    xfree(i->reason_code);
    xfree(i->reason_text);
    i->reason_code = copy(code);
    i->reason_text = copy(text);
}
