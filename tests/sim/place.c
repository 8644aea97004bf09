#include "sim/place.h"

#include "base/crypto.h"
#include "view/scripts.h"

#include <stdio.h>
#include <string.h>

#define ALL    (1U << PLACE_DEATH | 1U << PLACE_STOP | 1U << PLACE_LOSS | 1U << PLACE_DELAY)
#define UNSENT (1U << PLACE_UNSENT)
#define AFTER  (1U << PLACE_AFTER)
#define BOTH   (ALL | UNSENT)

const char *const place_act_names[PLACE_ACTS] = {
    [PLACE_UNSENT] = "unsent", [PLACE_DEATH] = "death", [PLACE_STOP] = "stop",
    [PLACE_LOSS] = "loss",     [PLACE_DELAY] = "delay", [PLACE_AFTER] = "after",
};

const struct place_row place_rows[] = {
    {"C1", "append RunRequested", UNSENT},
    {"C2", "append RunRequested", ALL},
    {"C2b", "append RunAccepted", BOTH},
    {"C2b", "append RunRefused", BOTH},
    {"C3", "redis fold", UNSENT},
    {"C4", "redis fold", ALL},
    {"C5", "redis take", ALL},
    {"C5", "append job", UNSENT},
    {"C6", "append job", ALL | AFTER},
    {"C6", "redis sent", BOTH},
    {"C7", "append TierPlanned", UNSENT},
    {"C8", "append TierPlanned", ALL},
    {"C9", "redis drained", BOTH},
    {"C9", "append Drained", BOTH},
    {"C12", "redis claim", UNSENT},
    {"C13", "redis claim", ALL | AFTER},
    {"C14", "aws StartInstances", UNSENT},
    {"C14", "aws StopInstances", UNSENT},
    {"C15", "aws StartInstances", ALL | AFTER},
    {"C15", "aws StopInstances", ALL | AFTER},
    {"C16", "append JobTerminal", BOTH},
    {"C17", "append JobTerminal", AFTER},
    {"C18", "redis renew", ALL},
    {"C21", "append ViewOpened", BOTH},
    {"C30b", "append snapshot", BOTH},
    {"C32", "append letter", BOTH | AFTER},
    {"C35", "append RunFinished", BOTH},
    {0},
};

static void aim_at(struct places *p, struct place_aim *a, const char *place, unsigned acts)
{
    struct str about;
    struct str seam;

    (void)str_cut(str_of(place), ' ', &seam, &about);
    a->place = places_find(p, seam, about);
    do
        a->act = (enum place_act)chance_between(&p->chance, 0, PLACE_ACTS - 1);
    while (!(acts >> a->act & 1));
    a->left = (int)chance_between(&p->chance, 1, 3);
}

void places_init(struct places *p, uint64_t seed, bool aimed)
{
    int rows = 0;

    *p = (struct places){.chance = {seed}};
    for (size_t i = 0; view_scripts[i].name; i++) {
        BUG_IF(i == PLACE_SCRIPTS_MAX);
        crypto_sha1_hex(str_of(view_scripts[i].text), p->sha[i]);
    }
    while (place_rows[rows].row)
        rows++;
    int64_t wanted = aimed ? chance_between(&p->chance, PLACE_AIMS_MIN, PLACE_AIMS) : 0;
    for (int i = 0; i < wanted; i++) {
        const struct place_row *r = &place_rows[chance_between(&p->chance, 0, rows - 1)];
        aim_at(p, &p->aims[p->aim_count++], r->place, r->acts);
    }
}

enum { FAVOURED = 4 };

void places_favour(struct places *p, const char *place, bool after)
{
    for (int i = 0; i < FAVOURED && i < p->aim_count; i++)
        aim_at(p, &p->aims[i], place, after ? BOTH | AFTER : BOTH);
}

int places_find(struct places *p, struct str seam, struct str about)
{
    char name[PLACE_NAME_MAX];

    (void)snprintf(name, sizeof name, STR_FMT " " STR_FMT, STR_ARG(seam), STR_ARG(about));
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->names[i], name) == 0)
            return i;
    BUG_IF(p->n == PLACES_MAX);
    memcpy(p->names[p->n], name, sizeof name);
    return p->n++;
}

void places_met(struct places *p, int place, enum place_act act)
{
    if (p && place >= 0)
        p->met[place][act]++;
}

enum { ONE_OF = 3 /* times that the place is come by */ };

bool places_aim(struct places *p, int place, enum place_act act)
{
    for (int i = 0; !p->quiet && i < p->aim_count; i++) {
        struct place_aim *a = &p->aims[i];
        if (a->place != place || a->act != act || a->left == 0 || chance_between(&p->chance, 1, ONE_OF) > 1)
            continue;
        a->left--;
        return true;
    }
    return false;
}

int64_t places_count(const struct places *p, const char *place, enum place_act act)
{
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->names[i], place) == 0)
            return p->met[i][act];
    return 0;
}

/* ---- what a call is about ---- */

/* The word behind `before`, up to `until`. */
static struct str word_behind(struct str text, struct str before, char until)
{
    struct str rest;
    struct str word;
    size_t at = 0;

    if (!str_find(text, before, &at))
        return STR("");
    rest = str_skip(text, at + before.n);
    return str_cut(rest, until, &word, &rest) ? word : rest;
}

static bool is_topic(const char *topic, struct str kind)
{
    size_t at = 0;

    return str_find(str_of(topic), kind, &at);
}

int calls_append(struct calls *c, const char *topic, struct str value)
{
    struct str about = STR("snapshot");

    if (!c)
        return PLACE_NONE;
    if (is_topic(topic, STR(".jobs.")))
        about = STR("job");
    else if (is_topic(topic, STR(".dlq.")))
        about = STR("letter");
    else if (!is_topic(topic, STR(".snap.")))
        about = word_behind(value, STR("\"type\":\""), '"');
    return places_find(c->places, STR("append"), about);
}

static const char *script_of(const struct places *p, struct str word, bool text)
{
    for (size_t i = 0; view_scripts[i].name; i++)
        if (str_is(word, text ? view_scripts[i].text : p->sha[i]))
            return view_scripts[i].name;
    return NULL;
}

int calls_command(struct calls *c, const struct str *args, size_t n)
{
    const char *script = NULL;

    if (!c)
        return PLACE_NONE;
    if (n > 1 && (str_is(args[0], "EVALSHA") || str_is(args[0], "EVAL")))
        script = script_of(c->places, args[1], str_is(args[0], "EVAL"));
    return places_find(c->places, STR("redis"), script ? str_of(script) : args[0]);
}

int calls_request(struct calls *c, struct str target, struct str body)
{
    struct str action;
    struct str service;

    if (!c)
        return PLACE_NONE;
    if (!str_cut(target, '.', &service, &action))
        action = word_behind(body, STR("Action="), '&');
    return places_find(c->places, STR("aws"), action.n ? action : STR("other"));
}

/* ---- a call ---- */

enum { WITHIN_US = 30000 /* both ways and the time at the other side, of all seams */, SOON_US = 500 };

bool calls_begin(struct calls *c, int place)
{
    if (!c || place < 0)
        return true;
    c->open[place]++;
    if (places_aim(c->places, place, PLACE_UNSENT)) {
        places_met(c->places, place, PLACE_UNSENT);
        c->befall(c->self, PLACE_UNSENT, 0);
        return false;
    }
    static const enum place_act aimed[] = {PLACE_DEATH, PLACE_STOP};
    for (size_t i = 0; i < sizeof aimed / sizeof *aimed; i++)
        if (places_aim(c->places, place, aimed[i]))
            c->befall(c->self, aimed[i], chance_between(&c->places->chance, 0, WITHIN_US));
    return true;
}

void calls_gone(struct calls *c, int place)
{
    if (c && place >= 0)
        c->open[place]--;
}

void calls_heard(struct calls *c, int place)
{
    if (!c || place < 0)
        return;
    calls_gone(c, place);
    if (!places_aim(c->places, place, PLACE_AFTER))
        return;
    places_met(c->places, place, PLACE_AFTER);
    c->befall(c->self, PLACE_AFTER, chance_between(&c->places->chance, 0, SOON_US));
}

void calls_answered(struct calls *c, int place, const struct redis_value *value)
{
    if (c && place >= 0)
        c->answered(c->self, c->places->names[place], value);
}

void calls_befallen(struct calls *c, enum place_act act)
{
    for (int i = 0; i < PLACES_MAX; i++)
        if (c->open[i] > 0)
            places_met(c->places, i, act);
}
