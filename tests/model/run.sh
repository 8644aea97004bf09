#!/bin/bash
# Checks barrier.pml with spin: the correct protocol must hold, each deliberately broken variant must be caught.
# What each run means: docs/protocol.md section 6.   needs: spin 6.5, gcc
# usage: run.sh [quick|all|bugs]   quick: about 9 minutes on one core, < 1 GB; bugs: only the broken variants, about
#   1 minute; all: more than an hour, up to 9 GB (fence_2212 uses hash-compact, barrier_22 bitstate).
# Exit status: number of runs that did not end as expected.
M=$(dirname "$(readlink -f "$0")")/barrier.pml
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
cd "$W" || exit 1
BAD=0
run() { # name expect(ok|err) spinflags gccflags panflags
  mkdir -p "$1"; cd "$1" || exit 1; t0=$SECONDS
  if ! { spin -a $3 "$M" >spin.out 2>&1 && gcc -O2 $4 -o pan pan.c >gcc.out 2>&1; }; then
    echo "$1 BUILD FAILED"; cat spin.out gcc.out; BAD=$((BAD+1)); cd ..; return
  fi
  timeout "${T:-900}" ./pan $5 >pan.out 2>&1
  e=$(grep -oE "errors: [0-9]+" pan.out); s=$(grep -E "states, stored" pan.out | awk '{print $1}')
  v=$(grep -E "^pan:1:" pan.out | head -1); w=WRONG
  if grep -qE "Search not completed|max search depth too small|error: reached -DMEMLIM" pan.out; then
    [ "$2" = ok ] && e=INCOMPLETE
  fi
  [ "$2" = ok ] && [ "$e" = "errors: 0" ] && w=as-expected
  [ "$2" = err ] && [ -n "$v" ] && w=as-expected
  [ $w = WRONG ] && BAD=$((BAD+1))
  printf "%-14s expect=%-3s %-11s %-10s states=%-10s %3ss %s\n" \
    "$1" "$2" "$w" "${e:-INCOMPLETE}" "$s" $((SECONDS-t0)) "$v"
  cd .. && rm -rf "$1"
}
S="-DSAFETY -DCOLLAPSE -DMEMLIM=7000"; P="-m2000000 -w24"
L="-DCOLLAPSE -DNFAIR=3 -DMEMLIM=7000"; A="-a -f -m2000000 -w24"
E="$P -E"                                    # tier 1 only published: a run may end anywhere
O="-DNC=1 -DNW=2 -DNT0=1 -DWITH_T1 -DT1STUB -DFAILS -DDUPS=0"      # outcomes: S1, S1b, S5
if [ "$1" != bugs ]; then
echo "--- correct protocol: safety, timers may fire at any moment (crashes unlimited)"
run fence      ok "-DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run fence_un   ok "-DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DFAILS -DUNANS -DRELS -DWIPES=0 -DDUPS=0" "$S" "$P"
run fence_q    ok "-DENDBOUND -DQUEUE -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run tick       ok "-DTWOTICKS -DNC=2 -DNW=1 -DNT0=1 -DWITH_T1 -DWIPES=1 -DDUPS=0" "$S" "$P"
run outcome    ok "$O -DUNANS -DRELS -DSPLIT -DWIPES=2" "$S" "$E"
run outcome_h  ok "$O -DHALT -DUNANS -DRELS -DSPLIT -DWIPES=1" "$S" "$E"
# the weaker S1b (issue only) needs no z
run outcome_i  ok "$O -DALWAYSGUARD -DS1B_ISSUE -DBUG_NOZSTEP -DUNANS -DRELS -DSPLIT -DWIPES=1" \
  "$S" "$E"
# the older, unconditional guard with hold
run outcome_a  ok "$O -DALWAYSGUARD -DUNANS -DRELS -DSPLIT -DWIPES=1" \
  "$S" "$E"
# 4.5's rule is defence in depth
run latefail   ok "$O -DBUG_LATEFAIL -DUNANS -DRELS -DSPLIT -DWIPES=1" \
  "$S" "$E"
echo "--- correct protocol: no stuck state (invalid end state), timers only on quiescence"
run live1      ok "-DLIVE -DNC=1 -DNW=1 -DNT0=2 -DWITH_T1 -DCRASHES=2 -DWIPES=1 -DDUPS=1" "$S" "$P"
run live2      ok "-DLIVE -DNC=2 -DNW=2 -DNT0=1 -DWITH_T1 -DCRASHES=${LIVE2C:-1} -DWIPES=1 -DDUPS=0" "$S" "$P"
run live3      ok "-DLIVE -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DCRASHES=2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run live_fc    ok "-DLIVE -DFAILS -DUNANS -DNC=1 -DNW=2 -DNT0=1 -DWITH_T1 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$S" "$P"
run live_fh    ok "-DLIVE -DFAILS -DHALT -DUNANS -DNC=1 -DNW=2 -DNT0=1 -DWITH_T1 -DCRASHES=1 -DWIPES=1 -DDUPS=0" \
  "$S" "$P"
run live_q     ok "-DLIVE -DQUEUE -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$S" "$P"
run live_x     ok "-DLIVE -DCANCEL=2 -DNC=1 -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$S" "$P"
echo "--- correct protocol: LTL <>[] finished under weak fairness"
run ltl1       ok "-DLTL -DLIVE -DNC=1 -DNW=1 -DNT0=1 -DWITH_T1 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$L" "$A"
run ltl4       ok "-DLTL -DLIVE -DNC=1 -DNW=2 -DNT0=2 -DWITH_T1 -DCRASHES=1 -DWIPES=0 -DDUPS=0" "$L" "$A"
run ltl_fc     ok "-DLTL -DLIVE -DFAILS -DUNANS -DNC=1 -DNW=1 -DNT0=1 -DWITH_T1 -DCRASHES=1 -DWIPES=1 -DDUPS=0" \
  "$L" "$A"
run ltl_fh     ok "-DLTL -DLIVE -DFAILS -DHALT -DUNANS -DNC=1 -DNW=1 -DNT0=1 -DWITH_T1 -DCRASHES=1 -DWIPES=1 -DDUPS=0" \
  "$L" "$A"
# 2 coordinators: all
run ltl5       ok "-DLTL -DLIVE -DNC=${LTL5C:-1} -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" \
  "$L" "$A"
fi
if [ "$1" = all ]; then
run live2_c2   ok "-DLIVE -DNC=2 -DNW=2 -DNT0=1 -DWITH_T1 -DCRASHES=2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run ltl5_2     ok "-DLTL -DLIVE -DNC=2 -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$L" "$A"
run ltl_qx     ok "-DLTL -DLIVE -DQUEUE -DCANCEL=1 -DNC=1 -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" \
  "$L" "$A"
run fence_un_w ok "-DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DFAILS -DUNANS -DWIPES=1 -DDUPS=0" "$S" "$P"
run live_x2    ok "-DLIVE -DCANCEL=1 -DNC=2 -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=1 -DWIPES=1 -DDUPS=0" "$S" "$P"
run outcome_rb ok "$O -DROLLBACK -DUNANS -DRELS -DSPLIT -DWIPES=1" "$S" "$E"
run barrier_w1 ok "-DNC=2 -DNW=1 -DNT0=2 -DWITH_T1 -DWIPES=1 -DDUPS=0" "$S" "$P"
run fence_22   ok "-DNC=2 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=0 -DDUPS=1" "$S" "$P"
run fence_rb   ok "-DROLLBACK -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run barrier_rb ok "-DROLLBACK -DNC=1 -DNW=1 -DNT0=2 -DWITH_T1 -DWIPES=1 -DDUPS=1" "$S" "$P"
T=3600 run barrier_22 ok "-DNC=2 -DNW=2 -DNT0=2 -DWITH_T1 -DWIPES=0 -DDUPS=0" \
  "-DSAFETY -DBITSTATE" "-m8000000 -w35 -k3"
T=1200 run fence_2212 ok "-DNC=2 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" \
  "-DSAFETY -DHC4 -DMEMLIM=9000" "-m2000000 -w27"
fi
echo "--- deliberately broken variants: spin must report an error"
D="-DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=0 -DDUPS=0"
X="-DLIVE -DNC=1 -DNW=1 -DNT0=1 -DWITH_R2 -DCRASHES=0 -DWIPES=0 -DDUPS=0"
run b_counter  err "-DBUG_COUNTER  -DNC=1 -DNW=2 -DNT0=2 -DWITH_T1 -DWIPES=0 -DDUPS=1" "$S" "$P"
run b_wal      err "-DBUG_WAL      -DNC=1 -DNW=2 -DNT0=2 -DWITH_T1 -DWIPES=0 -DCRASHES=1 -DDUPS=0" "$S" "$P"
run b_outbox   err "-DBUG_OUTBOX -DLIVE -DNC=1 -DNW=1 -DNT0=2 -DWITH_T1 -DWIPES=0 -DCRASHES=1 -DDUPS=0" "$S" "$P"
run b_nodrain  err "-DBUG_NODRAIN  $D" "$S" "$P"
run b_nofence  err "-DBUG_NOFENCE  $D" "$S" "$P"
run b_clrlease err "-DBUG_CLRLEASE $D" "$S" "$P"
run b_noquar   err "-DBUG_NOQUAR   -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run b_noinc    err "-DBUG_NOINC -DROLLBACK -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run b_nodedup  err "-DBUG_NODEDUP -DTWOTICKS -DNC=1 -DNW=1 -DNT0=1 -DWIPES=0 -DDUPS=0" "$S" "$P"
run b_nozomb   err "-DBUG_NOZOMB   $D" "$S" "$P"
run b_takeover err "-DBUG_TAKEOVER $D" "$S" "$P"
run b_attreuse err "-DBUG_ATTREUSE -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" \
  "-DSAFETY -DBFS -DMEMLIM=7000" "-w24"
run b_unans    err "-DBUG_UNANSWERED -DFAILS -DUNANS $D" "$S" "$P"
run b_relunans err "-DBUG_RELUNANS -DRELS -DFAILS -DUNANS $D" "$S" "$P"
run b_endlag   err "-DBUG_ENDLAG -DENDBOUND -DQUEUE -DNC=1 -DNW=2 -DNT0=1 -DWITH_R2 -DWIPES=1 -DDUPS=0" "$S" "$P"
run b_noguard  err "-DBUG_NOSTEPGUARD $O -DWIPES=0" "$S" "$E"
run b_late_ng  err "-DBUG_LATEFAIL -DBUG_NOSTEPGUARD $O -DWIPES=0" "$S" "$E"
run b_nozstep  err "-DBUG_NOZSTEP $O -DWIPES=0" "$S" "$E"
run b_noqstep  err "-DBUG_NOQSTEP $O -DWIPES=1" "$S" "$E"
run b_nohold   err "-DALWAYSGUARD -DBUG_NOHOLD -DBUG_NOZSTEP -DS1B_ISSUE $O -DWIPES=1" "$S" "$E"
run b_holdopen err "-DALWAYSGUARD -DBUG_HOLDATOPEN -DBUG_NOZSTEP -DS1B_ISSUE $O -DWIPES=1" "$S" "$E"
run b_anycanc  err "-DBUG_ANYCANCEL -DCANCEL=2 $X" "$S" "$P"
run b_emptynxt err "-DBUG_EMPTYNEXT -DCANCEL=1 $X" "$S" "$P"
run b_qlost    err "-DBUG_QLOST -DQUEUE $X" "$S" "$P"
run b_livelock err "-DLTL -DLIVE -DBUG_LOSEDONE -DNC=1 -DNW=1 -DNT0=1 -DWITH_T1 -DCRASHES=0 -DWIPES=0 -DDUPS=0" \
  "$L" "$A"
echo "--- $SECONDS s, $BAD not as expected"
exit $BAD
