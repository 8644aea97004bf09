/* Records of every topic: whatever parses prints, and what is printed parses to the same text. */
#include "base/mem.h"
#include "model/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void event_round_trip(struct str text)
{
    struct err e = {0};
    struct event ev;
    struct event again;
    BUF_CLEANUP struct buf once = BUF_INIT(4 * EVENT_TEXT_MAX);
    BUF_CLEANUP struct buf twice = BUF_INIT(4 * EVENT_TEXT_MAX);

    if (!event_parse(text, &ev, &e)) {
        BUG_IF(e.kind != ERR_INVALID || !e.msg[0]);
        return;
    }
    event_print(&ev, &once);
    bool known = ev.type != EVENT_OTHER;
    event_release(&ev);
    if (!known || once.n > EVENT_TEXT_MAX)
        return;
    BUG_IF(!event_parse(buf_view(&once), &again, &e));
    event_print(&again, &twice);
    BUG_IF(!str_eq(buf_view(&once), buf_view(&twice)));
    event_release(&again);
}

static void job_round_trip(struct str text)
{
    struct err e = {0};
    struct job j = {0};
    struct job again = {0};
    BUF_CLEANUP struct buf once = BUF_INIT(8 * JOB_TEXT_MAX);

    if (!job_parse(text, &j, &e)) {
        BUG_IF(e.kind != ERR_INVALID || !e.msg[0]);
        return;
    }
    job_print(&j, &once);
    job_release(&j);
    if (once.n > JOB_TEXT_MAX)
        return;
    BUG_IF(!job_parse(buf_view(&once), &again, &e));
    job_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account = {0};
    struct mem_account *was = mem_account_set(&account);
    struct str text = str_n((const char *)data, size);

    event_round_trip(text);
    job_round_trip(text);
    BUG_IF(account.blocks != 0);
    (void)mem_account_set(was);
    return 0;
}
