#include "cli/telling.h"

#include "cli/print.h"
#include "core/document.h"

#include <stdio.h>

static void print_whole_json(const struct story *s)
{
    JSON_CLEANUP struct json *document = document_new();

    story_json(s, document);
    print_json(document);
}

static void print_member(struct table *t, const struct story *s, const struct told_member *m)
{
    enum cause why = story_why(s, m);
    char moved[100] = "";

    if (m->from && m->to)
        (void)snprintf(moved, sizeof moved, "%.32s -> %.32s", m->from, m->to);
    table_cellf(t, "%lld", (long long)m->step);
    table_cell(t, m->tier);
    table_cell(t, m->id);
    table_cell(t, story_outcome(s, m));
    table_cell(t, moved);
    table_cellf(t, m->took_ms ? "%.1f s" : "", (double)m->took_ms / 1000);
    table_cellf(t, "%s%s%s", why ? cause_sentence(why) : "", m->detail ? ": " : "",
                m->detail ? m->detail : "");
}

static void print_end(const struct story *s)
{
    int64_t cut = story_unresolved(s);
    char unresolved[60] = "";

    if (cut)
        (void)snprintf(unresolved, sizeof unresolved, ", %lld unresolved", (long long)cut);
    print_line("%s@%s %s: %s%s%s: %lld done, %lld unchanged, %lld bypassed, %lld failed%s", s->workload,
               s->run, s->action ? s->action : "", s->result ? result_names[s->result] : "in progress",
               s->cause ? ", " : "", s->cause ? cause_sentence((enum cause)s->cause) : "",
               (long long)s->counts.done, (long long)s->counts.unchanged, (long long)s->counts.bypassed,
               (long long)s->counts.failed, unresolved);
}

void telling_end(const struct cli *c, const struct story *s)
{
    if (c->json)
        print_whole_json(s);
    else
        print_end(s);
}

void telling_whole(const struct cli *c, const struct story *s)
{
    static const char *const columns[] = {"STEP",  "TIER", "INSTANCE", "OUTCOME",
                                          "STATE", "TOOK", "WHY",      NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);

    if (c->json) {
        print_whole_json(s);
        return;
    }
    for (const struct told_member *m = s->members; m; m = m->hh.next)
        print_member(table, s, m);
    table_print(table);
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->steps[i].planned || s->result == RESULT_NONE)
            continue;
        BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);
        story_tiers(&s->steps[i], &text);
        print_line("step %zu (%s): not reached", i, buf_cstr(&text));
    }
    print_end(s);
}

int telling_exit(const struct story *s)
{
    return s->result == RESULT_SUCCEEDED ? CLI_OK : s->result == RESULT_REFUSED ? CLI_REFUSED : CLI_FAILED;
}
