#include "awssim/control.h"

#include "awssim/setting.h"
#include "awssim/sim.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 16 * 1024 * 1024, CALLS_MAX = 512 * 1024 * 1024 };

static void say(struct awssim_reply *r, int status, const char *type)
{
    r->status = status;
    r->headers[0].name = "Content-Type";
    (void)snprintf(r->headers[0].value, sizeof r->headers[0].value, "%s", type);
    r->header_count = 1;
    r->deliver_bytes = r->body.n;
}

static bool say_error(struct awssim_reply *r, const struct err *e)
{
    buf_clear(&r->body);
    buf_adds(&r->body, "{\"error\":");
    json_quote(str_of(e->msg), &r->body);
    buf_adds(&r->body, "}\n");
    say(r, 400, "application/json");
    return true;
}

static void write_tags(struct buf *out, const struct instance *i)
{
    buf_adds(out, ",\"tags\":{");
    for (size_t k = 0; k < i->tags.n; k++) {
        buf_adds(out, k ? "," : "");
        json_quote(str_of(i->tags.at[k].key), out);
        buf_addc(out, ':');
        json_quote(str_of(i->tags.at[k].value), out);
    }
    buf_addc(out, '}');
}

static void write_instance(struct buf *out, const struct instance *i, int64_t now_ms)
{
    buf_addf(
        out,
        "{\"id\":\"%s\",\"state\":\"%s\",\"shown\":\"%s\",\"account\":\"%s\",\"region\":\"%s\",\"type\":",
        i->id, instance_state_name(i->state), instance_state_name(instance_shown(i, now_ms)), i->account,
        i->region);
    json_quote(str_of(i->type), out);
    write_tags(out, i);
    if (i->agent) {
        buf_adds(out, ",\"files\":[");
        for (size_t k = 0; k < i->agent->files.n; k++) {
            buf_adds(out, k ? "," : "");
            json_quote(str_of(i->agent->files.at[k]), out);
        }
        buf_addc(out, ']');
    }
    buf_addc(out, '}');
}

static void list_instances(const struct awssim *sim, struct buf *out, int64_t now_ms)
{
    bool any = false;

    buf_addc(out, '[');
    for (size_t k = 0; k < instances_count(sim->instances); k++) {
        const struct instance *i = instances_at(sim->instances, k);
        if (i->gone)
            continue;
        buf_adds(out, any ? ",\n" : "");
        any = true;
        write_instance(out, i, now_ms);
    }
    buf_adds(out, "]\n");
}

static bool set_one(struct awssim *sim, const struct json *j, struct instant now, struct err *e)
{
    struct str id = json_str_or_empty(json_get(j, "id"));
    struct instance *i = instances_find(sim->instances, id);
    struct str state = json_str_or_empty(json_get(j, "state"));
    enum instance_state to = INSTANCE_RUNNING;

    if (!i)
        return err_set(e, ERR_NOT_FOUND, "no instance '" STR_FMT "'", STR_ARG(id));
    if (state.n && !instance_state_named(state, &to))
        return err_set(e, ERR_INVALID, "no state '" STR_FMT "'", STR_ARG(state));
    if (!instance_set(i, j, sim->time_scale, e))
        return false;
    if (state.n)
        instances_put(sim->instances, i, to, now);
    return true;
}

static bool set(struct awssim *sim, const struct json *j, struct instant now, struct err *e)
{
    static const char *const known[] = {"instances", "terminate", NULL};
    static const struct instance_cause by_hand = {"set", "", "", "", ""};

    if (!setting_known(j, "set", known, e))
        return false;
    for (const struct json *one = json_first(json_get(j, "instances")); one; one = json_next(one))
        if (!set_one(sim, one, now, e))
            return false;
    for (const struct json *one = json_first(json_get(j, "terminate")); one; one = json_next(one)) {
        struct instance *i = instances_find(sim->instances, json_str_or_empty(one));
        if (!i)
            return err_set(e, ERR_NOT_FOUND, "terminate: no such instance");
        instances_terminate(sim->instances, i, now, &by_hand);
    }
    return true;
}

static bool set_faults(struct awssim *sim, const struct json *j, struct err *e)
{
    static const char *const known[] = {"clear", "faults", NULL};
    const struct json *clear = json_get(j, "clear");
    bool all = false;

    if (!setting_known(j, "faults", known, e))
        return false;
    if (json_type(clear) == JSON_STRING) {
        char *name = str_dup(json_str_or_empty(clear));
        faults_clear(sim->faults, name);
        xfree(name);
    } else if (json_bool(clear, &all) && all) {
        faults_clear(sim->faults, NULL);
    }
    return faults_add(sim->faults, json_get(j, "faults"), e);
}

static bool post(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *r,
                 bool (*act)(struct awssim *sim, const struct json *j, struct instant now, struct err *e))
{
    struct err e = {0};
    JSON_CLEANUP struct json *j = json_parse(request->body, BODY_MAX, &e);

    if (!j || !act(sim, j, request->now, &e))
        return say_error(r, &e);
    buf_adds(&r->body, "{\"ok\":true}\n");
    say(r, 200, "application/json");
    return true;
}

static bool act_faults(struct awssim *sim, const struct json *j, struct instant now, struct err *e)
{
    (void)now;
    return set_faults(sim, j, e);
}

static int64_t after_of(struct str query)
{
    struct str name, value;
    int64_t after;

    return str_cut(query, '=', &name, &value) && str_is(name, "after") && str_to_i64(value, &after) &&
                   after > 0
               ? after
               : 0;
}

bool control_answer(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *r)
{
    struct str path, query;

    (void)str_cut(request->target, '?', &path, &query);
    if (!str_starts(path, STR("/_/")))
        return false;
    r->body = (struct buf)BUF_INIT(CALLS_MAX);
    if (str_is(request->method, "POST") && str_is(path, "/_/set"))
        return post(sim, request, r, set);
    if (str_is(request->method, "POST") && str_is(path, "/_/faults"))
        return post(sim, request, r, act_faults);
    if (!str_is(request->method, "GET"))
        return false;
    if (str_is(path, "/_/healthz"))
        buf_adds(&r->body, "{\"ok\":true}\n");
    else if (str_is(path, "/_/calls"))
        ledger_print(sim->ledger, after_of(query), &r->body);
    else if (str_is(path, "/_/instances"))
        list_instances(sim, &r->body, request->now.boot_ms);
    else
        return false;
    say(r, 200, str_is(path, "/_/calls") ? "application/x-ndjson" : "application/json");
    return true;
}
