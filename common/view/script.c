#include "view/script.h"

#include "base/crypto.h"
#include "base/hash.h"
#include "base/mem.h"
#include "view/scripts.h"

#include <stdio.h>
#include <string.h>

enum { SCRIPT_HEAD = 4 /* EVALSHA sha 1 key */, SCRIPTS_MAX = 32, SHA_HEX = 2 * CRYPTO_SHA1_BYTES + 1 };

struct pending {
    uint64_t port_id, id;
    int script; /* index into view_scripts; -1: a plain command */
    bool again; /* sent as EVAL already */
    char inc[REDIS_RUN_ID_MAX];
    struct words words;
    script_done *done;
    void *self;
    UT_hash_handle hh;
};

struct scripts {
    const struct redis *redis;
    struct pending *pending;
    uint64_t last_id;
    char sha[SCRIPTS_MAX][SHA_HEX];
    uint64_t loaded[SCRIPTS_MAX]; /* connection on which it was loaded */
};

struct scripts *scripts_new(const struct redis *redis)
{
    struct scripts *s = xcalloc(1, sizeof *s);

    s->redis = redis;
    for (size_t i = 0; view_scripts[i].name; i++) {
        BUG_IF(i >= SCRIPTS_MAX);
        crypto_sha1_hex(str_of(view_scripts[i].text), s->sha[i]);
    }
    return s;
}

static void pending_free(struct pending *p)
{
    words_release(&p->words);
    xfree(p);
}

void scripts_free(struct scripts *s)
{
    struct pending *p = NULL;
    struct pending *tmp = NULL;

    if (!s)
        return;
    HASH_ITER(hh, s->pending, p, tmp)
    {
        HASH_DEL(s->pending, p);
        pending_free(p);
    }
    xfree(s);
}

void scripts_inc(const struct scripts *s, char out[REDIS_RUN_ID_MAX])
{
    struct redis_state state = {0};

    redis_state(s->redis, &state);
    (void)snprintf(out, REDIS_RUN_ID_MAX, "%s", state.connected && state.run_id[0] ? state.run_id : "-");
}

static void on_reply(void *self, uint64_t id, const struct redis_reply *reply);

static void send_pending(struct scripts *s, struct pending *p)
{
    p->port_id = redis_send(s->redis, p->words.at, p->words.n, on_reply, s);
    HASH_ADD(hh, s->pending, port_id, sizeof p->port_id, p);
}

static bool is_noscript(const struct redis_reply *r)
{
    return r->err.kind == ERR_NONE && r->value.type == REDIS_ERROR && str_starts(r->value.s, STR("NOSCRIPT"));
}

static void on_reply(void *self, uint64_t id, const struct redis_reply *reply)
{
    struct scripts *s = self;
    struct pending *p = NULL;

    HASH_FIND(hh, s->pending, &id, sizeof id, p);
    if (!p)
        return; /* the loading of a script: its answer changes nothing */
    HASH_DEL(s->pending, p);
    if (p->script >= 0 && !p->again && is_noscript(reply)) {
        p->again = true;
        words_set(&p->words, 0, STR("EVAL"));
        words_set(&p->words, 1, str_of(view_scripts[p->script].text));
        send_pending(s, p);
        return;
    }
    p->done(p->self, p->id, reply, p->inc);
    pending_free(p);
}

static void load_once(struct scripts *s, int i)
{
    struct redis_state state = {0};

    redis_state(s->redis, &state);
    if (!state.connected || s->loaded[i] == state.generation)
        return;
    s->loaded[i] = state.generation;
    const struct str load[] = {STR("SCRIPT"), STR("LOAD"), str_of(view_scripts[i].text)};
    (void)redis_send(s->redis, load, sizeof load / sizeof *load, on_reply, s);
}

static struct pending *pending_new(struct scripts *s, int script, script_done *done, void *self)
{
    struct pending *p = xcalloc(1, sizeof *p);

    p->id = ++s->last_id;
    p->script = script;
    p->done = done;
    p->self = self;
    scripts_inc(s, p->inc);
    return p;
}

uint64_t scripts_run(struct scripts *s, const char *name, const char *key, struct words *words,
                     script_done *done, void *self)
{
    int i = 0;

    while (view_scripts[i].name && strcmp(view_scripts[i].name, name) != 0)
        i++;
    BUG_IF(!view_scripts[i].name);
    load_once(s, i);
    struct pending *p = pending_new(s, i, done, self);
    words_adds(&p->words, "EVALSHA");
    words_adds(&p->words, s->sha[i]);
    words_adds(&p->words, "1");
    words_adds(&p->words, key);
    p->words.at = xrealloc(p->words.at, (SCRIPT_HEAD + words->n) * sizeof *p->words.at);
    if (words->n)
        memcpy(p->words.at + SCRIPT_HEAD, words->at, words->n * sizeof *words->at);
    p->words.n = p->words.cap = SCRIPT_HEAD + words->n;
    xfree(words->at);
    *words = (struct words){0};
    send_pending(s, p);
    return p->id;
}

uint64_t scripts_plain(struct scripts *s, struct words *words, script_done *done, void *self)
{
    struct pending *p = pending_new(s, -1, done, self);

    p->words = *words;
    *words = (struct words){0};
    send_pending(s, p);
    return p->id;
}
