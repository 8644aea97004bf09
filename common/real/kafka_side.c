#include "real/kafka_side.h"

#include "base/mem.h"
#include "real/clock.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

struct kafka_side {
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t some;
    struct side_job *waiting, *finished;
    size_t waiting_count, count;
    bool stop;
};

/* Before their client ends, so not left to whoever takes the answer. */
static void give_back_topics(struct side_job *j)
{
    for (size_t i = 0; i < j->topic_count; i++) {
        if (j->topics[i])
            rd_kafka_topic_destroy(j->topics[i]);
        j->topics[i] = NULL;
    }
}

static void ask_metadata(struct side_job *j)
{
    size_t n = j->topic_count ? j->topic_count : 1;

    for (size_t i = 0; i < n && !j->code; i++)
        j->code = rd_kafka_metadata(j->rk, 0, j->topic_count ? j->topics[i] : NULL, &j->metadata[i],
                                    SIDE_ANSWER_MS);
    give_back_topics(j);
}

static void ask_offsets(struct side_job *j)
{
    j->code = rd_kafka_offsets_for_times(j->rk, j->low, SIDE_ANSWER_MS);
    j->asked_boot_ms = clock_boot_ms();
    if (!j->code && j->high)
        j->code = rd_kafka_offsets_for_times(j->rk, j->high, SIDE_ANSWER_MS);
}

static void work(struct side_job *j)
{
    switch (j->kind) {
    case SIDE_METADATA:
        ask_metadata(j);
        break;
    case SIDE_OFFSETS:
        ask_offsets(j);
        break;
    case SIDE_COMMITTED:
        j->code = rd_kafka_committed(j->rk, j->low, SIDE_ANSWER_MS);
        break;
    case SIDE_END: /* groups were left before: no call back into our code from here */
        rd_kafka_destroy_flags(j->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        break;
    }
}

/* Nobody will read the answer any more. */
static bool is_moot(const struct kafka_side *s, const struct side_job *j)
{
    return s->stop && j->kind != SIDE_END;
}

/* The next job, waiting for one; NULL: stop. */
static struct side_job *next_job(struct kafka_side *s)
{
    struct side_job *j = NULL;

    (void)pthread_mutex_lock(&s->lock);
    while (!s->waiting && !s->stop)
        (void)pthread_cond_wait(&s->some, &s->lock);
    while (s->waiting && is_moot(s, s->waiting)) {
        j = s->waiting;
        DL_DELETE(s->waiting, j);
        give_back_topics(j); /* before its client ends */
        DL_APPEND(s->finished, j);
        j = NULL;
    }
    if (s->waiting) {
        j = s->waiting;
        DL_DELETE(s->waiting, j);
        s->waiting_count--;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return j;
}

static void *run(void *self)
{
    struct kafka_side *s = self;
    struct side_job *j;

    while ((j = next_job(s))) {
        uint64_t one = 1;
        work(j);
        (void)pthread_mutex_lock(&s->lock);
        DL_APPEND(s->finished, j);
        (void)pthread_mutex_unlock(&s->lock);
        (void)!write(s->wake_fd, &one, sizeof one); /* full means that the loop is woken already */
    }
    return NULL;
}

struct kafka_side *kafka_side_new(int wake_fd)
{
    struct kafka_side *s = xcalloc(1, sizeof *s);

    s->wake_fd = wake_fd;
    BUG_IF(pthread_mutex_init(&s->lock, NULL) || pthread_cond_init(&s->some, NULL));
    BUG_IF(pthread_create(&s->thread, NULL, run, s)); /* no thread, no memory: like xmalloc */
    return s;
}

bool kafka_side_add(struct kafka_side *s, struct side_job *job)
{
    (void)pthread_mutex_lock(&s->lock);
    bool room = s->waiting_count < SIDE_WAITING_MAX || job->kind == SIDE_END;
    if (room) {
        DL_APPEND(s->waiting, job);
        s->waiting_count++;
        s->count++;
        (void)pthread_cond_signal(&s->some);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return room;
}

struct side_job *kafka_side_take(struct kafka_side *s)
{
    (void)pthread_mutex_lock(&s->lock);
    struct side_job *j = s->finished;
    if (j) {
        DL_DELETE(s->finished, j);
        s->count--;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return j;
}

size_t kafka_side_count(struct kafka_side *s)
{
    (void)pthread_mutex_lock(&s->lock);
    size_t n = s->count;
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

void side_job_free(struct side_job *job)
{
    give_back_topics(job);
    for (size_t i = 0; i < SIDE_TOPICS_MAX; i++)
        if (job->metadata[i])
            rd_kafka_metadata_destroy(job->metadata[i]);
    if (job->low)
        rd_kafka_topic_partition_list_destroy(job->low);
    if (job->high)
        rd_kafka_topic_partition_list_destroy(job->high);
    xfree(job);
}

bool kafka_side_stop(struct kafka_side *s, int64_t deadline_ms)
{
    struct timespec until;
    struct side_job *j;

    (void)pthread_mutex_lock(&s->lock);
    s->stop = true; /* what waits to be ended is ended first */
    (void)pthread_cond_signal(&s->some);
    (void)pthread_mutex_unlock(&s->lock);
    int64_t left = deadline_ms - clock_boot_ms();
    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &until) != 0);
    int64_t at_ns = until.tv_nsec + (left > 0 ? left : 0) * 1000000;
    until.tv_sec += (time_t)(at_ns / 1000000000);
    until.tv_nsec = (long)(at_ns % 1000000000);
    if (pthread_clockjoin_np(s->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
        return false;
    while ((j = kafka_side_take(s)))
        side_job_free(j);
    (void)pthread_cond_destroy(&s->some);
    (void)pthread_mutex_destroy(&s->lock);
    xfree(s);
    return true;
}
