"""The schedule engine against other engines: croniter for expressions, Python's zoneinfo for zones, and a walk minute by
minute for both together."""

import datetime
import pathlib
import random
import subprocess
import zoneinfo

import pytest
from croniter import croniter

EPOCH = datetime.datetime(1970, 1, 1)
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()
FIELDS = ((0, 59, None), (0, 23, None), (1, 31, None), (1, 12, MONTHS), (0, 6, DAYS))
FOLDER = pathlib.Path(zoneinfo.TZPATH[0])
# Every kind of change: northern and southern, half an hour, none at midnight alone, a date line, negative daylight time.
ZONES = (
    "Europe/Berlin America/New_York Australia/Lord_Howe America/Santiago Europe/Dublin Asia/Tehran Asia/Kolkata "
    "Africa/Casablanca Pacific/Apia America/Sao_Paulo Asia/Gaza UTC Pacific/Chatham America/Havana"
).split()


@pytest.fixture(scope="module")
def engine(bin_dir):
    """Asks the program many questions at once."""

    def ask(questions):
        text = "".join("\t".join(map(str, q)) + "\n" for q in questions)
        program = bin_dir.parent / "protocol" / "protocol_tick"
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout.splitlines()

    return ask


def value(rnd, low, high, names):
    n = rnd.randint(low, high)
    word = names[n - low] if names and rnd.random() < 0.4 else str(n)
    return n, word.lower() if rnd.random() < 0.3 else word


def part(rnd, low, high, names):
    kind = rnd.random()
    if kind < 0.5:
        return value(rnd, low, high, names)[1]
    (a, first), (b, last) = sorted((value(rnd, low, high, names) for _ in range(2)), key=lambda v: v[0])
    if a == b:
        return first  # croniter takes 5-5 for a whole turn
    return f"{first}-{last}/{rnd.randint(1, b - a)}" if kind > 0.8 else f"{first}-{last}"


def field(rnd, low, high, names):
    kind = rnd.random()
    if kind < 0.35:
        return "*"
    if kind < 0.45:
        return f"*/{rnd.randint(1, high - low)}"
    return ",".join(part(rnd, low, high, names) for _ in range(rnd.choice((1, 1, 1, 2, 3))))


def expression(rnd):
    return " ".join(field(rnd, *f) for f in FIELDS)


def minute_of(moment):
    return int((moment - EPOCH).total_seconds()) // 60


def test_five_thousand_random_expressions_name_the_times_that_croniter_names(engine):
    rnd = random.Random(9)
    questions, wanted = [], []
    while len(questions) < 5000:
        text = expression(rnd)
        begin = EPOCH + datetime.timedelta(minutes=rnd.randrange(30 * 525600, 70 * 525600))
        try:
            # implement_cron_bug: a day field that begins with * restricts nothing, as in Debian's cron
            walk = croniter(text, begin, implement_cron_bug=True, max_years_between_matches=60)
            times = [minute_of(walk.get_next(datetime.datetime)) for _ in range(4)]
        except (ValueError, KeyError):  # no such day
            times = None
        questions.append(("cron", text, minute_of(begin), 4))
        wanted.append(times)
    wrong = []
    for question, times, answer in zip(questions, wanted, engine(questions)):
        ours = None if answer.startswith("error") else [int(n) for n in answer.split()]
        if ours != times:
            wrong.append((question[1], EPOCH + datetime.timedelta(minutes=question[2]), times, answer))
    assert not wrong[:5], f"{len(wrong)} differ"
    assert sum(t is not None for t in wanted) > 4500


def test_every_zone_of_the_machine_has_the_offsets_that_zoneinfo_gives_it(engine):
    rnd = random.Random(4)
    questions, wanted = [], []
    for name in sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}):
        zone = zoneinfo.ZoneInfo(name)
        for _ in range(12):
            second = rnd.randrange(0, 4 * 10**9)
            moment = datetime.datetime.fromtimestamp(second, zone)
            questions.append(("span", FOLDER / name, second))
            wanted.append(int(moment.utcoffset().total_seconds()))
    answers = engine(questions)
    wrong = [(q, w, a) for q, w, a in zip(questions, wanted, answers) if a.split(" ")[0] != str(w)]
    assert not wrong[:5], f"{len(wrong)} of {len(questions)} differ"
    assert len(questions) > 5000


def walked(zone, matches, after, count):
    """The rule by brute force: minute by minute through the zone's days, what a clock shows for the first time."""
    moment = datetime.datetime.fromtimestamp(after // 60 * 60 - 3 * 86400, datetime.timezone.utc)
    shown, ticks = None, []
    while len(ticks) < count:
        local = moment.astimezone(zone).replace(tzinfo=None, second=0)
        if shown is None or local > shown:
            passed = [] if shown is None else [local]
            while shown is not None and passed[-1] - datetime.timedelta(minutes=1) > shown:
                passed.append(passed[-1] - datetime.timedelta(minutes=1))
            fits = [p for p in passed if matches(p)]
            if fits and moment.timestamp() > after:
                ticks.append(f"{fits[0]:%Y%m%d%H%M}:{int(moment.timestamp()) * 1000}")
            shown = local
        moment += datetime.timedelta(minutes=1)
    return ticks


def test_ticks_around_every_change_of_many_zones_are_what_a_walk_by_the_minute_finds(engine):
    rnd = random.Random(7)
    questions, wanted = [], []
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        changes = [s for s in range(1735689600, 1798761600, 1800) if offset(zone, s) != offset(zone, s - 1800)]
        for at in changes[:4] or [1750000000]:
            step, begin = rnd.choice((7, 13, 20, 30)), at - rnd.randrange(3600, 5 * 3600)
            questions.append(("tick", f"*/{step} * * * *", FOLDER / name, begin * 1000, 30))
            wanted.append(walked(zone, lambda m, s=step: m.minute % s == 0, begin, 30))
    wrong = [(q, w, a.split()) for q, w, a in zip(questions, wanted, engine(questions)) if a.split() != w]
    assert not wrong[:2], f"{len(wrong)} of {len(questions)} differ"
    assert len(questions) > 30


def offset(zone, second):
    return datetime.datetime.fromtimestamp(second, zone).utcoffset()
