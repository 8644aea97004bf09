#pragma once
/*
 * watchdog - ends the program when a turn never ends, or eats the machine's memory before it does.
 *
 * The simulation's own clock stands still in such a turn, so this one counts processor time: a signal looks
 * whether anything was fired since so many seconds ago, and what the process whose turn it is holds. If not,
 * it names it, prints its last events and exits with 1. Owner: main; once.
 */
enum { WATCHDOG_S = 20 };

/* seconds: of processor time, without anything fired; WATCHDOG_S is ample. */
void watchdog_start(int seconds);
