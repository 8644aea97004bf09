#include "monitor/api.h"

#include "base/mem.h"
#include "base/moment.h"
#include "core/document.h"
#include "model/ids.h"

#include <stdio.h>
#include <string.h>

#define RUNS "/v1/runs/"

enum { REPEATED = 2 };

static void say(struct http_answer *answer, int status, const struct json *document)
{
    answer->status = status;
    answer->content_type = "application/json";
    json_print(document, &answer->body);
    buf_addc(&answer->body, '\n');
}

void api_error(struct http_answer *answer, int status, const char *kind, const char *message,
               const char *remedy)
{
    JSON_CLEANUP struct json *document = document_error(str_of(kind), str_of(message), str_of(remedy));

    say(answer, status, document);
}

static void say_as_of(const struct api *api, struct http_answer *answer, struct json *document)
{
    char text[MOMENT_MAX];

    moment_rfc3339(api->as_of_ms, text);
    json_add_str(document, "as_of", str_of(text));
    say(answer, 200, document);
}

const struct str *api_argument(const struct http_asked *asked, const char *name)
{
    for (size_t i = 0; i < asked->arg_count; i++)
        if (str_is(asked->args[i].name, name))
            return &asked->args[i].value;
    return NULL;
}

/* ---- what is asked ---- */

/* False: an argument that this page does not know, or one that stands there twice. */
static bool arguments_ok(const struct http_asked *asked, const char *const *known, struct http_answer *answer)
{
    char text[300];

    for (size_t i = 0; i < asked->arg_count; i++) {
        int n = 0;
        for (size_t k = 0; known[k]; k++)
            n += str_is(asked->args[i].name, known[k]);
        for (size_t k = 0; k < i; k++)
            n += str_eq(asked->args[k].name, asked->args[i].name) ? REPEATED : 0;
        if (n == 1)
            continue;
        (void)snprintf(text, sizeof text, "%.100s: %s", asked->args[i].name.p,
                       n ? "it stands there more than once" : "there is no such argument here");
        api_error(answer, 400, "usage", text, "docs/monitor.md lists the pages and their arguments");
        return false;
    }
    return true;
}

/* False: it cannot be a name. *out NULL: all. Freed by the caller. */
static bool workload_asked(const struct http_asked *asked, char **out, struct http_answer *answer)
{
    const struct str *name = api_argument(asked, "workload");

    if (name && !ids_workload_ok(*name)) {
        api_error(answer, 400, "usage", "workload: it cannot be a workload's name",
                  "1 to 200 bytes without control characters and |");
        return false;
    }
    *out = name ? str_dup(*name) : NULL;
    return true;
}

static bool limit_asked(const struct api *api, const struct http_asked *asked, size_t *out,
                        struct http_answer *answer)
{
    const struct str *text = api_argument(asked, "limit");
    char remedy[60];
    int64_t n = API_LIMIT_DEFAULT;

    if (text && (!str_to_i64(*text, &n) || n < 1 || (uint64_t)n > api->runs_max)) {
        (void)snprintf(remedy, sizeof remedy, "a number from 1 to %zu", api->runs_max);
        api_error(answer, 400, "usage", "limit: it is no number, or out of its range", remedy);
        return false;
    }
    *out = (size_t)n;
    return true;
}

/* ---- the pages ---- */

static void runs(const struct api *api, const struct http_asked *asked, struct http_answer *answer)
{
    static const char *const known[] = {"workload", "limit", NULL};
    char *workload CLEANUP(xfreep) = NULL;
    size_t limit = 0;

    if (!arguments_ok(asked, known, answer) || !workload_asked(asked, &workload, answer) ||
        !limit_asked(api, asked, &limit, answer))
        return;
    JSON_CLEANUP struct json *document = history_json(api->history, workload, limit);
    say_as_of(api, answer, document);
}

static void run(const struct api *api, const struct http_asked *asked, struct http_answer *answer)
{
    static const char *const known[] = {NULL};
    struct str workload;
    struct str id;
    char text[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 100];

    if (!arguments_ok(asked, known, answer))
        return;
    if (!ids_split_run(str_skip(asked->path, strlen(RUNS)), &workload, &id)) {
        api_error(answer, 400, "usage", "a run is written WORKLOAD@ID",
                  "/v1/runs lists those that are known");
        return;
    }
    char *name CLEANUP(xfreep) = str_dup(workload);
    char *run_id CLEANUP(xfreep) = str_dup(id);
    const struct story *s = history_run(api->history, name, run_id);
    if (!s) {
        (void)snprintf(text, sizeof text, "%s@%s: the history does not know this run%s", name, run_id,
                       history_forgotten(api->history) ? ", or no longer" : "");
        api_error(answer, 404, "not-found", text,
                  "/v1/runs lists those that are known; `ec2sched show --since` looks further back");
        return;
    }
    JSON_CLEANUP struct json *document = document_new();
    story_json(s, document);
    say_as_of(api, answer, document);
}

static struct json *line_or_null(const struct story *s)
{
    return s ? story_line_json(s) : json_object();
}

/* Of a workload's runs, the latest first: the first that has begun and goes on, and the first that has
 * ended. */
static struct json *workload_json(const struct story *const *of, size_t n)
{
    struct json *o = json_object();
    const struct story *current = NULL;
    const struct story *last = NULL;
    int64_t waiting = 0;

    for (size_t i = 0; i < n; i++) {
        if (of[i]->result == RESULT_NONE && !of[i]->began)
            waiting++;
        else if (of[i]->result == RESULT_NONE)
            current = current ? current : of[i];
        else if (!last || of[i]->ended_ms > last->ended_ms)
            last = of[i];
    }
    json_add_str(o, "workload", str_of(of[0]->workload));
    json_add_int(o, "runs", (int64_t)n);
    json_add_int(o, "waiting", waiting);
    json_add(o, "current", line_or_null(current));
    json_add(o, "last", line_or_null(last));
    return o;
}

static void workloads(const struct api *api, const struct http_asked *asked, struct http_answer *answer)
{
    static const char *const known[] = {NULL};
    size_t n = history_count(api->history, NULL);
    size_t of = 0;

    if (!arguments_ok(asked, known, answer))
        return;
    const struct story **all = xcalloc(n + 1, sizeof *all);
    JSON_CLEANUP struct json *document = document_new();
    struct json *list = json_array();
    n = history_by_workload(api->history, all, n);
    for (size_t i = 0; i < n; i += of) {
        for (of = 1; i + of < n && strcmp(all[i + of]->workload, all[i]->workload) == 0;)
            of++;
        json_push(list, workload_json(all + i, of));
    }
    json_add(document, "workloads", list);
    say_as_of(api, answer, document);
    xfree(all);
}

/* Whether they can be followed: the argument is what can be wrong. */
static void events(const struct api *api, const struct http_asked *asked, struct http_answer *answer)
{
    static const char *const known[] = {"workload", NULL};
    char *workload CLEANUP(xfreep) = NULL;

    (void)api;
    if (arguments_ok(asked, known, answer) && workload_asked(asked, &workload, answer))
        answer->status = 0;
}

bool api_answer(const struct api *api, const struct http_asked *asked, struct http_answer *answer)
{
    static const struct {
        const char *path;
        bool below; /* what stands behind it is an argument */
        void (*page)(const struct api *api, const struct http_asked *asked, struct http_answer *answer);
    } pages[] = {{"/v1/runs", false, runs},
                 {RUNS, true, run},
                 {"/v1/workloads", false, workloads},
                 {"/v1/events", false, events}};

    if (!str_starts(asked->path, STR("/v1/")))
        return false;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (pages[i].below ? !str_starts(asked->path, str_of(pages[i].path))
                           : !str_is(asked->path, pages[i].path))
            continue;
        if (api->reading)
            api_error(answer, 503, "unavailable", api->reading, "ask again: /readyz says when it is ready");
        else
            pages[i].page(api, asked, answer);
        return true;
    }
    api_error(answer, 404, "not-found", "there is no such page",
              "/v1/runs, /v1/runs/WORKLOAD@ID, /v1/workloads, /v1/events");
    return true;
}
