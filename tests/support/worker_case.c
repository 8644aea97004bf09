#include "support/worker_case.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const char *const case_ids[4] = {"i-0000000a", "i-0000000b", "i-0000000c", "i-0000000d"};

const char case_four[] =
    "{\"region\":\"us-west-2\",\"instances\":["
    "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS ",\"agent\":{}},"
    "{\"id\":\"i-0000000b\",\"state\":\"running\"," TAGS ",\"agent\":{\"files\":[\"/tmp/Stop Override\"]}},"
    "{\"id\":\"i-0000000c\",\"state\":\"running\"," TAGS ",\"agent\":{\"state\":\"offline\"}},"
    "{\"id\":\"i-0000000d\",\"state\":\"running\"," TAGS ",\"agent\":{\"stdout\":"
    "\"EC2SCHED-OVERRIDE 00112233445566778899aabbccddeeff ABSENT\\n\"}}]}";

bool case_reported(struct world *w)
{
    return world_count(w, "ec2sched.events.v1") > 0;
}

bool case_stopping(struct world *w)
{
    return world_calls(w, "StopInstances") > 0;
}

bool case_claimed(struct world *w)
{
    return w->lease_count > 0;
}

void case_expect(const struct world *w, const char *job, const char *id, enum outcome o, enum cause c)
{
    struct event ev;

    assert_true(world_terminal(w, job, &ev));
    for (size_t i = 0; i < ev.terminal.members.n; i++) {
        const struct member_outcome *m = &ev.terminal.members.at[i];
        if (strcmp(m->id, id) != 0)
            continue;
        assert_string_equal(outcome_names[m->outcome], outcome_names[o]);
        assert_string_equal(cause_names[m->cause], cause_names[c]);
        event_release(&ev);
        return;
    }
    fail_msg("%s is not in the terminal", id);
}

void case_deliver(struct world *w, enum action action, bool override, size_t n)
{
    struct job j = world_job(action, "j1", n, case_ids);

    if (override) {
        j.options.override_file = xstrdup("/tmp/Stop Override");
        j.options.override_os = GUEST_LINUX;
    }
    (void)world_deliver(w, &j);
}

void case_begin(struct world *w, const char *scenario, enum action action, bool override, size_t n)
{
    world_open(w, scenario);
    world_start(w);
    case_deliver(w, action, override, n);
}
