#pragma once
/*
 * ports - the five seams, handed to a daemon or a command as one. Nothing else touches the world.
 *
 * A daemon is a library over them: x_new(options, ports, err), then x_turn(x, now_ms) whenever something
 * completed or the moment that the last turn returned has come. Completions run between turns, on the same
 * thread, and only record.
 */
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/kafka.h"
#include "ports/process.h"
#include "ports/redis.h"
#include "ports/rng.h"

struct log;

struct ports {
    struct clock clock;
    struct rng rng;
    struct http http;
    struct redis redis;
    struct kafka kafka;
    struct process process;
    const struct log *log;
};

/* What x_turn returns: the boot-clock moment at which to call again, or that there is nothing left to do. */
#define TURN_DONE INT64_MIN
