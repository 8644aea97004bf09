#pragma once
/*
 * process - the process port: environment, files, the in-hand note, commands, probes, each by the file of its
 * name. Internal.
 */
#include "ports/process.h"
#include "real/reactor.h"

struct process_port; /* opaque */

struct process_port *process_port_new(struct reactor *r);
void process_port_free(struct process_port *p);
struct process process_port_of(struct process_port *p);
