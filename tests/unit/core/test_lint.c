#include "core/lint.h"

#include "support/weigh.h"

#include <string.h>

static const char workload_old[] =
    "{\"SpecName\":\"BotoTestCase1\",\"Region\":\"us-west-2\",\"EnvFilterTagName\":\"Environment\","
    "\"EnvFilterTagValue\":\"ENV001\",\"TierFilterTagName\":\"Role\",\"SSMS3BucketName\":\"b\","
    "\"SSMS3KeyPrefixName\":\"k\"}";
static const char tiers_old[] =
    "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"Role_Web\","
    "\"TierStart\":{\"TierSequence\":\"2\",\"TierSynchronization\":\"False\"},"
    "\"TierStop\":{\"TierSequence\":0,\"TierSynchronization\":true,\"InterTierOrchestrationDelay\":\"7\","
    "\"TierStopOverrideFilename\":\"/tmp/StopOverride\",\"TierStopOverrideOperatingSystem\":\"Linux\"}}]";

struct linted {
    struct json *workload, *tiers;
    struct spec spec;
    struct findings findings;
    bool ok;
};

static struct json *parse(const char *text)
{
    struct err e = {0};
    struct json *j = json_parse(str_of(text), 1 << 20, &e);

    if (!j)
        fail_msg("%s", e.msg);
    return j;
}

static struct linted lint(const char *workload, const char *tiers, bool strict)
{
    struct linted l = {.workload = parse(workload), .tiers = parse(tiers)};

    l.ok = lint_workload("BotoTestCase1", l.workload, l.tiers, strict, &l.spec, &l.findings);
    return l;
}

static void release(struct linted *l)
{
    json_free(l->workload);
    json_free(l->tiers);
    findings_release(&l->findings);
    spec_release(&l->spec);
}

/* The first error is about this attribute and holds these words. */
static void refused(const char *workload, const char *tiers, bool strict, const char *attribute,
                    const char *words, enum cause cause)
{
    struct linted l = lint(workload, tiers, strict);
    const struct finding *f = findings_first_error(&l.findings);

    assert_false(l.ok);
    assert_non_null(f);
    assert_string_equal(f->attribute, attribute);
    if (!strstr(f->message, words))
        fail_msg("'%s' lacks '%s'", f->message, words);
    assert_int_equal(f->cause, cause);
    release(&l);
}

static void rows_of_the_older_generation_are_read_as_they_are(void **state)
{
    struct linted l = lint(workload_old, tiers_old, true);

    (void)state;
    assert_true(l.ok);
    assert_string_equal(l.spec.region, "us-west-2");
    assert_string_equal(l.spec.filter_key, "Environment");
    assert_string_equal(l.spec.filter_value, "ENV001");
    assert_string_equal(l.spec.tier_key, "Role");
    assert_int_equal(l.spec.tiers.n, 1);
    const struct tier *t = &l.spec.tiers.at[0];
    assert_true(t->start.present && t->stop.present);
    assert_int_equal(t->start.sequence, 2);
    assert_false(t->start.sync);
    assert_int_equal(t->stop.sequence, 0);
    assert_true(t->stop.sync);
    assert_int_equal(t->stop.delay_s, 7);
    assert_string_equal(t->override_file, "/tmp/StopOverride");
    assert_int_equal(t->override_os, GUEST_LINUX);
    assert_int_equal(t->timeout_s, SPEC_TIMEOUT_DEFAULT_S);
    release(&l);
}

static void both_names_of_one_attribute_must_agree(void **state)
{
    (void)state;
    refused("{\"SpecName\":\"BotoTestCase1\",\"Region\":\"us-west-2\",\"WorkloadRegion\":\"eu-west-1\","
            "\"EnvFilterTagName\":\"E\","
            "\"EnvFilterTagValue\":\"V\",\"TierFilterTagName\":\"Role\"}",
            tiers_old, false, "WorkloadRegion", "differs from its older name", CAUSE_INVALID);
    struct linted l =
        lint("{\"SpecName\":\"BotoTestCase1\",\"Region\":\"us-west-2\",\"WorkloadRegion\":\"us-west-2\","
             "\"EnvFilterTagName\":\"E\",\"EnvFilterTagValue\":\"V\",\"TierFilterTagName\":\"Role\"}",
             tiers_old, false);
    assert_true(l.ok);
    assert_int_equal(l.findings.at[0].severity, SEVERITY_NOTICE);
    release(&l);
}

static void a_missing_region_has_no_default(void **state)
{
    (void)state;
    refused("{\"SpecName\":\"BotoTestCase1\",\"EnvFilterTagName\":\"E\",\"EnvFilterTagValue\":\"V\","
            "\"TierFilterTagName\":\"R\"}",
            tiers_old, false, "WorkloadRegion", "is missing", CAUSE_INVALID);
}

static void an_attribute_that_is_not_built_refuses_the_run(void **state)
{
    (void)state;
    refused("{\"SpecName\":\"BotoTestCase1\",\"Region\":\"r\",\"EnvFilterTagName\":\"E\","
            "\"EnvFilterTagValue\":\"V\","
            "\"TierFilterTagName\":\"R\",\"SNSTopicName\":\"t\"}",
            tiers_old, false, "SNSTopicName", "not supported", CAUSE_NOT_SUPPORTED);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":0},"
            "\"TierKind\":\"rds\"}]",
            false, "TierKind", "reserved", CAUSE_NOT_SUPPORTED);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStart\":{\"TierSequence\":0,"
            "\"ReadyCheck\":{\"Tcp\":{\"Port\":1}}}}]",
            false, "TierStart.ReadyCheck", "not supported", CAUSE_NOT_SUPPORTED);
}

static void an_unknown_word_is_an_error_and_never_off(void **state)
{
    (void)state;
    refused("{\"SpecName\":\"BotoTestCase1\",\"Region\":\"r\",\"EnvFilterTagName\":\"E\","
            "\"EnvFilterTagValue\":\"V\","
            "\"TierFilterTagName\":\"R\",\"DisableAllSchedulingActions\":\"off\"}",
            tiers_old, false, "DisableAllSchedulingActions", "neither true", CAUSE_INVALID);
    refused(
        workload_old,
        "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":\"first\"}}]",
        false, "TierStop.TierSequence", "not a whole number", CAUSE_INVALID);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":-1}}]",
            false, "TierStop.TierSequence", "not a whole number", CAUSE_INVALID);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":1.5}}]",
            false, "TierStop.TierSequence", "wrong type", CAUSE_INVALID);
    refused(workload_old, "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{}}]", false,
            "TierStop.TierSequence", "is missing", CAUSE_INVALID);
}

static void a_flag_is_the_same_in_every_type(void **state)
{
    static const char *const words[] = {"\"1\"", "1", "true", "\"true\"", "\"TRUE\""};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        BUF_CLEANUP struct buf row = BUF_INIT(1000);
        buf_addf(&row,
                 "{\"SpecName\":\"BotoTestCase1\",\"Region\":\"r\",\"EnvFilterTagName\":\"E\","
                 "\"EnvFilterTagValue\":\"V\","
                 "\"TierFilterTagName\":\"R\",\"DisableAllSchedulingActions\":%s}",
                 words[i]);
        struct linted l = lint(buf_cstr(&row), tiers_old, true);
        assert_true(l.ok);
        assert_true(l.spec.disabled);
        release(&l);
    }
}

static void an_unknown_attribute_names_its_nearest_neighbour(void **state)
{
    static const char row[] = "{\"SpecName\":\"BotoTestCase1\",\"Region\":\"r\",\"EnvFilterTagName\":\"E\","
                              "\"EnvFilterTagValue\":\"V\","
                              "\"TierFilterTagName\":\"R\",\"MaxInstance\":3}";

    (void)state;
    refused(row, tiers_old, true, "MaxInstance", "did you mean MaxInstances?", CAUSE_INVALID);
    struct linted l = lint(row, tiers_old, false);
    assert_true(l.ok);
    assert_int_equal(l.findings.at[0].severity, SEVERITY_WARNING);
    release(&l);
}

static void an_override_file_needs_its_system_and_a_safe_path(void **state)
{
    (void)state;
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":0,"
            "\"TierStopOverrideFilename\":\"/x\"}}]",
            false, "TierStop.TierStopOverrideOperatingSystem", "is missing", CAUSE_INVALID);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":0,"
            "\"TierStopOverrideFilename\":\"/x{{ssm:y}}\",\"TierStopOverrideOperatingSystem\":\"Linux\"}}]",
            false, "TierStop.TierStopOverrideFilename", "{{", CAUSE_INVALID);
    refused(workload_old,
            "[{\"SpecName\":\"BotoTestCase1\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":0,"
            "\"TierStopOverrideFilename\":\"tmp/x\",\"TierStopOverrideOperatingSystem\":\"Linux\"}}]",
            false, "TierStop.TierStopOverrideFilename", "absolute", CAUSE_INVALID);
}

static void a_workload_without_rows_is_unknown_and_one_without_tiers_invalid(void **state)
{
    struct findings f = {0};
    struct spec s = {0};
    JSON_CLEANUP struct json *none = parse("[]");

    (void)state;
    assert_false(lint_workload("x", NULL, none, false, &s, &f));
    assert_int_equal(findings_first_error(&f)->cause, CAUSE_UNKNOWN_WORKLOAD);
    findings_release(&f);
    refused(workload_old, "[]", false, "SpecName", "at least one tier", CAUSE_INVALID);
    refused(workload_old,
            "[{\"SpecName\":\"B\",\"TierTagValue\":\"a\"},{\"SpecName\":\"B\",\"TierTagValue\":\"a\"}]",
            false, "TierTagValue", "stands twice", CAUSE_INVALID);
}

static void more_than_two_hundred_steps_are_refused_and_equal_numbers_are_one(void **state)
{
    BUF_CLEANUP struct buf rows = BUF_INIT(1 << 20);
    struct findings f = {0};

    (void)state;
    for (int steps = 200; steps <= 201; steps++) {
        buf_clear(&rows);
        buf_addc(&rows, '[');
        for (int i = 0; i <= steps; i++) /* the last one shares a number */
            buf_addf(&rows,
                     "%s{\"SpecName\":\"B\",\"TierTagValue\":\"t%d\",\"TierStop\":{\"TierSequence\":%d}}",
                     i ? "," : "", i, (i < steps ? i : 0) * 3);
        buf_addc(&rows, ']');
        struct linted l = lint(workload_old, buf_cstr(&rows), false);
        assert_true(l.ok);
        assert_int_equal(lint_action(&l.spec, ACTION_STOP, &(struct strs){0}, &f), steps == 200);
        release(&l);
    }
    assert_int_equal(findings_first_error(&f)->cause, CAUSE_TOO_MANY_STEPS);
    findings_release(&f);
}

static void an_action_in_which_no_tier_takes_part_is_refused(void **state)
{
    struct linted l =
        lint(workload_old, "[{\"SpecName\":\"B\",\"TierTagValue\":\"a\",\"TierStop\":{\"TierSequence\":0}}]",
             false);
    struct findings f = {0};
    STRS_CLEANUP struct strs only = {0};

    (void)state;
    assert_true(l.ok);
    assert_false(lint_action(&l.spec, ACTION_START, &only, &f));
    strs_add(&only, STR("b"));
    assert_false(lint_action(&l.spec, ACTION_STOP, &only, &f));
    findings_release(&f);
    release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(rows_of_the_older_generation_are_read_as_they_are),
        WEIGHED(both_names_of_one_attribute_must_agree),
        WEIGHED(a_missing_region_has_no_default),
        WEIGHED(an_attribute_that_is_not_built_refuses_the_run),
        WEIGHED(an_unknown_word_is_an_error_and_never_off),
        WEIGHED(a_flag_is_the_same_in_every_type),
        WEIGHED(an_unknown_attribute_names_its_nearest_neighbour),
        WEIGHED(an_override_file_needs_its_system_and_a_safe_path),
        WEIGHED(a_workload_without_rows_is_unknown_and_one_without_tiers_invalid),
        WEIGHED(more_than_two_hundred_steps_are_refused_and_equal_numbers_are_one),
        WEIGHED(an_action_in_which_no_tier_takes_part_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
