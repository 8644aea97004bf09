#pragma once
/*
 * bench_job - a job on a workbench: members, a small EC2 and small guests for tests of core/job_step, in
 * virtual time.
 *
 * bench_run() plays the worker: it carries out every command, polls who is watched each BENCH_POLL_MS,
 * answers questions and calls as the instances say, and stops at the command that ends the job. What was
 * asked and called is counted, and checked: a call for a member that is not proven, held or not ours fails
 * the test that runs.
 */
#include "core/job_step.h"

enum { BENCH_POLL_MS = 5000, BENCH_CALL_MS = 300, BENCH_TURN_MS = 500, BENCH_WALL_MS = 1000 * 1000 * 1000 };

struct bench_instance {
    char id[24];
    enum sight state;
    int64_t settles_ms; /* when it leaves pending or stopping for `then` */
    enum sight then;
    int64_t launch_wall_ms, transition_wall_ms;
    const char *filter_value, *tier; /* NULL: no such tag */
    enum override_answer guest;
    bool offline, status_ok, asg, instance_store, spot;
    const char *refusal;  /* code of every call that has it; NULL: accepted */
    bool refusal_unnamed; /* the message does not say who */
    bool slow;            /* stays on its way */
    bool falls_back;      /* a start ends as stopped */
    int asked, called;
    int64_t asked_ms, called_ms; /* the last time */
};

struct bench {
    struct job job;
    struct bench_instance *at;
    size_t n;
    struct job_step *step;
    int64_t now_ms, attempt, poll_ms;
    int64_t move_ms;  /* how long an instance is on its way */
    int64_t lease_ms; /* renewed by so much before each step; 0: the test does it */
    int calls, questions, most_at_once;
    struct err fail_with; /* kind not NONE: calls fail so */
    bool unanswered, waits;
    int64_t retry_after_ms;
    int64_t chance; /* of each call's backoff */
    struct job_next last;
};

/* n members that are `state`, ours, online and without an override file; the job's lease is long. */
void bench_init(struct bench *b, enum action action, size_t n, enum sight state);
void bench_override(struct bench *b); /* the tier asks for a file (Linux) */
void bench_begin(struct bench *b);    /* after the options are set */
void bench_release(struct bench *b);

/* Until a command ends the job, or `until_ms` is reached: then JOB_NOTHING. */
enum job_command bench_run(struct bench *b, int64_t until_ms);
void bench_poll(struct bench *b); /* every watched member is seen now */

struct counts bench_counts(const struct bench *b);
const struct member_life *bench_member(const struct bench *b, size_t i);
