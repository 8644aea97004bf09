#include "cli/examples.h"

#include "cli/schemas.h"

/* Records of one run of tests/e2e/test_readers.py. Who asked is made up. */

/* clang-format off */
static const struct {
    const char *sentence, *text;
} examples[SCHEMAS] = {
    [EVENT_RUN_REQUESTED] = {"somebody, or a schedule, asks for a run",
        "{\"v\":1,\"type\":\"RunRequested\",\"ts\":\"2026-12-01T05:22:29.262Z\",\"workload\":\"shop\",\"run\":\"down\",\"action\":\"stop\",\"origin\":{\"kind\":\"cli\",\"who\":\"ann@desk\",\"reason\":\"night\"},\"if_busy\":\"reject\",\"not_after_ms\":1796103149262}"},
    [EVENT_RUN_ACCEPTED] = {"the run is admitted; its place in the log is the epoch, its rows are frozen in it",
        "{\"v\":1,\"type\":\"RunAccepted\",\"ts\":\"2026-12-01T05:22:29.677Z\",\"workload\":\"shop\",\"run\":\"down\",\"action\":\"stop\",\"request\":\"0:0:0\",\"steps\":[{\"tiers\":[\"web\"],\"delay_s\":1},{\"tiers\":[\"app\"]},{\"tiers\":[\"db\"]}],\"spec\":{\"workload\":\"shop\",\"filter_key\":\"Workload\",\"filter_value\":\"SHOP\",\"tier_key\":\"Tier\",\"region\":\"eu-west-1\",\"vpcs\":[\"vpc-11111111\"],\"output_bucket\":\"answers\",\"output_prefix\":\"ssm\",\"owner\":\"the shop's people\",\"description\":\"sells\",\"tiers\":[{\"tier\":\"app\",\"start\":{\"present\":true,\"sequence\":1,\"sync\":true},\"stop\":{\"present\":true,\"sequence\":1,\"sync\":true},\"timeout_s\":600},{\"tier\":\"db\",\"start\":{\"present\":true},\"stop\":{\"present\":true,\"sequence\":2},\"ready\":\"status-ok\",\"timeout_s\":600},{\"tier\":\"web\",\"start\":{\"present\":true,\"sequence\":2},\"stop\":{\"present\":true,\"delay_s\":1},\"override_file\":\"/var/lock/keep\",\"override_os\":\"Linux\",\"timeout_s\":600}]},\"on_failure\":\"halt\",\"not_after_ms\":1796103149262,\"deadline_s\":21600,\"pause_s\":604800,\"members\":6,\"origin\":{\"kind\":\"cli\",\"who\":\"ann@desk\",\"reason\":\"night\"}}"},
    [EVENT_RUN_REFUSED] = {"the run is not admitted, and why",
        "{\"v\":1,\"type\":\"RunRefused\",\"ts\":\"2026-12-01T05:22:29.676Z\",\"workload\":\"off\",\"run\":\"20261201T052229-81d8d6265a6c\",\"action\":\"stop\",\"request\":\"0:0:5\",\"cause\":\"switched-off\",\"detail\":\"set it to 0 in the workload's row to allow runs\"}"},
    [EVENT_DRAINED] = {"nothing of the run before can reach EC2 any more, the next one begins",
        "{\"v\":1,\"type\":\"Drained\",\"ts\":\"2026-12-01T05:22:31.944Z\",\"workload\":\"slow\",\"run\":\"s2\",\"old_epoch\":\"0:0:9\",\"next_epoch\":\"0:0:31\"}"},
    [EVENT_TIER_PLANNED] = {"who is a member of the tiers of a step, and the jobs made of them",
        "{\"v\":1,\"type\":\"TierPlanned\",\"ts\":\"2026-12-01T05:22:29.732Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"action\":\"stop\",\"step\":0,\"plan\":\"c44e2b00931bc2792f06ae99c243d4cd\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":\"web\",\"kind\":\"ec2\",\"options\":{\"region\":\"eu-west-1\",\"filter_key\":\"Workload\",\"filter_value\":\"SHOP\",\"tier_key\":\"Tier\",\"vpcs\":[\"vpc-11111111\"],\"timeout_s\":600,\"override_file\":\"/var/lock/keep\",\"override_os\":\"Linux\",\"output_bucket\":\"answers\",\"output_prefix\":\"ssm\",\"accepted_ms\":1796102549677},\"jobs\":[{\"job\":\"0.0.8.0.0#c2946d7f1fcc\",\"members\":[\"i-0001000000aaaaaaa\",\"i-0001000001aaaaaaa\",\"i-0001000002aaaaaaa\"]}]}]}"},
    [EVENT_PLAN_FAILED] = {"a step could not be planned: the run fails",
        "{\"v\":1,\"type\":\"PlanFailed\",\"ts\":\"2026-12-01T05:22:32.583Z\",\"workload\":\"unplanned\",\"run\":\"u\",\"epoch\":\"0:0:11\",\"action\":\"stop\",\"step\":0,\"cause\":\"refused-by-ec2\",\"detail\":\"ec2 DescribeInstances: HTTP 400 InvalidParameterValue: no\"}"},
    [EVENT_JOB_TERMINAL] = {"a job is over: what became of each of its members; the first one of a job counts",
        "{\"v\":1,\"type\":\"JobTerminal\",\"ts\":\"2026-12-01T05:22:31.571Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"action\":\"stop\",\"step\":0,\"tier\":\"web\",\"job\":\"0.0.8.0.0#c2946d7f1fcc\",\"attempt\":1,\"token\":\"ed5f10beaf33bbbc5f1f27e499355138\",\"worker\":\"worker-3b8b8350\",\"members\":[{\"id\":\"i-0001000000aaaaaaa\",\"outcome\":\"bypassed\",\"cause\":\"override-present\",\"from\":\"running\",\"to\":\"running\"},{\"id\":\"i-0001000001aaaaaaa\",\"outcome\":\"done\",\"from\":\"running\",\"to\":\"stopped\",\"took_ms\":448},{\"id\":\"i-0001000002aaaaaaa\",\"outcome\":\"done\",\"from\":\"running\",\"to\":\"stopped\",\"took_ms\":448}]}"},
    [EVENT_PAUSE] = {"the run begins nothing new until a Resume",
        "{\"v\":1,\"type\":\"Pause\",\"ts\":\"2026-12-01T05:22:41.303Z\",\"workload\":\"slow\",\"run\":\"s3\",\"id\":\"k3\",\"who\":\"ann@desk\",\"reason\":\"wait\"}"},
    [EVENT_RESUME] = {"the paused run goes on",
        "{\"v\":1,\"type\":\"Resume\",\"ts\":\"2026-12-01T05:22:41.310Z\",\"workload\":\"slow\",\"run\":\"s3\",\"id\":\"k4\",\"who\":\"ann@desk\"}"},
    [EVENT_CANCEL] = {"the run is to end: no new call of it starts",
        "{\"v\":1,\"type\":\"Cancel\",\"ts\":\"2026-12-01T05:22:41.333Z\",\"workload\":\"slow\",\"run\":\"s3\",\"id\":\"fde70d0a5ffd96b9491553e92c846e76\",\"who\":\"ann@desk\",\"reason\":\"not now\",\"cause\":\"cancelled\"}"},
    [EVENT_HOLD_SET] = {"a workload, a tier or an instance is left alone until a moment",
        "{\"v\":1,\"type\":\"HoldSet\",\"ts\":\"2026-12-01T05:22:31.972Z\",\"workload\":\"slow\",\"id\":\"k1\",\"hold\":\"h1\",\"scope\":{\"tier\":\"b\"},\"until_ms\":1796103151972,\"who\":\"ann@desk\",\"reason\":\"repair\"}"},
    [EVENT_HOLD_CLEARED] = {"a hold is over before its time",
        "{\"v\":1,\"type\":\"HoldCleared\",\"ts\":\"2026-12-01T05:22:31.981Z\",\"workload\":\"slow\",\"id\":\"k2\",\"hold\":\"h1\",\"who\":\"ann@desk\"}"},
    [EVENT_VIEW_OPENED] = {"a Redis may grant leases, and the fleet's times",
        "{\"v\":1,\"type\":\"ViewOpened\",\"ts\":\"2026-12-01T05:22:29.662Z\",\"inc\":\"f444fb53337d8325d69779eba3a74fa381b1e857\",\"ttl_ms\":2000,\"taws_ms\":3000}"},
    [EVENT_RUN_FINISHED] = {"the run is over: its result, with the counts of its members",
        "{\"v\":1,\"type\":\"RunFinished\",\"ts\":\"2026-12-01T05:22:34.204Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"action\":\"stop\",\"result\":\"succeeded\",\"counts\":{\"done\":5,\"bypassed\":1}}"},
    [EVENT_TIER_RELEASED] = {"a step's jobs are due",
        "{\"v\":1,\"type\":\"TierReleased\",\"ts\":\"2026-12-01T05:22:29.853Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"step\":0,\"tiers\":[\"web\"]}"},
    [EVENT_TIER_COMPLETED] = {"every job of a step is over",
        "{\"v\":1,\"type\":\"TierCompleted\",\"ts\":\"2026-12-01T05:22:31.578Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"step\":0,\"tiers\":[\"web\"]}"},
    [EVENT_PLAN_DELAYED] = {"a step cannot be planned now; it is tried again",
        "{\"v\":1,\"type\":\"PlanDelayed\",\"ts\":\"2026-12-01T05:22:29.745Z\",\"workload\":\"unplanned\",\"run\":\"u\",\"epoch\":\"0:0:11\",\"action\":\"stop\",\"step\":0,\"cause\":\"refused-by-ec2\",\"detail\":\"ec2 DescribeInstances: HTTP 400 InvalidParameterValue: no\",\"until_ms\":1796103149743}"},
    [EVENT_SCHEDULE_MISSED] = {"a tick of a schedule did not fire, and why",
        "{\"v\":1,\"type\":\"ScheduleMissed\",\"ts\":\"2026-12-01T05:22:50.166Z\",\"workload\":\"sched\",\"action\":\"stop\",\"schedule\":\"evening|stop|UTC\",\"tick\":202612010514,\"why\":\"newer-tick\"}"},
    [EVENT_JOB_PROGRESS] = {"where a job's members are just now",
        "{\"v\":1,\"type\":\"JobProgress\",\"ts\":\"2026-12-01T05:22:31.017Z\",\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"action\":\"stop\",\"job\":\"0.0.8.0.0#c2946d7f1fcc\",\"tier\":\"web\",\"step\":0,\"members\":[{\"id\":\"i-0001000000aaaaaaa\",\"state\":\"running\"},{\"id\":\"i-0001000001aaaaaaa\",\"state\":\"running\"},{\"id\":\"i-0001000002aaaaaaa\",\"state\":\"running\"}]}"},
    [SCHEMAS_JOB] = {"one tier's members to act on, with all that a worker must know",
        "{\"v\":1,\"workload\":\"shop\",\"run\":\"down\",\"epoch\":\"0:0:8\",\"action\":\"stop\",\"step\":0,\"tier\":\"web\",\"job\":\"0.0.8.0.0#c2946d7f1fcc\",\"options\":{\"region\":\"eu-west-1\",\"filter_key\":\"Workload\",\"filter_value\":\"SHOP\",\"tier_key\":\"Tier\",\"vpcs\":[\"vpc-11111111\"],\"timeout_s\":600,\"override_file\":\"/var/lock/keep\",\"override_os\":\"Linux\",\"output_bucket\":\"answers\",\"output_prefix\":\"ssm\",\"accepted_ms\":1796102549677},\"members\":[\"i-0001000000aaaaaaa\",\"i-0001000001aaaaaaa\",\"i-0001000002aaaaaaa\"]}"},
    [SCHEMAS_SNAPSHOT] = {"what the log amounts to for one workload at rest",
        "{\"v\":1,\"asof\":41,\"log\":0,\"fv\":1,\"w\":{\"last\":\"38\",\"st\":\"I\",\"cnt\":\"1\",\"unchanged\":\"0\",\"act\":\"stop\",\"step\":\"1\",\"planned\":\"0\",\"failed\":\"0\",\"pm\":\"604800\",\"unsettled\":\"0\",\"dl\":\"21600\",\"ep\":\"0:12\",\"bypassed\":\"0\",\"delays\":\"0\",\"nt\":\"1\",\"doubt\":\"0\",\"run\":\"c\",\"done\":\"1\",\"gate\":\"1796102551574\",\"open\":\"0\",\"onfail\":\"halt\",\"fo\":\"0\",\"nf\":\"0\",\"res\":\"succeeded\",\"end\":\"1796102551574\"},\"r\":{\"c\":\"0:4|stop|0:12|succeeded||1,0,0,0,0\"}}"},
};
/* clang-format on */

const char *example_text(int which)
{
    return examples[which].text;
}

const char *example_sentence(int which)
{
    return examples[which].sentence;
}
