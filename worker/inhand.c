#include "worker/inhand.h"

#include "base/log.h"
#include "base/mem.h"

struct suspect {
    int64_t partition, offset, deaths;
};

struct dead { /* a job that a process died of */
    char *workload, *epoch, *job, *token;
    int64_t step;
};

struct inhand {
    struct view *view;
    const struct ports *ports;
    const char *folder; /* worker.state; the options' */
    bool stuck;
    int64_t retry_ms; /* when stuck: the note is tried again */
    struct suspect suspects[INHAND_RECORDS_MAX];
    size_t suspect_count;
    struct dead unreported[INHAND_JOBS_MAX];
    size_t unreported_count;
    uint64_t call; /* killed, for the first of them */
    int64_t next_ms;
};

/* clang-format off */
static const struct json_field suspect_fields[] = {
    {"partition", JSON_F_INT, offsetof(struct suspect, partition), .required = true},
    {"offset",    JSON_F_INT, offsetof(struct suspect, offset), .required = true},
    {"deaths",    JSON_F_INT, offsetof(struct suspect, deaths), .required = true},
    {0},
};
static const struct json_field dead_fields[] = {
    {"workload", JSON_F_STR, offsetof(struct dead, workload), .required = true, .max = IDS_WORKLOAD_MAX},
    {"epoch",    JSON_F_STR, offsetof(struct dead, epoch), .required = true, .max = IDS_EPOCH_MAX},
    {"step",     JSON_F_INT, offsetof(struct dead, step), .required = true},
    {"job",      JSON_F_STR, offsetof(struct dead, job), .required = true, .max = IDS_JOB_MAX},
    {"token",    JSON_F_STR, offsetof(struct dead, token), .required = true, .max = IDS_TOKEN_MAX},
    {0},
};
/* clang-format on */

static void blame_record(struct inhand *h, int64_t partition, int64_t offset, int64_t deaths)
{
    for (size_t i = 0; i < h->suspect_count; i++) {
        if (h->suspects[i].partition == partition && h->suspects[i].offset == offset) {
            h->suspects[i].deaths += deaths;
            return;
        }
    }
    if (h->suspect_count == INHAND_RECORDS_MAX) {
        for (size_t i = 1; i < INHAND_RECORDS_MAX; i++)
            h->suspects[i - 1] = h->suspects[i];
        h->suspect_count--;
    }
    h->suspects[h->suspect_count++] = (struct suspect){partition, offset, deaths};
}

static void unreported_drop(struct inhand *h)
{
    json_release(dead_fields, &h->unreported[0]);
    for (size_t i = 1; i < h->unreported_count; i++)
        h->unreported[i - 1] = h->unreported[i];
    h->unreported_count--;
}

static void blame_job(struct inhand *h, const struct json *j)
{
    struct dead d = {0};
    struct err e = {0};

    if (!json_decode(j, dead_fields, &d, &e))
        return;
    if (h->unreported_count == INHAND_JOBS_MAX)
        unreported_drop(h);
    h->unreported[h->unreported_count++] = d;
}

static void read_note(struct inhand *h, struct str text)
{
    struct err e = {0};
    JSON_CLEANUP struct json *note = text.n ? json_parse(text, INHAND_TEXT_MAX, &e) : NULL;
    const struct json *hand = json_get(note, "hand");

    for (const struct json *j = json_first(json_get(note, "suspects")); j; j = json_next(j)) {
        struct suspect s = {0};
        if (json_decode(j, suspect_fields, &s, &e))
            blame_record(h, s.partition, s.offset, s.deaths);
    }
    for (const struct json *j = json_first(json_get(note, "unreported")); j; j = json_next(j))
        blame_job(h, j);
    if (json_get(hand, "job")) {
        blame_job(h, hand);
    } else if (hand) {
        struct suspect s = {0};
        if (json_int(json_get(hand, "partition"), &s.partition) &&
            json_int(json_get(hand, "offset"), &s.offset))
            blame_record(h, s.partition, s.offset, 1);
    }
    for (size_t i = 0; i < h->unreported_count; i++)
        log_warn(h->ports->log, "inhand.died_of_job", fs("workload", h->unreported[i].workload),
                 fs("job", h->unreported[i].job));
    for (size_t i = 0; i < h->suspect_count; i++)
        log_warn(h->ports->log, "inhand.died_of_record", fi("partition", h->suspects[i].partition),
                 fi("offset", h->suspects[i].offset), fi("deaths", h->suspects[i].deaths));
}

static void add_lists(const struct inhand *h, struct json *note)
{
    if (h->suspect_count) {
        struct json *list = json_array();
        for (size_t i = 0; i < h->suspect_count; i++)
            json_push(list, json_encode(suspect_fields, &h->suspects[i]));
        json_add(note, "suspects", list);
    }
    if (h->unreported_count) {
        struct json *list = json_array();
        for (size_t i = 0; i < h->unreported_count; i++)
            json_push(list, json_encode(dead_fields, &h->unreported[i]));
        json_add(note, "unreported", list);
    }
}

/* Logged once each way: a full disk is asked for room often. */
static void note_was(struct inhand *h, bool written, const struct err *e)
{
    if (!written)
        h->retry_ms = clock_now(&h->ports->clock).boot_ms + INHAND_AGAIN_MS;
    if (!written && !h->stuck)
        log_error(h->ports->log, "inhand.not_written", fs("folder", h->folder), fe(e),
                  fs("remedy", "free space there; nothing new is claimed until then"));
    if (written && h->stuck)
        log_info(h->ports->log, "inhand.written_again", fs("folder", h->folder));
    h->stuck = !written;
}

/* hand: taken; NULL: nothing. */
static bool write_note(struct inhand *h, struct json *hand, struct err *e)
{
    BUF_CLEANUP struct buf text = BUF_INIT(INHAND_TEXT_MAX);
    JSON_CLEANUP struct json *note = json_object();

    json_add_int(note, "v", 1);
    if (hand)
        json_add(note, "hand", hand);
    add_lists(h, note);
    if (hand || h->suspect_count || h->unreported_count)
        json_print(note, &text);
    if (text.over && h->unreported_count) { /* names full of escapes: rather the present than the past */
        unreported_drop(h);
        return write_note(h, hand ? json_copy(hand) : NULL, e);
    }
    return buf_ok(&text, "note", e) &&
           h->ports->process.ops->note_write(h->ports->process.port, buf_view(&text), e);
}

static void note(struct inhand *h, struct json *hand)
{
    struct err e = {0};
    bool written = write_note(h, hand, &e);

    note_was(h, written, &e);
}

struct inhand *inhand_new(struct view *view, const struct options *o, const struct ports *ports,
                          struct err *e)
{
    BUF_CLEANUP struct buf old = BUF_INIT(INHAND_TEXT_MAX);

    if (!ports->process.ops->note_open(ports->process.port, o->worker.state, &old, e))
        return NULL;
    struct inhand *h = xcalloc(1, sizeof *h);
    h->view = view;
    h->ports = ports;
    h->folder = o->worker.state;
    read_note(h, buf_view(&old));
    h->next_ms = h->unreported_count ? 0 : INT64_MAX;
    if (write_note(h, NULL, e))
        return h;
    (void)err_wrap(e, "worker.state: %s", h->folder);
    inhand_free(h);
    return NULL;
}

void inhand_free(struct inhand *h)
{
    if (!h)
        return;
    while (h->unreported_count)
        unreported_drop(h);
    xfree(h);
}

bool inhand_record(struct inhand *h, int partition, int64_t offset)
{
    struct json *hand = json_object();

    json_add_int(hand, "partition", partition);
    json_add_int(hand, "offset", offset);
    note(h, hand);
    return !h->stuck;
}

void inhand_job(struct inhand *h, const struct work *w)
{
    struct dead d = {w->job.workload, w->job.epoch, w->job.job, (char *)w->token, w->job.step};

    note(h, json_encode(dead_fields, &d));
}

void inhand_clear(struct inhand *h)
{
    note(h, NULL);
}

bool inhand_stuck(const struct inhand *h)
{
    return h->stuck;
}

int inhand_deaths(const struct inhand *h, int partition, int64_t offset)
{
    for (size_t i = 0; i < h->suspect_count; i++)
        if (h->suspects[i].partition == partition && h->suspects[i].offset == offset)
            return (int)h->suspects[i].deaths;
    return 0;
}

void inhand_acquit(struct inhand *h, int partition, int64_t offset)
{
    for (size_t i = 0; i < h->suspect_count; i++) {
        if (h->suspects[i].partition != partition || h->suspects[i].offset != offset)
            continue;
        for (; i + 1 < h->suspect_count; i++)
            h->suspects[i] = h->suspects[i + 1];
        h->suspect_count--;
        note(h, NULL);
        return;
    }
}

static void on_killed(void *self, uint64_t id, const struct view_said *s)
{
    struct inhand *h = self;

    if (id != h->call)
        return;
    h->call = 0;
    if (s->err.kind != ERR_NONE && err_is_retriable(&s->err)) {
        h->next_ms = clock_now(&h->ports->clock).boot_ms + INHAND_AGAIN_MS;
        return;
    }
    log_info(h->ports->log, "inhand.reported", fs("job", h->unreported[0].job), fi("deaths", s->n));
    unreported_drop(h);
    h->next_ms = h->unreported_count ? 0 : INT64_MAX;
    note(h, NULL);
}

static int64_t report_deaths(struct inhand *h, int64_t now_ms)
{
    struct epoch ep;

    while (!h->call && h->unreported_count && h->next_ms <= now_ms) {
        const struct dead *d = &h->unreported[0];
        if (!epoch_parse(str_of(d->epoch), &ep)) {
            unreported_drop(h);
            continue;
        }
        struct view_job job = {ep, str_of(d->workload), d->step, str_of(d->job), str_of(d->token)};
        h->next_ms = INT64_MAX;
        h->call = view_killed(h->view, &job, on_killed, h);
    }
    return h->call ? INT64_MAX : h->next_ms;
}

int64_t inhand_turn(struct inhand *h, int64_t now_ms)
{
    int64_t next = report_deaths(h, now_ms);

    if (h->stuck && h->retry_ms <= now_ms)
        note(h, NULL);
    return h->stuck && h->retry_ms < next ? h->retry_ms : next;
}
