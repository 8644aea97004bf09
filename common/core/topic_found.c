#include "core/topic_found.h"

#include <stdio.h>

const char *topic_found_value(const struct kafka_topic *found, const char *name,
                              char out[static TOPIC_VALUE_MAX])
{
    for (size_t i = 0; found->config_known && i < found->config_count; i++) {
        if (!str_is(found->config[i].name, name))
            continue;
        (void)snprintf(out, TOPIC_VALUE_MAX, STR_FMT, STR_ARG(found->config[i].value));
        return out;
    }
    return NULL;
}

bool topic_found_grown(const struct topic_wanted *w, int partitions, char text[static TOPIC_GROWN_MAX])
{
    if (w->fixed || partitions < 1 || partitions == w->partitions)
        return false;
    (void)snprintf(text, TOPIC_GROWN_MAX,
                   "%d partitions where a new topic would get %d: fine, this topic may have any number",
                   partitions, w->partitions);
    return true;
}

bool topic_found_ok(const struct topic_wanted *w, const struct kafka_topic *found, const struct err *told,
                    struct err *e)
{
    const char *values[TOPICS_CONFIG_MAX] = {0};
    char texts[TOPICS_CONFIG_MAX][TOPIC_VALUE_MAX];

    if (told && told->kind != ERR_NONE) {
        *e = *told;
        return err_wrap(e, "topic %s", w->name);
    }
    for (size_t i = 0; i < w->n; i++)
        values[i] = topic_found_value(found, w->settings[i].name, texts[i]);
    return topic_check(w, found->partitions, values, e);
}
