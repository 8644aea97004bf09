#pragma once
/*
 * identity - the access keys that there are: those of the scenario and those of sessions, with what each
 * needs to be checked.
 *
 * The other half of auth (auth.h): auth.c judges requests, identity.c keeps the keys.
 */
#include "awssim/auth.h"
#include "awssim/signature.h"

struct identity {
    struct principal principal;
    char *access_key, *secret_key, *token; /* token NULL: a long-term key */
    int64_t expires_wall_ms;               /* 0: never */
};

struct identity *identities_find(const struct auth *a, struct str access_key); /* NULL: no such key */
int64_t identities_window_s(const struct auth *a);
/* The key derived for the signature's scope; kept, because one client signs with the same all day. */
const unsigned char *identity_signing_key(struct identity *who, const struct signature *s);
