#pragma once
/*
 * wanted_step - whether a workload is as its last tick wants it, judged from what the view remembers of its
 * runs. Pure.
 *
 * The tick's own run says it; a later one overrules it: of the other action (a person decided), or of the
 * same (somebody tried again). A run that was refused or never began says nothing about a later state. Where
 * the tick's run is not there (it was missed, or is not in the log yet), only a run of that action counts
 * that ended well behind the tick. In doubt the workload is not as it should be: a false alarm is looked at,
 * a missing one is not. Nobody looks at instances here: what is started by hand in AWS is not seen.
 */
#include "view/view.h"

struct wanted_tick {
    enum action action;
    int64_t at_ms;   /* wall time */
    const char *run; /* its id, as a firing makes it */
};

enum wanted_verdict {
    WANTED_UNMET,     /* no run has brought it there yet */
    WANTED_MET,       /* one has */
    WANTED_OVERRULED, /* a later run wants the other state */
    WANTED_OFF,       /* the tick was refused because the workload is switched off or held */
};

enum wanted_verdict wanted_judge(const struct wanted_tick *t, int partition, const struct view_peeked *p);
