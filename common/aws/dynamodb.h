#pragma once
/*
 * dynamodb - the tables that specifications live in.
 *
 * Values stay as they are on the wire, typed: {"S": "x"}, {"N": "1"}, {"BOOL": true}, {"M": {…}}, {"L": […]}.
 * Numbers are texts and remain so. All reads are strongly consistent. A reply whose x-amz-crc32 does not fit
 * its body is asked for again. Source: Amazon DynamoDB API reference, 2012-08-10.
 */
#include "aws/call.h"
#include "codec/json.h"

enum {
    DYNAMODB_ITEMS_MAX = 100000,
    DYNAMODB_BATCH_MAX = 100,
    DYNAMODB_PAGE_ITEMS = 200, /* of a scan that is read page by page: AWS_PAGES_MAX of them are the most */
};

struct dynamodb_items { /* reply of GetItem (none or one), Query and Scan */
    struct json *items; /* an array of objects attribute -> typed value; never NULL in a successful reply */
};
void dynamodb_items_release(struct dynamodb_items *i);
void dynamodb_items_take(struct aws_result *r, struct dynamodb_items *out);

/* `key`: {"SpecName": {"S": "x"}, …}. An item that is not there is success with an empty array. */
uint64_t dynamodb_get_item(struct aws *a, const struct aws_where *w, const char *table,
                           const struct json *key, aws_done *done, void *self);
/*
 * The items of these keys (1 to DYNAMODB_BATCH_MAX of them, an array as in dynamodb_get_item, which is taken)
 * in any order; what is not there is left out. A reply that leaves keys unread is asked for again, whole.
 */
uint64_t dynamodb_batch_get(struct aws *a, const struct aws_where *w, const char *table, struct json *keys,
                            aws_done *done, void *self);
/* All pages of the items whose partition key is the string `value`, in the order of their sort key. */
uint64_t dynamodb_query(struct aws *a, const struct aws_where *w, const char *table, const char *key,
                        struct str value, aws_done *done, void *self);
uint64_t dynamodb_scan(struct aws *a, const struct aws_where *w, const char *table, aws_done *done,
                       void *self);
/*
 * The same, for who has no use for all at once: `page` is given DYNAMODB_PAGE_ITEMS of them at most at a time
 * (struct dynamodb_items, aws/call.h), before the next ones are asked for; the completion has none.
 */
uint64_t dynamodb_scan_pages(struct aws *a, const struct aws_where *w, const char *table, aws_page *page,
                             aws_done *done, void *self);

/*
 * Changing. `absent`: NULL, or an attribute's name: only if no item with that attribute is there
 * (ERR_CONFLICT, ConditionalCheckFailedException, otherwise). Reply: none (NULL).
 */
uint64_t dynamodb_put_item(struct aws *a, const struct aws_where *w, const char *table,
                           const struct json *item, const char *absent, const struct instant *checked,
                           aws_done *done, void *self);
/*
 * Changing. UpdateItem: SETs each attribute of `values` and leaves the others. `present`: NULL, or an
 * attribute's name: only if the item is there and has it (ERR_CONFLICT otherwise). Reply: none (NULL).
 */
uint64_t dynamodb_update_item(struct aws *a, const struct aws_where *w, const char *table,
                              const struct json *key, const struct json *values, const char *present,
                              const struct instant *checked, aws_done *done, void *self);

struct dynamodb_table { /* reply of CreateTable and DescribeTable */
    char *status;       /* "CREATING", "ACTIVE", "UPDATING", "DELETING" … */
    char *arn;
    char *hash, *range; /* names of the keys; "" for none */
    int64_t item_count; /* as AWS last counted, some hours ago */
};
void dynamodb_table_release(struct dynamodb_table *t);
void dynamodb_table_take(struct aws_result *r, struct dynamodb_table *out);

/* A table to be made. Both keys are strings; `range`: NULL for none. */
struct dynamodb_wanted {
    const char *table, *hash, *range;
    int64_t read_units, write_units; /* provisioned capacity; 0: on demand */
};
/* Changing. ResourceInUseException: it is there already. */
uint64_t dynamodb_create_table(struct aws *a, const struct aws_where *w, const struct dynamodb_wanted *wanted,
                               const struct instant *checked, aws_done *done, void *self);
/* ERR_NOT_FOUND: there is no such table. */
uint64_t dynamodb_describe_table(struct aws *a, const struct aws_where *w, const char *table, aws_done *done,
                                 void *self);
