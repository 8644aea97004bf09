#include "awssim/core.h"

#include "awssim/control.h"
#include "awssim/dynamodb.h"
#include "awssim/metadata.h"
#include "awssim/s3.h"
#include "awssim/setting.h"
#include "awssim/sim.h"
#include "awssim/ssm.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum { SCENARIO_MAX = 64 * 1024 * 1024 };

static const struct {
    const char *service;
    const struct operation *operations;
} services[] = {
    {"ec2", ec2_operations}, {"ssm", ssm_operations}, {"dynamodb", dynamodb_operations},
    {"sts", sts_operations}, {"sns", sns_operations},
};

static bool load_latency(struct awssim *sim, const struct json *j, struct err *e)
{
    const struct json *latency = json_get(j, "latency_ms");

    if (json_type(latency) == JSON_ARRAY && json_count(latency) == 2) {
        const struct json *low = json_first(latency);
        return (json_int(low, &sim->latency_low_ms) && json_int(json_next(low), &sim->latency_high_ms)) ||
               err_set(e, ERR_CONFIG, "'latency_ms': not [from, to]");
    }
    if (!setting_int(j, "latency_ms", &sim->latency_low_ms, e))
        return false;
    sim->latency_high_ms = sim->latency_low_ms;
    return true;
}

static bool load_parts(struct awssim *sim, const struct json *j, const char *account, const char *region,
                       const struct awssim_config *config, struct instant now, struct err *e)
{
    const struct auth_config auth = {.credentials = json_get(j, "credentials"),
                                     .roles = json_get(j, "roles"),
                                     .account = account,
                                     .window_s = config->signature_window_s ? config->signature_window_s
                                                                            : AUTH_WINDOW_S};
    const struct instances_config machines = {.instances = json_get(j, "instances"),
                                              .fleets = json_get(j, "fleets"),
                                              .capacity = json_get(j, "capacity"),
                                              .defaults = json_get(j, "defaults"),
                                              .account = account,
                                              .region = region,
                                              .time_scale = sim->time_scale};

    return (sim->auth = auth_new(&auth, now, e)) &&
           (sim->faults = faults_new(json_get(j, "faults"), now, &sim->chance, e)) &&
           (sim->buckets = buckets_new(json_get(j, "buckets"), sim->time_scale, e)) &&
           (sim->instances = instances_new(&machines, now, sim->ledger, &sim->chance, e)) &&
           (sim->commands = commands_new(json_get(j, "ssm"), sim->time_scale, e)) &&
           (sim->tables = tables_new(json_get(j, "tables"), account, region, e)) &&
           (sim->metadata = metadata_new(json_get(j, "metadata"), region, e));
}

static bool load(struct awssim *sim, const struct json *j, const struct awssim_config *config,
                 struct instant now, struct err *e)
{
    static const char *const known[] = {"account",     "region",  "latency_ms", "page_max", "empty_pages",
                                        "credentials", "roles",   "faults",     "buckets",  "defaults",
                                        "instances",   "fleets",  "capacity",   "ssm",      "tables",
                                        "metadata",    "comment", NULL};
    char *account = xstrdup("123456789012");
    char *region = xstrdup("us-east-1");

    bool ok = setting_known(j, "scenario", known, e) && setting_str(j, "account", &account, e) &&
              setting_str(j, "region", &region, e) && load_latency(sim, j, e) &&
              setting_int(j, "page_max", &sim->page_max, e) &&
              setting_bool(j, "empty_pages", &sim->empty_pages, e) &&
              ((strlen(account) <= 32 && strlen(region) < CALL_WORD_MAX) ||
               err_set(e, ERR_CONFIG, "scenario: account or region is too long")) &&
              load_parts(sim, j, account, region, config, now, e);
    xfree(account);
    xfree(region);
    return ok;
}

struct awssim *awssim_new(const struct awssim_config *config, struct instant now, struct err *e)
{
    JSON_CLEANUP struct json *j =
        json_parse(config->scenario.n ? config->scenario : STR("{}"), SCENARIO_MAX, e);
    struct awssim *sim;

    if (!j) {
        (void)err_wrap(e, "scenario");
        return NULL;
    }
    sim = xcalloc(1, sizeof *sim);
    sim->chance.state = config->seed;
    sim->time_scale = config->time_scale > 1 ? config->time_scale : 1;
    sim->ledger = ledger_new();
    if (!load(sim, j, config, now, e)) {
        awssim_free(sim);
        return NULL;
    }
    return sim;
}

void awssim_free(struct awssim *sim)
{
    if (!sim)
        return;
    metadata_free(sim->metadata);
    tables_free(sim->tables);
    commands_free(sim->commands);
    instances_free(sim->instances);
    buckets_free(sim->buckets);
    faults_free(sim->faults);
    auth_free(sim->auth);
    ledger_free(sim->ledger);
    xfree(sim);
}

void awssim_listen(struct awssim *sim, awssim_listener *listener, void *self)
{
    ledger_listen(sim->ledger, listener, self);
}

int64_t awssim_next(const struct awssim *sim)
{
    int64_t a = instances_next(sim->instances), b = commands_next(sim->commands);

    return a < b ? a : b;
}

/* In the order of their moments, whichever part they belong to: a command runs in the state of its own
 * moment. */
void awssim_advance(struct awssim *sim, struct instant now)
{
    for (int64_t next = awssim_next(sim); next <= now.boot_ms; next = awssim_next(sim)) {
        struct instant at = {next, now.wall_ms - (now.boot_ms - next)};
        instances_advance(sim->instances, at);
        commands_advance(sim, at);
    }
}

void awssim_print_log(const struct awssim *sim, int64_t *seq, struct buf *out)
{
    ledger_print(sim->ledger, *seq, out);
    *seq = ledger_last(sim->ledger);
}

static const struct operation *find_operation(const struct call *c)
{
    for (size_t s = 0; s < sizeof services / sizeof *services; s++) {
        if (strcmp(services[s].service, c->service) != 0)
            continue;
        for (const struct operation *o = services[s].operations; o->name; o++)
            if (strcmp(o->name, c->operation) == 0)
                return o;
    }
    return NULL;
}

/* The instances that the call names, for the ledger, the faults and the second bucket. */
static void read_ids(struct call *c)
{
    struct str id;

    if (c->protocol == CALL_JSON) {
        for (const struct json *j = json_first(json_get(c->input, "InstanceIds")); j; j = json_next(j))
            if (json_str(j, &id))
                strs_add(&c->ids, id);
        if (json_str(json_get(c->input, "InstanceId"), &id))
            strs_add(&c->ids, id);
        return;
    }
    params_list(&c->params, "InstanceId", &c->ids);
    if (!c->ids.n && params_get(&c->params, "InstanceId"))
        strs_add(&c->ids, str_of(params_get(&c->params, "InstanceId")));
}

static bool admit(struct awssim *sim, struct call *c, const struct operation *o)
{
    char rate[2 * CALL_WORD_MAX];
    struct bucket_ask ask = {.account = call_account(c),
                             .region = c->region,
                             .rate = rate,
                             .resources = o->resources,
                             .resource_count = c->ids.n};
    bool narrow = params_get(&c->params, "MaxResults") || params_get(&c->params, "Filter.1.Name");

    (void)snprintf(rate, sizeof rate, "%s:%s%s", c->service, c->operation,
                   c->protocol == CALL_EC2 && !o->changes && !narrow ? "/unfiltered" : "");
    if (c->protocol == CALL_EC2)
        ask.fallback = o->changes ? "ec2:mutating" : narrow ? "ec2:Describe" : "ec2:unfiltered";
    if (buckets_take(sim->buckets, &ask, c->now.boot_ms))
        return true;
    if (c->protocol == CALL_EC2)
        return call_fail(c, 503, "RequestLimitExceeded", "Request limit exceeded.");
    if (strcmp(c->service, "dynamodb") == 0)
        return call_fail(c, 400, "ProvisionedThroughputExceededException", "Rate exceeded");
    return call_fail(c, 400, c->protocol == CALL_JSON ? "ThrottlingException" : "Throttling",
                     "Rate exceeded");
}

static bool unknown_operation(struct call *c)
{
    if (c->protocol == CALL_JSON)
        return call_fail(c, 400, "UnknownOperationException", "%s", "");
    return call_fail(c, 400, "InvalidAction", "The action %s is not valid for this web service.",
                     c->operation);
}

/* What strikes before the call has any effect. */
static bool spare(struct call *c, const struct fault_effect *fault)
{
    if (fault->drop == FAULT_DROP_BEFORE || fault->drop == FAULT_HANG_BEFORE)
        return call_fail(c, 500, "Lost", "%s", "");
    if (fault->html && !fault->after)
        return call_fail(c, fault->html, "Html", "%s", "");
    return !fault->status || fault->after || call_fail(c, fault->status, fault->code, "%s", fault->message);
}

/* What strikes after it. */
static bool let_go(struct call *c, const struct fault_effect *fault)
{
    if (fault->status)
        return call_fail(c, fault->status, fault->code, "%s", fault->message);
    return !fault->html || call_fail(c, fault->html, "Html", "%s", "");
}

static bool run(struct awssim *sim, struct call *c, struct fault_effect *fault)
{
    const struct operation *o = find_operation(c);

    if (!(o && o->unsigned_) && !auth_check(sim->auth, c))
        return false;
    if (!o)
        return unknown_operation(c);
    read_ids(c);
    *fault = faults_strike(sim->faults, c);
    if (!spare(c, fault) || !auth_allow(c) || !admit(sim, c, o))
        return false;
    call_begin(c);
    return o->run(sim, c) && let_go(c, fault);
}

static void add_header(struct awssim_reply *r, const char *name, const char *value)
{
    struct awssim_header *h = &r->headers[r->header_count++];

    BUG_IF(r->header_count > AWSSIM_HEADERS_MAX);
    h->name = name;
    (void)snprintf(h->value, sizeof h->value, "%s", value);
}

static void add_date(struct awssim_reply *r, int64_t wall_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil t = moment_civil(wall_ms);
    char text[64];

    (void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.weekday % 7], t.day,
                   months[(t.month + 11) % 12], t.year, t.hour, t.minute, t.second);
    add_header(r, "Date", text);
}

static void add_json_headers(struct call *c, const struct fault_effect *fault, struct awssim_reply *r)
{
    char text[32];

    add_header(r, "x-amzn-RequestId", c->request_id);
    if (strcmp(c->service, "dynamodb") != 0) {
        add_header(r, "Content-Type", "application/x-amz-json-1.1");
        return;
    }
    add_header(r, "Content-Type", "application/x-amz-json-1.0");
    (void)snprintf(text, sizeof text, "%u", crypto_crc32(buf_view(&c->body)) ^ (fault->wrong_crc ? 1U : 0U));
    add_header(r, "x-amz-crc32", text);
}

static void deliver(struct awssim *sim, struct call *c, const struct fault_effect *fault,
                    struct awssim_reply *r)
{
    r->status = c->status;
    r->delay_ms = fault->delay_ms + chance_between(&sim->chance, sim->latency_low_ms, sim->latency_high_ms);
    add_date(r, c->now.wall_ms + fault->date_skew_s * 1000);
    if (fault->html) {
        buf_clear(&c->body);
        buf_addf(&c->body,
                 "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n"
                 "</body>\r\n</html>\r\n",
                 fault->html, fault->html);
        add_header(r, "Content-Type", "text/html");
    } else if (c->protocol == CALL_JSON) {
        add_json_headers(c, fault, r);
    } else {
        add_header(r, "Content-Type", "text/xml;charset=UTF-8");
    }
    r->body = c->body;
    c->body = (struct buf)BUF_INIT(0);
    if (fault->drop)
        r->delivery =
            fault->drop == FAULT_DROP_BEFORE || fault->drop == FAULT_DROP_AFTER ? AWSSIM_DROP : AWSSIM_HANG;
    else if (fault->truncate >= 0 && (size_t)fault->truncate < r->body.n)
        r->delivery = AWSSIM_CUT;
    r->deliver_bytes = r->delivery == AWSSIM_WHOLE ? r->body.n
                       : r->delivery == AWSSIM_CUT ? (size_t)fault->truncate
                                                   : 0;
}

static void note(struct awssim *sim, const struct call *c, const struct fault_effect *fault)
{
    ledger_add(sim->ledger, &(struct awssim_event){
                                .kind = AWSSIM_CALL,
                                .at = c->now,
                                .service = c->service,
                                .operation = c->operation,
                                .region = c->region,
                                .account = call_account(c),
                                .request_id = c->request_id,
                                .run = c->run,
                                .job = c->job,
                                .attempt = c->attempt,
                                .ids = &c->ids,
                                .status = c->status,
                                .code = c->code,
                                .fault = fault->name,
                                .id = "",
                                .from = "",
                                .to = "",
                                .cause = "",
                            });
}

void awssim_request(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply)
{
    struct call c = {0};
    struct fault_effect fault = {.truncate = -1};

    *reply = (struct awssim_reply){0};
    awssim_advance(sim, request->now);
    if (control_answer(sim, request, reply) || metadata_answer(sim, request, reply) ||
        s3_answer(sim, request, reply))
        return;
    bool read = call_read(&c, request);
    chance_uuid(&sim->chance, c.request_id);
    if (read)
        (void)run(sim, &c, &fault);
    call_finish(&c);
    note(sim, &c, &fault);
    deliver(sim, &c, &fault, reply);
    call_release(&c);
}

void awssim_reply_release(struct awssim_reply *reply)
{
    buf_release(&reply->body);
}
