#include "real/kafka_core.h"

#include "base/mem.h"
#include "real/clock.h"

#include <stdio.h>
#include <string.h>

enum { LOG_LINES_MAX = 100 /* at once; the rest at the next look */ };

static enum err_kind kind_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID: /* a commit from outside of a group with members */
        return ERR_CONFLICT;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return ERR_NOT_FOUND;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return ERR_DENIED;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return ERR_INVALID;
    default:
        return ERR_UNAVAILABLE;
    }
}

bool kafka_core_err(struct err *e, rd_kafka_resp_err_t code, const char *text)
{
    bool out = code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;

    (void)err_set(e, kind_of(code), "kafka: %s", text && text[0] ? text : rd_kafka_err2str(code));
    return err_code(e, out ? "OFFSET_OUT_OF_RANGE" : rd_kafka_err2name(code));
}

void kafka_core_heard(struct kafka_core *k)
{
    k->up = true;
    k->heard_ms = clock_boot_ms();
}

void kafka_core_complain(struct kafka_core *k, rd_kafka_resp_err_t code, const char *text)
{
    (void)snprintf(k->why, sizeof k->why, "%s", text && text[0] ? text : rd_kafka_err2str(code));
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
        code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT)
        k->up = false; /* until somebody answers: kafka.c asks */
}

void kafka_core_watch(const struct kafka_core *k, rd_kafka_queue_t *q)
{
    static const uint64_t one = 1;

    rd_kafka_queue_io_event_enable(q, k->wake_fd, &one, sizeof one);
}

bool kafka_client_open(struct kafka_client *c, struct kafka_core *k, rd_kafka_type_t type,
                       rd_kafka_conf_t *conf, struct err *e)
{
    char why[ERR_MSG_MAX];

    c->rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!c->rk) {
        rd_kafka_conf_destroy(conf);
        return err_set(e, ERR_CONFIG, "kafka: %s", why);
    }
    c->logs = rd_kafka_queue_new(c->rk);
    BUG_IF(rd_kafka_set_log_queue(c->rk, c->logs) != RD_KAFKA_RESP_ERR_NO_ERROR);
    if (!k->side)
        k->side = kafka_side_new(k->wake_fd);
    if (!c->side)
        c->side = k->side;
    return true;
}

void kafka_client_serve(struct kafka_client *c, struct kafka_core *k)
{
    rd_kafka_event_t *event;

    for (int i = 0; c->rk && i < LOG_LINES_MAX && (event = rd_kafka_queue_poll(c->logs, 0)); i++) {
        const char *facility = "", *text = "";
        int level = 0;
        if (rd_kafka_event_log(event, &facility, &text, &level) == 0 && strcmp(facility, "CONFWARN") != 0) {
            (void)snprintf(k->why, sizeof k->why, "%s", text);
            log_debug(k->log, "kafka.client", fs("facility", facility), fi("level", level), fs("text", text));
        }
        rd_kafka_event_destroy(event);
    }
}

void kafka_client_end(struct kafka_client *c, struct kafka_core *k)
{
    if (!c->rk)
        return;
    struct side_job *j = xcalloc(1, sizeof *j);
    j->kind = SIDE_END;
    j->rk = c->rk;
    kafka_client_serve(c, k);
    (void)rd_kafka_set_log_queue(c->rk, NULL);
    rd_kafka_queue_destroy(c->logs);
    BUG_IF(!kafka_side_add(c->side, j)); /* an end is always taken */
    *c = (struct kafka_client){0};
}
