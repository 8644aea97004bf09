#pragma once
/*
 * asyncapi - the topics and their records as an AsyncAPI 3.0 document, for people who write readers.
 *
 * Source: the same tables as the schemas (cli/schemas.h), what each topic must be (model/topics.h, at its
 * defaults and three replicas), and the examples. Pure; the result is the caller's.
 */
#include "codec/json.h"

struct json *asyncapi_document(void);
