#pragma once
/*
 * guest - what a guest's shell would print for our override question, without ever running received text.
 *
 * It understands one script a system, those of core/override.h: a path (sh: p='…' with '\'' for a quote;
 * PowerShell: base64 of UTF-8), existence tests of that path and of its folder, and one line of mark, nonce
 * and answer. Anything else is not understood, and the command fails as an unknown command would: nothing is
 * guessed. tests/e2e/test_awssim.py runs the same scripts with /bin/sh on real files and compares.
 */
#include "awssim/agent.h"

struct guest_result { /* zeroed is valid */
    int exit_code;
    char found[16]; /* PRESENT, ABSENT, NOPARENT; empty: not understood */
    struct buf out; /* stdout */
    struct buf err;
};

enum { GUEST_OUT_MAX = 64 * 1024 };

void guest_run(const struct agent *a, struct str script, struct guest_result *r);
void guest_result_release(struct guest_result *r);
/* The path that a script asks for; false: not one of our scripts. */
bool guest_path(enum agent_os os, struct str script, struct buf *path);
