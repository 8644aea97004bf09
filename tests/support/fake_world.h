#pragma once
/*
 * fake_world - the ports that AWS's code sees, under a test's hand: two clocks, an environment, files, and an
 * HTTP port that keeps what was asked until the test answers it.
 *
 * Chance is a counter, so that a test that fails does so again. Owner: the test; fake_world_release() at its
 * end.
 */
#include "base/log.h"
#include "ports/ports.h"

enum { FAKE_ASKED_MAX = 600, FAKE_PAIRS_MAX = 32 };

struct fake_asked {
    uint64_t id; /* 0: answered or cancelled */
    http_done *done;
    void *self;
    char *method, *url, *headers, *body; /* headers: "name: value\n" lines, as given */
    int64_t timeout_ms;
    bool direct, once, cancelled;
};

struct fake_world {
    struct ports ports;
    struct instant now;
    struct fake_asked asked[FAKE_ASKED_MAX];
    size_t asked_count;
    struct {
        const char *name, *value;
    } env[FAKE_PAIRS_MAX], files[FAKE_PAIRS_MAX];
    size_t env_count, file_count;
    uint64_t chance;
    size_t warnings; /* lines that were logged */
    struct log log;
};

void fake_world_init(struct fake_world *f); /* not copied after this */
void fake_world_release(struct fake_world *f);
void fake_env(struct fake_world *f, const char *name, const char *value); /* constants; the last one counts */
void fake_file(struct fake_world *f, const char *path, const char *text);
void fake_pass(struct fake_world *f, int64_t ms); /* on both clocks */

/* The last request; the number still unanswered. */
struct fake_asked *fake_last(struct fake_world *f);
size_t fake_open(const struct fake_world *f);
/* The value of a request's header, "" when it is not there; valid until the next call. */
const char *fake_header(const struct fake_asked *a, const char *name);

/* Answers the last request, with the Date that AWS's clock shows when it is `ahead_ms` ahead of ours. */
struct fake_answer {
    int status;
    const char *body;
    int64_t ahead_ms;
    const char *name, *value; /* one more header; NULL: none */
    const char *date;         /* instead; "": none */
};
void fake_answer(struct fake_world *f, const struct fake_answer *a);
void fake_answer_to(struct fake_world *f, struct fake_asked *q, const struct fake_answer *a);
void fake_reply(struct fake_world *f, int status, const char *body);
/* No answer comes. */
void fake_break(struct fake_world *f, bool sent);
