#pragma once
/*
 * sim_kafka_parts - what the files of sim_kafka share: cluster, logs, groups, clients, readers.
 */
#include "sim/sim_kafka.h"

enum {
    SIM_WIRE_US = 500,             /* one way at least */
    SIM_WIRE_MAX_US = 3000,        /* as a rule */
    SIM_ASK_MS = 10000,            /* a question without an answer ends */
    SIM_SESSION_MS = 10000,        /* session.timeout.ms */
    SIM_HEARTBEAT_MS = 2000,       /* heartbeat.interval.ms */
    SIM_COMMIT_MS = 1000,          /* auto.commit.interval.ms */
    SIM_REBALANCE_MS = 300 * 1000, /* max.poll.interval.ms: a member that hears and does not join */
    SIM_MEMBERS_MAX = 64,
};

struct sim_log {
    struct sim_kafka_record *at; /* at[i] has offset low_kept + i */
    int64_t low_kept;            /* of at[0] */
    size_t n, cap;
    int64_t low;           /* what readers may see from */
    int64_t down_until_us; /* no leader */
    int64_t queue_us;      /* the last of those that waited for one lands then */
};

struct sim_topic {
    char *name;
    struct sim_log *logs;
    int partitions;
    struct kafka_header config[16]; /* owned texts */
    size_t config_count;
    bool log_append_time;
    struct sim_topic *next;
};

struct sim_offset {
    char *topic;
    int partition;
    int64_t offset;
};

struct sim_reader;

struct sim_group {
    char *name, *topic;
    struct sim_member {
        struct sim_reader *r; /* its process may be gone */
        bool joined;          /* for the coming generation */
        uint64_t session;     /* ticket: it is left out then; 0: it is heard of */
    } members[SIM_MEMBERS_MAX];
    size_t n;
    bool rebalancing;
    uint64_t generation, deadline; /* deadline: ticket */
    struct sim_offset *offsets;
    size_t offset_count;
    struct sim_kafka *k;
    struct sim_group *next;
};

struct sim_kafka {
    struct scheduler *s;
    struct swarm *swarm; /* may be NULL */
    struct chance chance;
    struct sim_topic *topics;
    struct sim_group *groups;
    struct sim_kafka_client *clients;
    struct sim_kafka_record *lost; /* of lost tails: whoever holds one may still look at it */
    size_t lost_n;
    sim_kafka_heard *heard;
    void *listener;
    uint64_t last_id, round; /* round: of records without a key */
};

struct sim_append; /* sim_kafka_append.c */

struct sim_kafka_client {
    struct sim_kafka *k;
    uint64_t owner;
    const struct machine *machine;
    bool held;
    int64_t cut_until_us;
    bool up;
    char why[ERR_MSG_MAX];
    struct calls *calls;        /* may be NULL */
    struct sim_append *appends; /* without a completion yet */
    struct sim_reader *readers;
    int64_t sent_us[KAFKA_LANES];  /* when the last record of a lane arrives: the next comes behind it */
    int64_t acked_us[KAFKA_LANES]; /* the same of the acknowledgements */
    struct sim_kafka_client *next;
};

struct sim_position {
    int64_t next;           /* to be handed out */
    int64_t fetched;        /* records below it have come */
    int64_t stored;         /* -1: nothing */
    bool fetching, changed; /* changed: stored and not sent */
};

/* Messages to and from the coordinator hold on to it (refs): it lives as long as anybody may speak of it. */
struct sim_reader {
    kafka_reader id;
    int refs;
    struct sim_kafka_client *c; /* NULL: closed, or its process is gone */
    struct sim_kafka *k;
    char *topic;
    bool paused, unread;
    size_t turn;             /* which position is looked at first */
    struct sim_position *at; /* by partition; of an assigned reader: [0] */
    size_t at_n;
    /* of one partition */
    int partition; /* -1: a group's */
    bool out_of_range, told_so;
    /* of a group */
    struct sim_group *g;
    bool told;     /* to rejoin: it revokes at its next read */
    bool left_out; /* its session ended; it hears of it when it goes on */
    bool given;    /* an assignment to be taken at the next read */
    bool joined;
    int32_t coming[512], has[512];
    size_t coming_n, has_n;
    uint64_t generation;           /* as it counts them itself */
    uint64_t joins;                /* how often it has asked for an assignment */
    uint64_t member_of, coming_of; /* the coordinator's generation that its assignment is of */
    bool committing;
    struct sim_reader *next;
};

bool sim_kafka_strikes(struct sim_kafka *k, enum fault f);
int64_t sim_kafka_wire(struct sim_kafka *k);                /* microseconds one way */
int64_t sim_kafka_cut_us(const struct sim_kafka_client *c); /* how long it is still cut off */
int64_t sim_kafka_between(struct sim_kafka *k, int64_t low, int64_t high);

struct sim_topic *sim_topic_find(const struct sim_kafka *k, const char *name);
struct sim_topic *sim_topic_new(struct sim_kafka *k, const char *name, int partitions);
void sim_topic_set(struct sim_topic *t, struct str name, struct str value);
struct sim_log *sim_log_find(const struct sim_kafka *k, const char *topic, int partition); /* NULL: none */
int64_t sim_log_end(const struct sim_log *l);
const struct sim_kafka_record *sim_log_at(const struct sim_log *l, int64_t offset); /* NULL: not there */
/* Takes the record's memory over; its readers are told. */
int64_t sim_log_add(struct sim_kafka *k, struct sim_topic *t, int partition, struct sim_kafka_record *r);
void sim_record_release(struct sim_kafka_record *r);
void sim_topics_free(struct sim_kafka *k);

uint64_t sim_append(struct sim_kafka_client *c, const struct kafka_append *a, kafka_append_done *done,
                    void *self);
size_t sim_appends_open(const struct sim_kafka_client *c);
void sim_appends_free(struct sim_kafka_client *c);

/* A record has come: whoever reads there hears of it. */
void sim_readers_tell(struct sim_kafka *k, const char *topic, int partition);
struct sim_reader *sim_reader_new(struct sim_kafka_client *c, const char *topic, int partition);
void sim_reader_fetch(struct sim_reader *r, size_t at);
bool sim_reader_owns(const struct sim_reader *r, int partition);
void sim_reader_let_go(struct sim_reader *r); /* one reference less */
enum kafka_read sim_reader_read(struct sim_reader *r, struct kafka_record *out, struct err *e);
void sim_reader_close(struct sim_reader *r, bool politely); /* not politely: its process died */

struct sim_group *sim_group_of(struct sim_kafka *k, const char *name);
void sim_group_join(struct sim_reader *r, const char *group);
void sim_group_heed(struct sim_reader *r);   /* at each read: revokes, takes what it was given */
void sim_group_leave(struct sim_reader *r);  /* as a close: commits, and says so */
void sim_group_vanish(struct sim_reader *r); /* its process is gone: the session ends by itself */
void sim_group_hold(struct sim_reader *r, bool held);
void sim_group_stored(struct sim_reader *r);
void sim_group_begin(struct sim_group *g); /* a rebalance */
int64_t *sim_group_offset(struct sim_group *g, const char *topic, int partition, bool make);
void sim_groups_free(struct sim_kafka *k);

uint64_t sim_ask_watermarks(struct sim_kafka_client *c, const char *topic, const int *partitions, size_t n,
                            kafka_watermarks_done *done, void *self);
uint64_t sim_ask_since(struct sim_kafka_client *c, const char *topic, const int *partitions, size_t n,
                       int64_t since_ms, kafka_offsets_done *done, void *self);
uint64_t sim_ask_committed(struct sim_kafka_client *c, const char *group, const char *topic, int partitions,
                           kafka_committed_done *done, void *self);
uint64_t sim_ask_commit(struct sim_kafka_client *c, const char *group, const char *topic, int partition,
                        int64_t offset, kafka_done *done, void *self);
uint64_t sim_ask_create(struct sim_kafka_client *c, const struct kafka_topic *topics, size_t n,
                        kafka_topics_done *done, void *self);
uint64_t sim_ask_describe(struct sim_kafka_client *c, const char *const *names, size_t n,
                          kafka_topics_done *done, void *self);
