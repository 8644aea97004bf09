#pragma once
/*
 * yaml - a JSON value as YAML in block style, for the one YAML page that is generated (docs/asyncapi.yaml).
 *
 * Only what struct json can hold: no anchors, tags or comments. A string stands plain where any reader of
 * YAML 1.1 or 1.2 takes it for that string, else in double quotes as in JSON, which is YAML as well. Pure;
 * the caller's buffer takes the text.
 */
#include "codec/json.h"

void yaml_print(const struct json *j, struct buf *out);
