/* The value of a snapshot record: one workload's part of the view, at rest. */
#include "base/mem.h"
#include "codec/json.h"
#include "view/view.h"

enum { SNAPSHOT_VERSION = 1 };

static struct json *pairs_object(const struct view_pairs *p)
{
    struct json *o = json_object();
    BUF_CLEANUP struct buf name = BUF_INIT(EVENT_TEXT_MAX);

    for (size_t i = 0; i < p->n; i++) {
        buf_clear(&name);
        buf_add(&name, p->at[i].name);
        json_add_str(o, buf_cstr(&name), p->at[i].value);
    }
    return o;
}

void view_snapshot_print(const struct view_debt_entry *snap, struct buf *out)
{
    JSON_CLEANUP struct json *j = json_object();

    BUG_IF(snap->kind != VIEW_OWES_SNAP);
    json_add_int(j, "v", SNAPSHOT_VERSION);
    json_add_int(j, "asof", snap->snap.asof);
    json_add_int(j, "log", snap->snap.log);
    json_add_int(j, "fv", snap->snap.fv);
    json_add(j, "w", pairs_object(&snap->snap.workload));
    json_add(j, "r", pairs_object(&snap->snap.runs));
    json_print(j, out);
}

bool view_snapshot_parse(struct str text, struct view_snapshot *out, struct err *e)
{
    JSON_CLEANUP struct json *j = json_parse(text, EVENT_TEXT_MAX, e);
    JSON_CLEANUP struct json *kept = json_object();
    BUF_CLEANUP struct buf body = BUF_INIT(EVENT_TEXT_MAX);
    int64_t v = 0;

    *out = (struct view_snapshot){0};
    if (!j)
        return err_wrap(e, "snapshot");
    const struct json *w = json_get(j, "w");
    const struct json *r = json_get(j, "r");
    if (!json_int(json_get(j, "v"), &v) || v != SNAPSHOT_VERSION ||
        !json_int(json_get(j, "asof"), &out->asof) || !json_int(json_get(j, "log"), &out->log) ||
        !json_int(json_get(j, "fv"), &out->fv) || json_type(w) != JSON_OBJECT || json_type(r) != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "snapshot: not one of version %d", SNAPSHOT_VERSION);
    json_add(kept, "w", json_copy(w));
    json_add(kept, "r", json_copy(r));
    json_print(kept, &body);
    if (!buf_ok(&body, "snapshot", e))
        return false;
    out->json = buf_take(&body);
    return true;
}

void view_snapshot_release(struct view_snapshot *s)
{
    xfree(s->json);
    *s = (struct view_snapshot){0};
}
