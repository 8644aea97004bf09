#pragma once
/*
 * redis_address - what a redis.url says: redis://[user[:password]@]host[:port][/db], rediss:// (TLS),
 * unix:///path[?db=N]. Internal to real/. No message of an error repeats the URL: it may hold a password.
 */
#include "base/err.h"

struct redis_address {         /* zeroed it is valid and empty */
    char *base;                /* what curl connects to: http://host:port or https://host:port */
    char *socket;              /* path of a UNIX socket; NULL: TCP */
    char *username, *password; /* NULL: none */
    char *shown;               /* for messages: without user and password */
    int db;
};

MUST_CHECK bool redis_address_parse(struct redis_address *a, const char *url, struct err *e);
void redis_address_release(struct redis_address *a);
