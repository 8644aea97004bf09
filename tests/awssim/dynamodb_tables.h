#pragma once
/*
 * dynamodb_tables - the calls about tables themselves, and what all of DynamoDB's calls need of one.
 */
#include "awssim/call.h"
#include "awssim/sim.h"

bool request_invalid(struct call *c, const char *what); /* ValidationException; false */
/* The table that the input names; NULL: there is none, and the call has failed. */
struct table *request_table(struct awssim *sim, struct call *c, const struct json *input);

bool serve_describe_table(struct awssim *sim, struct call *c);
bool serve_list_tables(struct awssim *sim, struct call *c);
bool serve_create_table(struct awssim *sim, struct call *c);
