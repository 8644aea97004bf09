#pragma once
/*
 * sink - where log lines go: standard error, each line in one write(2), so that lines of several processes do
 * not mix.
 *
 * A line that cannot be written is lost: there is nowhere to say so.
 */
#include "base/log.h"

struct log sink_log(enum log_level level, enum log_format format);
