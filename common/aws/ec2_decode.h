#pragma once
/*
 * ec2_decode - EC2's XML as the reply structs of aws/ec2.h: for its operations' rows, the fuzzer and the
 * tests.
 *
 * Each adds one page, or fails with ERR_INVALID and adds nothing. An instance without an id or a state code
 * is no answer: the whole reply is refused, for nobody should act on half of one. Pure.
 */
#include "aws/ec2.h"

/* Adds one reservation's to the page that is being read. */
bool ec2_decode_reservation(void *reply, const struct xml *x, struct err *e);
/* Ends the page: adds what reservations are left in the body, and sorts. */
bool ec2_decode_instances(const struct aws_body *b, void *reply,
                          struct err *e); /* struct ec2_instances; keeps it sorted by id */
bool ec2_decode_changes(const struct aws_body *b, void *reply, struct err *e);
bool ec2_decode_statuses(const struct aws_body *b, void *reply, struct err *e);
bool ec2_decode_spot_requests(const struct aws_body *b, void *reply, struct err *e);
bool ec2_decode_return(const struct aws_body *b, void *reply,
                       struct err *e); /* <return>true</return> and nothing else */

/* The typed releases, for a row. */
void ec2_free_instances(void *reply);
void ec2_free_changes(void *reply);
void ec2_free_statuses(void *reply);
void ec2_free_spot_requests(void *reply);
