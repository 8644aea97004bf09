#pragma once
/*
 * fake_leader - the ports that a producer sees, under a test's hand: a log in memory that acknowledges at
 * once, a Redis whose scripts say what the test has told them to, a clock that stands until it is moved.
 *
 * A script's answer is written as text: (a;b;#5;(c;d)) is a list, #5 a number, everything else a string; !ERR
 * … an error; nil. What was asked is counted by the script's name ("fold", "take"; plain commands by their
 * own: "HMGET", "GET"; the schedules' "MARKS" are an HGETALL, "TICKS" an HMGET). Completions are delivered by
 * fake_leader_run, between turns, in the order of the questions.
 */
#include "base/log.h"
#include "ports/ports.h"
#include "producer/producer.h"

enum { FL_RECORDS = 64, FL_RULES = 64, FL_PARTITIONS = 1, FL_JOBS = 4 };

struct fl_record {
    char *key, *value, *topic;
    int partition;
};
struct fl_rule {
    const char *script;
    const char *answer; /* see above */
    int times;          /* how often it still holds; -1: always */
};
struct fl_event; /* a completion on its way */

struct fake_leader {
    struct options options;
    struct ports ports;
    struct log log;
    struct instant now;
    uint64_t chance, last_id;
    struct fl_record records[FL_RECORDS]; /* of all topics, in the order of their appending */
    size_t count;
    int log_partitions; /* as the brokers tell; 0: FL_PARTITIONS */
    int64_t low, extra; /* of the log: its lowest offset; records before ours */
    int64_t read_from;  /* the next offset that the reader hands out */
    bool reading;
    bool slow_fold;                     /* the view does not answer a fold */
    bool slow_acks;                     /* the brokers do not answer an append, until this is over */
    int64_t committed, committed_start; /* what groups have committed: of the workers, of the replay start */
    struct fl_rule rules[FL_RULES];     /* the last that fits answers */
    size_t rule_count;
    char run_id[REDIS_RUN_ID_MAX];
    const char *rows; /* the one file of the folder that specifications come from; NULL: there is no folder */
    size_t rows_read; /* how often it was read */
    char asked[1024][16]; /* names, in order */
    size_t asked_count;
    char last_words[1024][512]; /* the words of each, joined by ~ */
    struct fl_event *events;
    struct producer *producer;
};

void fake_leader_init(struct fake_leader *f); /* not copied after this */
void fake_leader_release(struct fake_leader *f);
void fl_say(struct fake_leader *f, const char *script, const char *answer); /* always, from now on */
void fl_say_once(struct fake_leader *f, const char *script, const char *answer,
                 int times); /* the first so many times */
void fl_log(struct fake_leader *f, const char *key,
            const char *value);                 /* a record that is in the log already */
void fl_run(struct fake_leader *f, int64_t ms); /* turns and completions for so long */
size_t fl_asked(const struct fake_leader *f, const char *script);
const char *fl_words(const struct fake_leader *f,
                     const char *script); /* of the last call of it; "" when there was none */
/* Records of this type that the producer has appended; *last: the last one's value. */
size_t fl_appended(const struct fake_leader *f, const char *type, const char **last);
/* Status and text of an admin page. */
int fl_page(struct fake_leader *f, const char *path, struct buf *text);
