/*
 * barrier.pml - Promela model of the LFB protocol ("log-folded barrier"),
 * described in docs/protocol.md sections 3-6.          checked with spin 6.5.2
 *
 *   Kafka run log (1 partition)  log[] / hw     append-only, survives everything
 *   Kafka jobs topic             q[j]           "a copy of job j is outstanding"; a poll may or may
 *                                               not remove it (at-least-once, any number of duplicates)
 *   Redis view of the partition  applied, st, seen*, pend, planned, open, due, fail, lease[]/lt[], incok, quar, hold
 *                                               one Lua script = one d_step; may be lost / rolled back
 *   coordinator (producer)       Coord(c)       NC of them, ALL may be active at once (zombies).
 *                                               Stateless: the position lives in the view, so a fold of
 *                                               any other offset is a no-op (offset guard) and is not
 *                                               modelled as a separate transition
 *   worker                       Worker(w)      may pause anywhere; may crash anywhere (budget);
 *                                               at most one EC2 call per claim
 *   EC2                          Net()          a signed request lands, is answered with an error, is lost,
 *                                               or is refused as too old
 *
 *   run 1 (say Start): tier 0 = job 0 (and job 1 if NT0==2); tier 1 = job 2 (if WITH_T1)
 *   run 2 (say Stop, policy "supersede" or QUEUE, if WITH_R2): tier 0 = job 3
 *
 * Lease token: a number that no live lease, no claimer, no record of the log and no saved copy of
 *   the view carries (the smallest such number: 128 random bits, up to renaming).
 *   A terminal drops the lease only if the token is its own - at the FOLD of the terminal.
 * Terminal: outcome done (needs: some call for the job landed) or failed; flag unanswered.
 *
 * Safety    S1  a tier-1 job is published / executed only if every tier-0 job is terminal IN THE LOG
 *           S1b after tier 1 was published an EC2 call for a tier-0 job is issued / lands only if that job's
 *               terminal (the first in the log) is `done`
 *           S2  no EC2 call of run 1 can happen once run 2 has published its first job
 *           S3  a schedule tick fired by two producer replicas activates exactly one epoch
 *           S4  a Cancel of run 1 (late, duplicate) does not end run 2
 *           S5  onfail=halt: tier 1 is published only if every tier-0 terminal is `done`
 * Liveness  L1  no stuck run: every quiescent state is finished (else spin: "invalid end state")
 *           L2  <>[] finished (LTL, weak fairness)
 *
 * Knobs -D  NC NW NT0 WITH_T1 WITH_R2 TWOTICKS WIPES CRASHES DUPS ROLLBACK LIVE LTL
 *   FAILS    workers may report failed        HALT   onfail=halt (else continue)
 *   SPLIT    a worker may freeze between its last look at the deadline and the append of a failed terminal
 *   UNANS    workers may give up waiting for an answer            RELS   workers may hand a lease back
 *   QUEUE    run 2 waits for the end of run 1   CANCEL=n  n copies of Cancel(run 1) at any moment
 *   T1STUB   tier 1 is published, never worked on (S1b needs no more; use pan -E)
 *   ENDBOUND Drained of an ended run may use the bound counted from the run's end instead of quarantine
 * Broken -D BUG_COUNTER BUG_WAL BUG_OUTBOX BUG_NODRAIN BUG_NOINC BUG_NOQUAR BUG_NOFENCE
 *   BUG_NODEDUP BUG_CLRLEASE BUG_TAKEOVER (a claim over an expired lease forgets its signature window)
 *   BUG_NOZOMB BUG_LOSEDONE(livelock)
 *   BUG_ATTREUSE   leases matched by attempt number, renumbered after loss of Redis
 *   BUG_LATEFAIL   a worker past its deadline reports failed
 *   BUG_NOSTEPGUARD a step is opened although a lease of an earlier step lives
 *   BUG_NOHOLD     no hold after loss of the lease table
 *   BUG_HOLDATOPEN hold looked at only when the step is opened by a fold, not at take/claim
 *   ALWAYSGUARD    an older rule: the guard always, with `hold` after a loss (needs BUG_NOZSTEP's part all the same)
 *   BUG_NOQSTEP    the step guard forgets the quarantine after a loss of the lease table
 *   BUG_NOZSTEP    after a failed job the next step does not wait for signature windows (z, quarantine)
 *   BUG_UNANSWERED flag ignored                BUG_RELUNANS   release() with an unanswered call does not set z
 *   BUG_ANYCANCEL  Cancel does not look at the run it names
 *   BUG_QLOST      end of a run ignores a waiting successor
 *   BUG_EMPTYNEXT  Drained(old, empty) accepted although a successor has appeared
 *   BUG_ENDLAG     ENDBOUND forgets leases a lagging view grants after the end is in the log
 */
#ifndef NC
#define NC 2
#endif
#ifndef NW
#define NW 2
#endif
#ifndef NT0
#define NT0 2
#endif
#ifndef WIPES
#define WIPES 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef DUPS
#define DUPS 1           /* extra copies of PLAN/DRAINED/DONE records in the log, in total */
#endif
#ifndef CANCEL
#define CANCEL 0
#endif
#define B(j) (1<<(j))
#if NT0==2
#define T0M 3
#else
#define T0M 1
#endif
#define T1M 4
#define R2M 8
#ifdef WITH_T1
#define PLALL 3
#define R1M (T0M|T1M)
#else
#define PLALL 1
#define R1M T0M
#endif

/* log record types */
#define R1  1            /* tick 1 as published by producer replica A */
#define R2  2
#define PL0 3
#define PL1 4
#define PL2 5
#define DR  6            /* Drained(_, run 2)  */
#define DRE 7            /* Drained(run 1, no successor) */
#define R1B 8            /* the same tick as published by replica B   */
#define CX  9            /* Cancel(run 1) */
#define DNB 128          /* JobTerminal: 128 | token<<4 | unanswered<<3 | failed<<2 | job */
#define ISDN(r)  ((r)>=128)
#define DNJ(r)   ((r)&3)
#define DNF(r)   (((r)>>2)&1)
#define DNU(r)   (((r)>>3)&1)
#define DNT(r)   (((r)>>4)&7)
#define MAXLOG (12+DUPS+CANCEL)

byte log[MAXLOG];
byte hw = 0;
byte dups = DUPS;
byte inlog = 0;          /* ghost: bit j = a terminal of j is in the log             */
byte okl = 0;            /* ghost: bit j = the first terminal of j in the log is `done` */
byte plog = 0;           /* ghost: bits PL0,PL1,PL2,DR,DRE are in the log (1,2,4,8,16)  */
byte landed = 0;         /* ghost: bit j = some call for j took effect                  */
bit  q[4];

/* ---- the Redis view ---- */
byte applied = 0;        /* number of log records folded: the view carries its own position */
byte st = 0;             /* 0 idle 1 run1 2 draining 3 run2 4 idle after run 1 5 all done */
bit  seen1 = 0; bit seen2 = 0;       /* seen2 && st in {1,2}: run 2 is the successor that waits */
byte pend = 0; byte planned = 0; byte open = 0; byte due = 0;
bit  fail = 0;           /* an outcome of tier 0 is not done                              */
byte lease[4];           /* 0 none, w+1 */
byte lt[4];              /* token of the lease */
bit  incok = 1;          /* incarnation stored in the view == run_id of the server        */
bit  quar = 0;           /* leases granted by a previous incarnation: deadline or signature window not over */
bit  hold = 0;           /* ... deadline not over */
bit  zomb = 0;           /* a lease was removed by EXPIRY, or a call went unanswered: wait T_aws */
byte barcnt = 0;            /* BUG_COUNTER only */
#ifdef BUG_HOLDATOPEN
bit  hs = 0;             /* the step's gate was scored at the end of hold */
#endif
#ifdef BUG_ATTREUSE
byte attc[4];
#endif

byte k = 0; byte tt = 0; byte rj = 0;
byte vj[2];              /* worker-local: job+1 whose lease deadline has not passed, else 0 */
byte tk[2];              /* worker-local: token of the claim                               */
byte jb[2];               /* worker-local: job+1 of the claim, also past its deadline */
bit  u[2];               /* worker-local: a call of this claim was sent, no answer yet     */
byte fl[2];              /* on the wire: job+1 of a request signed while the lease was valid;
                            may still land at EC2 after a crash or pause, until AWS calls the
                            signature too old (T_aws)                                        */
byte oldv = 0;           /* ghost: workers whose present claim is of a previous incarnation    */
byte oldf = 0;           /* ghost: requests on the wire signed under such a claim              */
#ifdef ENDBOUND
byte endv = 0; byte endf = 0;  /* ghost: the same for claims granted before the end of run 1   */
#define ENDED (!(~inlog & R1M))
#endif
byte ep1 = 0;            /* ghost: the RunRequested record that became run 1's epoch           */
bit  pub1 = 0;           /* ghost: tier 1 was published                                    */
bit  pub2 = 0;           /* ghost: run 2 published its first job                           */
byte sl[4];              /* tokens in the saved copy of the view (ROLLBACK)                */
byte crashes = CRASHES;
byte wipes = WIPES;

#ifdef WITH_R2
#define FIN (st==5)
#else
#define FIN (st==4)
#endif
/* a process stops only when all is finished; any other quiescence = stuck run (L1) */
#define QUIT (FIN && wipes==0 && incok)

/* Where timers may fire at any moment, a worker's crash is "deadline passes, then silence", and a
   coordinator may forget what it decided at any time: no budget.  Otherwise crashes are counted. */
#ifdef LIVE
#define FJ(j) true
#define TMO timeout
#define CRASH crashes>0
#define CRASHED crashes--
#else
#define FJ(j) ((j)<2)    /* whether job 2 or 3 fails changes nothing here: fewer states */
#define TMO true
#define CRASH true
#define CRASHED skip
#endif
#ifdef BUG_NOQUAR
#define QUAROK true
#else
#ifdef ENDBOUND
#define QUAROK (!quar || (ENDED && st==2 && !(pend&R1M) && (planned&1) && endv==0 && endf==0))
#else
#define QUAROK (!quar)
#endif
#endif
#ifdef BUG_NOZOMB
#define ZOMBOK true
#else
#define ZOMBOK (!zomb)
#endif
/* in flight although its claim is over */
#define ZOMBIE(w) (fl[w]!=0 && (!u[w] || vj[w]==0))
#ifdef BUG_NOINC
#define INCOK true
#else
#define INCOK incok
#endif
#ifdef BUG_NOFENCE
#define VALID(j,w) true
#else
#define VALID(j,w) (vj[w]==j+1)
#endif
#ifdef BUG_LATEFAIL
#define VALIDF(j,w) true
#else
#define VALIDF(j,w) (vj[w]==j+1)
#endif
#ifdef BUG_OUTBOX
#define MKDUE(m) mine = mine|(m)
#else
#define MKDUE(m) due = due|(m)
#endif
#ifdef BUG_COUNTER
#define SETCNT barcnt = NT0
#define DECCNT(j) if :: (j) < 2 && barcnt>0 -> barcnt-- :: else -> skip fi
#define T0EMPTY (barcnt==0)
#else
#define SETCNT skip
#define DECCNT(j) skip
#define T0EMPTY (!(pend&T0M))
#endif
#ifdef QUEUE
#define SUPERSEDE if :: st==4 -> st = 2 :: else -> skip fi
#else
#ifdef BUG_NODRAIN
#define SUPERSEDE st = 3; pend = pend & R2M; due = due & R2M
#else
#define SUPERSEDE st = 2
#endif
#endif
#ifdef BUG_QLOST
#define ENDRUN1 st = 4
#else
#define ENDRUN1 if :: seen2 -> st = 2 :: else -> st = 4 fi
#endif
#ifdef BUG_EMPTYNEXT
#define NOSUCC true
#else
#define NOSUCC (!seen2)
#endif
#ifdef BUG_LOSEDONE
#define LOSE true
#else
#define LOSE false
#endif
#ifdef BUG_CLRLEASE
#define OWNLEASE(j,t) true
#else
#define OWNLEASE(j,t) ((t)!=0 && lt[j]==(t))
#endif
#ifdef BUG_TAKEOVER
#define TAKEOVER skip
#else
#define TAKEOVER zomb = 1
#endif
#ifdef BUG_UNANSWERED
#define SETZ skip
#else
#define SETZ zomb = 1
#endif
#ifdef BUG_RELUNANS
#define RELZ skip
#else
#define RELZ zomb = 1
#endif
#ifdef BUG_NODEDUP
#define SEEN1 (st!=0 && st!=4)
#else
#define SEEN1 seen1
#endif
/* may a step be taken / claimed: the guards of take() and claim() */
#ifdef BUG_NOSTEPGUARD
#define NOLEASE0 true
#else
#define NOLEASE0 (lease[0]==0 && lease[1]==0)
#endif
#ifdef BUG_NOHOLD
#define HOLDOK true
#else
#ifdef BUG_HOLDATOPEN
#define HOLDOK (!(hs && hold))
#else
#define HOLDOK (!hold)
#endif
#endif
#ifdef BUG_NOZSTEP
#define ZSTEP true
#else
#ifdef BUG_NOQSTEP
#define ZSTEP (!fail || !zomb)
#else
#define ZSTEP (!fail || (!zomb && !quar))
#endif
#endif
#ifdef ALWAYSGUARD
#define STEPOK (NOLEASE0 && HOLDOK && ZSTEP)
#else
#define STEPOK (!fail || (NOLEASE0 && ZSTEP))   /* the protocol's step guard: only while an earlier job is unsettled */
#endif
#define GATE(j) ((j<2 && (open&1)) || (j==2 && (open&2) && STEPOK) || (j==3 && (open&4)))
#define RUNNING(j) ((j<3 && st==1) || (j==3 && st==3))
#ifdef BUG_HOLDATOPEN
#define OPEN1 open = open|2; hs = hold
#else
#define OPEN1 open = open|2
#endif
#ifdef HALT
#define GOON (!fail)
#else
#define GOON true
#endif
/* a lease of the view whose holder's local deadline has passed (or which no process holds) */
#define LDEAD(j) (lease[j]!=0 && !(vj[lease[j]-1]==j+1 && tk[lease[j]-1]==lt[j]))
/* ghosts, worker-local */
#ifdef ENDBOUND
#define ENDV(w) endv = endv & ~B(w)
#else
#define ENDV(w) skip
#endif
#define EXPIRE(w) vj[w] = 0; oldv = oldv & ~B(w); ENDV(w)
#define ENDCLAIM(w) EXPIRE(w); tk[w] = 0; jb[w] = 0; u[w] = 0
/* a token that no lease of the view (or of its saved copy) carries any more matches nothing: renamed to 0 */
inline UNLEASE(j) {
#ifndef BUG_ATTREUSE
  if :: lt[j]!=0 && lt[j]!=sl[j] ->
        if :: tk[0]==lt[j] && jb[0]==j+1 -> tk[0] = 0 :: else -> skip fi;
        if :: tk[1]==lt[j] && jb[1]==j+1 -> tk[1] = 0 :: else -> skip fi;
        k = 0;
        do
        :: k<hw && ISDN(log[k]) && DNJ(log[k])==j && DNT(log[k])==lt[j] -> log[k] = log[k] & 143; k++
        :: k<hw && !(ISDN(log[k]) && DNJ(log[k])==j && DNT(log[k])==lt[j]) -> k++
        :: k>=hw -> break
        od; k = 0
     :: else -> skip fi;
#endif
  lease[j] = 0; lt[j] = 0
}

inline APPEND(x) { assert(hw < MAXLOG); log[hw] = x; hw++ }

/* ---------------- Lua fold(): apply the record at offset `applied` ---------------- */
inline FOLD() {
  if
  :: log[applied]==R1 || log[applied]==R1B ->
     if :: !SEEN1 -> seen1 = 1; assert(ep1==0 || ep1==log[applied]) /* S3 */; ep1 = log[applied]; st = 1
        :: else -> skip fi
  :: log[applied]==R2 ->
     if :: !seen2 -> seen2 = 1; if :: st==1 || st==4 -> SUPERSEDE :: else -> skip fi
        :: else -> skip fi
  :: log[applied]==CX ->
     if :: st==1 -> st = 2
#ifdef BUG_ANYCANCEL
        :: st==3 -> st = 5; pend = 0; due = 0; assert(inlog & R2M)      /* S4 */
#endif
        :: else -> skip fi
  :: log[applied]==PL0 ->
     if :: st==1 && !(planned&1) -> planned = planned|1; pend = pend|T0M; open = open|1; MKDUE(T0M); SETCNT
        :: else -> skip fi
  :: log[applied]==PL1 ->
     if :: st==1 && (planned&1) && !(planned&2) -> planned = planned|2; pend = pend|T1M;
           if :: T0EMPTY -> OPEN1; MKDUE(T1M) :: else -> skip fi
        :: else -> skip fi
  :: log[applied]==PL2 ->
     if :: st==3 && !(planned&4) -> planned = planned|4; pend = pend|R2M; open = open|4; MKDUE(R2M)
        :: else -> skip fi
  :: log[applied]==DR ->
     if :: st==2 && seen2 -> pend = pend & R2M; due = due & R2M; st = 3
        :: else -> skip fi
  :: log[applied]==DRE ->
     if :: st==2 && NOSUCC -> pend = pend & R2M; due = due & R2M; st = 4
        :: else -> skip fi
  :: ISDN(log[applied]) ->                     /* JobTerminal(j): the first one wins */
     rj = DNJ(log[applied]);
     if :: lease[rj]!=0 && OWNLEASE(rj,DNT(log[applied])) -> UNLEASE(rj)      /* only the token's own lease */
        :: else -> skip fi; rj = 0;
     if :: DNU(log[applied]) -> SETZ :: else -> skip fi;
     if :: pend & B(DNJ(log[applied])) ->
           pend = pend & ~B(DNJ(log[applied])); due = due & ~B(DNJ(log[applied]));
           if :: DNF(log[applied]) && DNJ(log[applied])<2 -> fail = 1 :: else -> skip fi
        :: else -> skip fi;
     DECCNT(DNJ(log[applied]));
     if :: st==1 && (planned&2) && T0EMPTY && !(open&2) -> OPEN1; MKDUE(T1M&pend)
        :: else -> skip fi;
     if :: st==1 && (planned&3)==PLALL && !(pend&R1M) -> ENDRUN1
        :: st==1 && planned==1 && !(pend&T0M) && !GOON -> ENDRUN1        /* halt */
        :: st==3 && (planned&4) && !(pend&R2M) -> st = 5; assert(inlog & R2M)
        :: else -> skip fi
  fi;
  /* state-space reduction only: a folded record is forgotten once no view loss can happen */
  if :: wipes==0 -> k = applied; do :: k+1 < hw -> log[k] = log[k+1]; k++ :: else -> break od;
                    hw--; log[hw] = 0; k = 0
     :: else -> applied++ fi
}

/* ---------------- Coordinator (producer replica) ---------------- */
inline PUBLISH(j) {
  assert(!(j==2) || (inlog & T0M)==T0M);                              /* S1 */
  if :: j==2 -> pub1 = 1;
#ifdef HALT
        assert((okl & T0M)==T0M)                                      /* S5 */
#endif
     :: j==3 -> pub2 = 1;
        assert(vj[0]==0 || vj[0]==4); assert(vj[1]==0 || vj[1]==4);   /* S2: no live claim  */
        assert(fl[0]==0 || fl[0]==4); assert(fl[1]==0 || fl[1]==4)    /* S2: nothing on wire */
     :: else -> skip fi;
  q[j] = 1
}
#define LOW(m) (((m)&1) -> 0 : (((m)&2) -> 1 : (((m)&4) -> 2 : 3)))
#define TAKE (due & ~(STEPOK -> 0 : T1M))      /* take(): a step whose guard says no is put off */

proctype Coord(byte c) {
  byte d = 0;            /* decided record, not yet appended          */
  byte x = 0;            /* job+1 published, ack not yet recorded     */
#ifdef BUG_OUTBOX
  byte mine = 0;         /* released jobs remembered only in this process */
#endif
  do
  :: d_step { applied < hw -> FOLD() }
  /* view caught up with the HW: ViewOpened, folded */
#ifdef ALWAYSGUARD
  :: d_step { !incok && applied==hw -> incok = 1; if :: oldv!=0 -> hold = 1 :: else -> skip fi }
#else
  :: d_step { !incok && applied==hw -> incok = 1 }
#endif
  /* planner (AWS DescribeInstances) : decide, (pause/crash), append */
  :: d_step { d==0 && x==0 && st==1 && !(planned&1) && (!(plog&1) || dups>0) -> d = PL0 }
#ifdef WITH_T1
  :: d_step { d==0 && x==0 && st==1 && planned==1 && T0EMPTY && (!(plog&2) || dups>0) -> d = PL1 }
#endif
#ifdef WITH_R2
  :: d_step { d==0 && x==0 && st==3 && !(planned&4) && (!(plog&4) || dups>0) -> d = PL2 }
  /* drained: no live lease, quarantine over : decide, (pause/crash), append */
  :: d_step { d==0 && x==0 && st==2 && seen2 && lease[0]==0 && lease[1]==0 && lease[2]==0 && ZOMBOK && QUAROK && incok && (!(plog&8) || dups>0) -> d = DR }
#endif
#if CANCEL>0
  :: d_step { d==0 && x==0 && st==2 && !seen2 && lease[0]==0 && lease[1]==0 && lease[2]==0 && ZOMBOK && QUAROK && incok && (!(plog&16) || dups>0) -> d = DRE }
#endif
  :: d_step { d!=0 -> 
       if
       :: !(plog & B(d-PL0)) -> plog = plog | B(d-PL0); APPEND(d)
       :: (plog & B(d-PL0)) && dups>0 -> dups--; APPEND(d)
       :: else -> skip                                  /* bound on the model's log */
       fi; d = 0 }
  :: d_step { d!=0 && CRASH -> CRASHED; d = 0; x = 0 }
  /* pump: publish a due job; `due` is cleared only after the broker's ack */
  :: d_step { d==0 && x==0 && incok && TAKE!=0 -> x = LOW(TAKE)+1; PUBLISH(x-1) }
  :: d_step { x!=0 -> due = due & ~B(x-1); x = 0 }      /* Lua sent() */
  :: d_step { x!=0 && CRASH -> CRASHED; d = 0; x = 0 }
#ifdef BUG_OUTBOX
  :: d_step { mine!=0 -> x = LOW(mine); PUBLISH(x); mine = mine & ~B(x); x = 0 }
  :: d_step { mine!=0 && CRASH -> CRASHED; mine = 0; d = 0 }
#endif
  :: QUIT -> break
  od
}

/* ---------------- Worker ---------------- */
#define S1B(j) assert(!(j<2 && pub1 && !(okl & B(j))))
inline EFFECT(j) {                                       /* the EC2 call takes effect */
  assert(!(j<3 && pub2));                                /* S2 at the point of effect */
  assert(!(j==2) || (inlog & T0M)==T0M);                 /* S1 at the point of effect */
#ifndef S1B_ISSUE
  S1B(j);                                                /* S1b also for what lands late */
#endif
  landed = landed | B(j)
}
/* the smallest token that nothing carries */
inline PICKTOKEN(j,w) {
#ifdef BUG_ATTREUSE
  attc[j]++; lt[j] = attc[j]
#else
  lt[j] = 0; tt = 1; k = 0;
  do
  :: k<hw && ISDN(log[k]) && DNJ(log[k])==j && DNT(log[k])==tt -> tt++; k = 0
  :: k<hw && !(ISDN(log[k]) && DNJ(log[k])==j && DNT(log[k])==tt) -> k++
  :: k>=hw && (tk[1-w]==tt || sl[j]==tt) -> tt++; k = 0
  :: k>=hw && !(tk[1-w]==tt || sl[j]==tt) -> break
  od;
  assert(tt<8); lt[j] = tt; tt = 0; k = 0
#endif
}
/* produce JobTerminal(j, o), acks=all */
inline TERMINAL(j,w,o) {
  if
#ifdef BUG_LOSEDONE
  :: true -> skip
#endif
  :: !(inlog & B(j)) && !LOSE -> inlog = inlog | B(j); if :: o==0 -> okl = okl | B(j) :: else -> skip fi;
       APPEND(DNB | (tk[w]<<4) | (u[w]<<3) | (o<<2) | j);
#ifdef ENDBOUND
       if :: ENDED && j<3 -> endv = ((vj[0]!=0 && w!=0) -> 1 : 0) | ((vj[1]!=0 && w!=1) -> 2 : 0);
                             endf = (fl[0]!=0 -> 1 : 0) | (fl[1]!=0 -> 2 : 0)
          :: else -> skip fi
#endif
  :: (inlog & B(j)) && dups>0 && !LOSE -> dups--; APPEND(DNB | (tk[w]<<4) | (u[w]<<3) | (o<<2) | j)
  :: inlog & B(j) ->     /* a further terminal: not in the model's log; it can only drop its own lease and set z,
                            and doing that before its fold is the more dangerous order */
       if :: lease[j]!=0 && OWNLEASE(j,tk[w]) -> UNLEASE(j) :: else -> skip fi;
       if :: u[w] -> SETZ :: else -> skip fi
  fi;
  ENDCLAIM(w); j = 0
}
inline RELEASE(j,w) {                                     /* Lua release(): not an expiry */
  if :: lease[j]!=0 && OWNLEASE(j,tk[w]) -> UNLEASE(j); due = due|(pend&B(j)); if :: u[w] -> RELZ :: else -> skip fi
     :: else -> skip fi;
  ENDCLAIM(w); j=0; r=0
}
#ifdef BUG_WAL
inline WALBUG(j) {                                       /* barrier before the durable event; the event itself may be lost */
    pend = pend & ~B(j); due = due & ~B(j); UNLEASE(j);
    if :: st==1 && (planned&2) && !(pend&T0M) && !(open&2) -> open = open|2; due = due|(T1M&pend) :: else -> skip fi;
    if :: st==1 && (planned&3)==PLALL && !(pend&R1M) -> st = 4 :: else -> skip fi }
#endif
#ifdef UNANS
#define ANSWERED(w) true
#else
#define ANSWERED(w) (!u[w])
#endif

proctype Worker(byte w) {
  byte j = 0; byte r = 0;
idle:
  do
  :: q[0] -> j=0; break
#if NT0==2
  :: q[1] -> j=1; break
#endif
#if defined(WITH_T1) && !defined(T1STUB)
  :: q[2] -> j=2; break
#endif
#ifdef WITH_R2
  :: q[3] -> j=3; break
#endif
  :: QUIT -> goto stop
  od;
  atomic {                                               /* Lua claim() + what follows locally */
    (INCOK);                                             /* WAIT answer: no commit, retry later */
    d_step {
    if
#ifdef BUG_ATTREUSE
    :: (pend&B(j)) && GATE(j) && RUNNING(j) && (lease[j]==0 || LDEAD(j)) && attc[j]<3 ->
#else
    :: (pend&B(j)) && GATE(j) && RUNNING(j) && (lease[j]==0 || LDEAD(j)) ->
#endif
       if :: lease[j]!=0 -> TAKEOVER; UNLEASE(j) :: else -> skip fi;   /* expired, the sweeper did not run yet */
       PICKTOKEN(j,w);
       lease[j] = w+1; vj[w] = j+1; jb[w] = j+1; tk[w] = lt[j]; due = due & ~B(j); r = 1;
#if defined(ENDBOUND) && !defined(BUG_ENDLAG)
       if :: ENDED && j<3 -> endv = endv | B(w) :: else -> skip fi
#endif
    :: else -> r = 0                                     /* DONE/BUSY/FENCED/PAUSED: drop */
    fi };
    if
    :: r==0 -> q[j] = 0; j = 0; goto idle
    :: r==1 -> r = 0; q[j] = 0                           /* stored offset ...                        */
    :: r==1 -> r = 0                                     /* ... or died before: the copy remains     */
    fi
  };
#ifdef LIVE
#define WCRASH :: d_step { crashes>0 -> crashes--; ENDCLAIM(w); j=0; r=0 }; goto idle
#else
#define WCRASH
#endif
  if
  WCRASH
  :: d_step { VALID(j,w) && fl[w]==0 ->                  /* check the deadline, sign with that time, send */
       S1B(j); fl[w] = j+1; u[w] = 1;
       if :: oldv & B(w) -> oldf = oldf | B(w) :: else -> skip fi;
#ifdef ENDBOUND
       if :: endv & B(w) -> endf = endf | B(w) :: else -> skip fi
#endif
     }
  :: d_step { !VALID(j,w) -> ENDCLAIM(w); j = 0 }; goto idle            /* self-fenced (or dead): silent */
  :: d_step { landed & B(j) -> TERMINAL(j,w,0) }; goto idle             /* describe: already in the final state */
#ifdef FAILS
#ifdef SPLIT
  :: d_step { VALIDF(j,w) && FJ(j) -> r = 1 }              /* denied, overridden, ... */
#else
  :: d_step { VALIDF(j,w) && FJ(j) -> TERMINAL(j,w,1) }; goto idle
#endif
#endif
#ifdef RELS
  :: d_step { VALIDF(j,w) -> RELEASE(j,w) }; goto idle   /* no call made: hand the lease back */
#endif
  fi;
  if                                                     /* await the response */
  WCRASH
#ifdef BUG_WAL
  :: d_step { ANSWERED(w) && (landed & B(j)) && r==0 -> WALBUG(j) };
     if :: d_step { true -> TERMINAL(j,w,0) } :: d_step { crashes>0 -> crashes--; ENDCLAIM(w); j=0 } fi; goto idle
#else
  :: d_step { ANSWERED(w) && (landed & B(j)) && r==0 -> TERMINAL(j,w,0) }; goto idle
#endif
#ifdef FAILS
#ifdef SPLIT
  :: d_step { ANSWERED(w) && VALIDF(j,w) && r==0 && FJ(j) -> r = 1 }
  :: d_step { r==1 -> TERMINAL(j,w,1); r=0 }; goto idle  /* whatever happened since the look at the deadline */
#else
  :: d_step { ANSWERED(w) && VALIDF(j,w) && FJ(j) -> TERMINAL(j,w,1) }; goto idle
#endif
#endif
#ifdef RELS
  :: d_step { ANSWERED(w) && VALIDF(j,w) && r==0 -> RELEASE(j,w) }; goto idle
#endif
  :: d_step { vj[w]!=j+1 -> ENDCLAIM(w); j = 0; r = 0 }; goto idle      /* dead, or told LOST: silent */
  fi;
#ifdef SPLIT
  if
  WCRASH
  :: d_step { r==1 -> TERMINAL(j,w,1); r=0 }
  :: d_step { vj[w]!=j+1 -> ENDCLAIM(w); j = 0; r = 0 }
  fi;
#endif
  goto idle;
stop:
  skip
}

/* ---------------- the wire and EC2 ---------------- */
#ifdef ENDBOUND
#define OFFWIRE(w) fl[w] = 0; oldf = oldf & ~B(w); u[w] = 0; endf = endf & ~B(w)
#else
#define OFFWIRE(w) fl[w] = 0; oldf = oldf & ~B(w); u[w] = 0
#endif
proctype Net() {
  byte e = 0;
end_net:
  do
  :: d_step { fl[0]!=0 -> e = fl[0]-1; EFFECT(e); OFFWIRE(0); e = 0 }      /* executed */
  :: d_step { fl[1]!=0 -> e = fl[1]-1; EFFECT(e); OFFWIRE(1); e = 0 }
#if defined(FAILS)
  :: d_step { fl[0]!=0 -> OFFWIRE(0) }                   /* answered with an error, RequestExpired, or lost */
  :: d_step { fl[1]!=0 -> OFFWIRE(1) }
#else
  :: d_step { ZOMBIE(0) -> OFFWIRE(0) }                  /* RequestExpired, or lost */
  :: d_step { ZOMBIE(1) -> OFFWIRE(1) }
#endif
  od
}

/* ---------------- time ---------------- */
proctype Clock() {
  do
  :: d_step { TMO && vj[0]!=0 -> EXPIRE(0) }             /* worker-local deadline passes */
  :: d_step { TMO && vj[1]!=0 -> EXPIRE(1) }
  /* the view's lease ends after the worker's local deadline; a request may still be on the wire */
  :: d_step { TMO && LDEAD(0) -> UNLEASE(0); zomb = 1; due = due|(pend&1) }
  :: d_step { TMO && LDEAD(1) -> UNLEASE(1); zomb = 1; due = due|(pend&2) }
  :: d_step { TMO && LDEAD(2) -> UNLEASE(2); zomb = 1; due = due|(pend&4) }
  :: d_step { TMO && LDEAD(3) -> UNLEASE(3); zomb = 1; due = due|(pend&8) }
#ifndef BUG_OUTBOX
  /* dispatch timer: pending, gate open, unleased, nothing outstanding -> due again */
  :: d_step { TMO && (pend&1) && GATE(0) && RUNNING(0) && lease[0]==0 && !(due&1) && !q[0] -> due = due|1 }
  :: d_step { TMO && (pend&2) && GATE(1) && RUNNING(1) && lease[1]==0 && !(due&2) && !q[1] -> due = due|2 }
  :: d_step { TMO && (pend&4) && GATE(2) && RUNNING(2) && lease[2]==0 && !(due&4) && !q[2] -> due = due|4 }
  :: d_step { TMO && (pend&8) && GATE(3) && RUNNING(3) && lease[3]==0 && !(due&8) && !q[3] -> due = due|8 }
#endif
  /* hold ends when every claim of the previous incarnation is past its deadline, quarantine when
     the signature windows of their requests are over as well */
  :: d_step { hold && oldv==0 -> hold = 0 }
  :: d_step { quar && oldv==0 && oldf==0 -> quar = 0 }
  /* T_aws after the expired lease's deadline: nothing signed under it can be accepted any more */
  :: d_step { zomb && !ZOMBIE(0) && !ZOMBIE(1) -> zomb = 0 }
  :: QUIT -> break
  od
}

/* ---------------- Redis: total loss, or roll back to an older prefix ---------------- */
inline NEWINC() {
  incok=0; zomb=0; hold=0;
  oldv = (vj[0]!=0 -> 1 : 0) | (vj[1]!=0 -> 2 : 0);
  oldf = (fl[0]!=0 -> 1 : 0) | (fl[1]!=0 -> 2 : 0);
  quar = (oldv!=0 || oldf!=0)
}
#if WIPES>0
proctype Fault() {
#ifdef ROLLBACK
  byte a, s, p, pl, o, du; bit s1, s2, fa; byte l0, l1, l2, l3;
  d_step { a=applied; s=st; p=pend; pl=planned; o=open; du=due; s1=seen1; s2=seen2; fa=fail;
           l0=lease[0]; l1=lease[1]; l2=lease[2]; l3=lease[3];
           sl[0]=lt[0]; sl[1]=lt[1]; sl[2]=lt[2]; sl[3]=lt[3] };        /* at any moment */
  d_step { wipes--; applied=a; st=s; pend=p; planned=pl; open=o; due=du; seen1=s1; seen2=s2; fail=fa;
           lease[0]=l0; lease[1]=l1; lease[2]=l2; lease[3]=l3;
           lt[0]=sl[0]; lt[1]=sl[1]; lt[2]=sl[2]; lt[3]=sl[3]; sl[0]=0; sl[1]=0; sl[2]=0; sl[3]=0;
           a=0; s=0; p=0; pl=0; o=0; du=0; s1=0; s2=0; fa=0; l0=0; l1=0; l2=0; l3=0; NEWINC() }
#else
  do
  :: d_step { wipes>0 -> wipes--; applied=0; st=0; pend=0; planned=0; open=0; due=0; seen1=0; seen2=0; fail=0;
        UNLEASE(0); UNLEASE(1); UNLEASE(2); UNLEASE(3); barcnt=0;
#ifdef BUG_HOLDATOPEN
        hs=0;
#endif
#ifdef BUG_ATTREUSE
        attc[0]=0; attc[1]=0; attc[2]=0; attc[3]=0;
#endif
        NEWINC() }
  :: wipes==0 -> break
  od
#endif
}
#endif

/* ---------------- schedule: two producer replicas fire the same tick ---------------- */
proctype Trigger1(byte rec) { d_step { APPEND(rec) } }
#ifdef WITH_R2
proctype Trigger2() { d_step { (ep1>0) -> APPEND(R2) } }
#endif
#if CANCEL>0
proctype Canceller() { byte n = CANCEL; do :: d_step { n>0 && ep1>0 -> APPEND(CX); n-- } :: n==0 -> break od }
#endif

init {
  atomic {
    run Trigger1(R1);
#ifdef TWOTICKS
    run Trigger1(R1B);
#endif
#ifdef WITH_R2
    run Trigger2();
#endif
#if CANCEL>0
    run Canceller();
#endif
    run Coord(0);
#if NC>1
    run Coord(1);
#endif
    run Worker(0);
#if NW>1
    run Worker(1);
#endif
    run Clock(); run Net();
#if WIPES>0
    run Fault();
#endif
  }
}

#ifdef LTL
#define fin (FIN)
ltl live { <>[] fin }
#endif
