#pragma once
/*
 * banned - functions that our code may not name. Force-included in our targets, so a use does not compile.
 *
 * The system's headers come first: what they do with these names is their affair. Each ban carries its reason
 * and what to use instead. Silent in clang with optimization: there the headers define some of them inline.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#if !defined(__clang__) || !defined(__OPTIMIZE__)
#define BANNED(why) __attribute__((unavailable(why)))

/* no bound */
char *strcpy(char *, const char *) BANNED("no bound: struct buf");
char *strcat(char *, const char *) BANNED("no bound: struct buf");
char *stpcpy(char *, const char *) BANNED("no bound: struct buf");
int sprintf(char *, const char *, ...) BANNED("no bound: snprintf or struct buf");
int vsprintf(char *, const char *, va_list) BANNED("no bound: vsnprintf or struct buf");
char *strncpy(char *, const char *, size_t) BANNED("may leave out the NUL: snprintf or struct buf");
char *strncat(char *, const char *, size_t) BANNED("its bound is not the buffer's: struct buf");
char *gets(char *) BANNED("no bound");

/* hidden state */
char *strtok(char *, const char *) BANNED("keeps state and changes its input: str_cut");
char *asctime(const struct tm *) BANNED("static buffer: moment");
char *ctime(const time_t *) BANNED("static buffer and the machine's zone: moment");
struct tm *gmtime(const time_t *) BANNED("static buffer: gmtime_r or moment");
struct tm *localtime(const time_t *) BANNED("the machine's zone: zone");
struct tm *localtime_r(const time_t *, struct tm *) BANNED("the machine's zone: zone");
time_t mktime(struct tm *) BANNED("the machine's zone: moment or zone");
int rand(void) BANNED("hidden state: ports/rng.h");
void srand(unsigned) BANNED("hidden state: ports/rng.h");
long random(void) BANNED("hidden state: ports/rng.h");
double drand48(void) BANNED("hidden state: ports/rng.h");

/* errors are lost */
int atoi(const char *) BANNED("says nothing of errors: str_to_i64");
long atol(const char *) BANNED("says nothing of errors: str_to_i64");
long long atoll(const char *) BANNED("says nothing of errors: str_to_i64");
double atof(const char *) BANNED("says nothing of errors");

/* a shell, a guessable name, a wait for nothing in particular */
int system(const char *) BANNED("a shell: ports/process.h");
FILE *popen(const char *, const char *) BANNED("a shell: ports/process.h");
char *mktemp(char *) BANNED("guessable: mkstemp");
char *tmpnam(char[L_tmpnam]) BANNED("guessable: mkstemp");
char *tempnam(const char *, const char *) BANNED("guessable: mkstemp");
unsigned sleep(unsigned) BANNED("wait for a condition with a deadline");
int usleep(useconds_t) BANNED("wait for a condition with a deadline");

#undef BANNED
#endif
