#pragma once
/*
 * wish - what the command line of ec2sched-sim asks for.
 *
 * Options are `--name VALUE` or `--name=VALUE`. Whatever makes no sense is refused in one line that names it.
 * Pure; texts are the command line's. Owner: main.
 */
#include "base/err.h"
#include "base/str.h"
#include "sim/daemon.h"

enum { WISH_SEEDS_MAX = 1000, WISH_FILE_MAX = 256 * 1024 };

struct wish {
    int64_t seed; /* -1: none, there is a file */
    int64_t count, minutes, until_s, partitions;
    bool trace, calm, plain, met, wanted, help;
    const char *seeds;          /* a file's path; NULL: none */
    char sick[DAEMON_NAME_MAX]; /* a process that falls ill; "": none */
    enum daemon_illness illness;
};

extern const char wish_usage[];
MUST_CHECK bool wish_read(struct wish *w, int argc, char **argv, struct err *e);

struct wish_seeds {
    int64_t at[WISH_SEEDS_MAX];
    bool plain[WISH_SEEDS_MAX];
    size_t n;
};
/* Lines `SEED WORDS` or `SEED --plain WORDS`, empty ones and `# words`; e names the line. */
MUST_CHECK bool wish_seeds_read(struct str text, struct wish_seeds *out, struct err *e);
