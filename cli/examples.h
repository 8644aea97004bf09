#pragma once
/*
 * examples - for each type of record one sentence and one record of a real run, for docs/events.md and
 * docs/asyncapi.yaml.
 *
 * `which` counts as in cli/schemas.h. Texts are constants; a test holds each to the schema of its type.
 */
const char *example_text(int which);     /* JSON, one line */
const char *example_sentence(int which); /* what the record says, a clause without a full stop */
