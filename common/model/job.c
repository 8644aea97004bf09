#include "model/job.h"

/* clang-format off */
const struct json_field job_options_fields[] = {
    {"region",        JSON_F_STR,  offsetof(struct job_options, region), .required = true, .max = 64},
    {"role",          JSON_F_STR,  offsetof(struct job_options, role), .max = 2048},
    {"external_id",   JSON_F_STR,  offsetof(struct job_options, external_id), .max = 1224},
    {"filter_key",    JSON_F_STR,  offsetof(struct job_options, filter_key), .required = true},
    {"filter_value",  JSON_F_STR,  offsetof(struct job_options, filter_value), .required = true},
    {"tier_key",      JSON_F_STR,  offsetof(struct job_options, tier_key), .required = true},
    {"vpcs",          JSON_F_STRS, offsetof(struct job_options, vpcs)},
    {"sync",          JSON_F_BOOL, offsetof(struct job_options, sync), .help = "one member after the other"},
    {"on_failure",    JSON_F_ENUM, offsetof(struct job_options, on_failure), .names = on_failure_names},
    {"timeout_s",     JSON_F_INT,  offsetof(struct job_options, timeout_s), .required = true, .help = "of one member, from its accepted call"},
    {"ready",         JSON_F_ENUM, offsetof(struct job_options, ready), .names = ready_check_names},
    {"override_file", JSON_F_STR,  offsetof(struct job_options, override_file), .max = 1024, .help = "absent: no question"},
    {"override_os",   JSON_F_ENUM, offsetof(struct job_options, override_os), .names = guest_os_names},
    {"output_bucket", JSON_F_STR,  offsetof(struct job_options, output_bucket)},
    {"output_prefix", JSON_F_STR,  offsetof(struct job_options, output_prefix)},
    {"observe",       JSON_F_BOOL, offsetof(struct job_options, observe), .help = "decide and report, change nothing"},
    {"accepted_ms",   JSON_F_INT,  offsetof(struct job_options, accepted_ms), .required = true, .help = "wall time of the run's admission, ms since 1970"},
    {0},
};

const struct json_field job_fields[] = {
    {"v",        JSON_F_INT,    offsetof(struct job, v), .required = true, .help = "1"},
    {"workload", JSON_F_STR,    offsetof(struct job, workload), .required = true, .max = IDS_WORKLOAD_MAX},
    {"run",      JSON_F_STR,    offsetof(struct job, run), .required = true, .max = IDS_RUN_MAX, .pattern = IDS_RUN_PATTERN},
    {"epoch",    JSON_F_STR,    offsetof(struct job, epoch), .required = true, .max = IDS_EPOCH_MAX, .pattern = IDS_EPOCH_PATTERN},
    {"action",   JSON_F_ENUM,   offsetof(struct job, action), .required = true, .names = action_names},
    {"step",     JSON_F_INT,    offsetof(struct job, step), .required = true},
    {"tier",     JSON_F_STR,    offsetof(struct job, tier), .required = true},
    {"job",      JSON_F_STR,    offsetof(struct job, job), .required = true, .max = IDS_JOB_MAX},
    {"options",  JSON_F_OBJECT, offsetof(struct job, options), .required = true, .fields = job_options_fields},
    {"members",  JSON_F_STRS,   offsetof(struct job, members), .required = true, .max = JOB_MEMBERS_MAX, .help = "instance ids, in order", .pattern = IDS_INSTANCE_PATTERN},
    {0},
};
/* clang-format on */

static bool job_check(const struct job *j, struct err *e)
{
    struct epoch ep;

    if (j->v != 1)
        return err_set(e, ERR_INVALID, "field 'v': %lld, this build knows 1", (long long)j->v);
    if (!ids_workload_ok(str_of(j->workload)) || !ids_run_ok(str_of(j->run)))
        return err_set(e, ERR_INVALID, "field 'workload' or 'run': not a valid name");
    if (!epoch_parse(str_of(j->epoch), &ep))
        return err_set(e, ERR_INVALID, "field 'epoch': not G:partition:offset");
    if (j->step < 0 || j->step >= SPEC_STEPS_MAX)
        return err_set(e, ERR_INVALID, "field 'step': %lld, allowed are 0 to %d", (long long)j->step,
                       SPEC_STEPS_MAX - 1);
    if (j->members.n == 0)
        return err_set(e, ERR_INVALID, "field 'members': empty");
    if (j->options.timeout_s < 1)
        return err_set(e, ERR_INVALID, "field 'timeout_s': not positive");
    if (j->options.override_file && j->options.override_os == GUEST_NONE)
        return err_set(e, ERR_INVALID, "field 'override_os': missing beside override_file");
    for (size_t i = 0; i < j->members.n; i++)
        if (!ids_instance_ok(str_of(j->members.at[i])))
            return err_set(e, ERR_INVALID, "field 'members': '%.40s' is not an instance id",
                           j->members.at[i]);
    return true;
}

bool job_parse(struct str text, struct job *out, struct err *e)
{
    JSON_CLEANUP struct json *j = json_parse(text, JOB_TEXT_MAX, e);

    if (!j || !json_decode(j, job_fields, out, e))
        return false;
    if (job_check(out, e))
        return true;
    job_release(out);
    return false;
}

void job_print(const struct job *j, struct buf *out)
{
    JSON_CLEANUP struct json *o = json_encode(job_fields, j);

    json_print(o, out);
}

void job_release(struct job *j)
{
    json_release(job_fields, j);
}
