#include "awssim/agent.h"

#include "awssim/setting.h"
#include "base/mem.h"

static const char *const states[] = {"online", "offline", "stale", "none", NULL};
static const char *const systems[] = {"Linux", "Windows", NULL};
static const char *const behaviours[] = {"answers",   "fails",      "undeliverable",  "delayed",
                                         "times-out", "terminated", "wrong-platform", "denied",
                                         "silent",    NULL};

struct agent *agent_new(int64_t time_scale)
{
    enum { LATENCY_MS = 300 };
    struct agent *a = xcalloc(1, sizeof *a);

    a->latency_ms = LATENCY_MS / time_scale;
    return a;
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    strs_release(&a->files);
    strs_release(&a->folders);
    xfree(a->stdout_text);
    xfree(a->stdout_before);
    xfree(a->stdout_after);
    xfree(a->stderr_text);
    xfree(a);
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

struct agent *agent_copy(const struct agent *a)
{
    struct agent *n;

    if (!a)
        return NULL;
    n = xmalloc(sizeof *n);
    *n = *a;
    n->files = n->folders = (struct strs){0};
    strs_copy(&n->files, &a->files);
    strs_copy(&n->folders, &a->folders);
    n->stdout_text = copy(a->stdout_text);
    n->stdout_before = copy(a->stdout_before);
    n->stdout_after = copy(a->stdout_after);
    n->stderr_text = copy(a->stderr_text);
    return n;
}

static bool set_list(const struct json *j, const char *name, struct strs *list, struct err *e)
{
    if (json_get(j, name))
        strs_release(list);
    return setting_strs(j, name, list, e);
}

static bool set_duration(const struct json *j, const char *name, int64_t time_scale, int64_t *out,
                         struct err *e)
{
    if (!setting_int(j, name, out, e))
        return false;
    if (json_get(j, name))
        *out /= time_scale;
    return true;
}

static bool set_text(const struct json *j, const char *name, char **out, struct err *e)
{
    if (json_type(json_get(j, name)) == JSON_NULL) {
        xfree(*out);
        *out = NULL;
    }
    return setting_str(j, name, out, e);
}

bool agent_set(struct agent *a, const struct json *j, int64_t time_scale, struct err *e)
{
    static const char *const known[] = {"state",  "os",        "behaviour", "latency_ms",    "boot_ms",
                                        "files",  "folders",   "stdout",    "stdout_before", "stdout_after",
                                        "stderr", "exit_code", NULL};

    return setting_known(j, "agent", known, e) && setting_word(j, "state", states, &a->state, e) &&
           setting_word(j, "os", systems, &a->os, e) &&
           setting_word(j, "behaviour", behaviours, &a->behaviour, e) &&
           set_duration(j, "latency_ms", time_scale, &a->latency_ms, e) &&
           set_duration(j, "boot_ms", time_scale, &a->boot_ms, e) && set_list(j, "files", &a->files, e) &&
           set_list(j, "folders", &a->folders, e) && set_text(j, "stdout", &a->stdout_text, e) &&
           set_text(j, "stdout_before", &a->stdout_before, e) &&
           set_text(j, "stdout_after", &a->stdout_after, e) && set_text(j, "stderr", &a->stderr_text, e) &&
           setting_int(j, "exit_code", &a->exit_code, e);
}
