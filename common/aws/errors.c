#include "aws/errors.h"

#include "codec/json.h"
#include "codec/xml.h"

#include <stdio.h>
#include <string.h>

enum { ERROR_BODY_MAX = 256 * 1024 };

static void copy(char *to, size_t max, struct str s)
{
    size_t n = s.n < max - 1 ? s.n : max - 1;

    if (n)
        memcpy(to, s.p, n);
    to[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)to[i] < 0x20 || to[i] == 0x7f)
            to[i] = ' ';
}

static void read_xml(struct str body, struct aws_error *out)
{
    static const char *const places[] = {"Errors/Error", "Error", NULL}; /* ec2Query, awsQuery */
    static const char *const ids[] = {"RequestID", "RequestId", NULL};
    struct err ignored = {0};
    XML_CLEANUP struct xml *root = xml_parse(body, ERROR_BODY_MAX, &ignored);
    char path[64];

    for (size_t i = 0; root && places[i] && !out->code[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/Code", places[i]);
        copy(out->code, sizeof out->code, str_trim(xml_at(root, path)));
        (void)snprintf(path, sizeof path, "%s/Message", places[i]);
        copy(out->message, sizeof out->message, str_trim(xml_at(root, path)));
    }
    for (size_t i = 0; root && ids[i] && !out->request_id[0]; i++)
        copy(out->request_id, sizeof out->request_id, xml_at(root, ids[i]));
}

/* "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://…" -> "ResourceNotFoundException" */
static struct str bare(struct str type)
{
    struct str head, rest;

    (void)str_cut(type, ':', &head, &rest);
    if (str_cut(head, '#', &type, &rest))
        head = rest;
    return str_trim(head);
}

static void read_json(const struct http_reply *reply, struct aws_error *out)
{
    struct err ignored = {0};
    JSON_CLEANUP struct json *root = json_parse(reply->body, ERROR_BODY_MAX, &ignored);
    struct str code = json_str_or_empty(json_get(root, "__type"));
    struct str message = json_str_or_empty(json_get(root, "message"));
    struct str header = http_header_get(reply->headers, reply->header_count, "x-amzn-errortype");

    if (!code.n)
        code = json_str_or_empty(json_get(root, "code"));
    if (!message.n)
        message = json_str_or_empty(json_get(root, "Message"));
    copy(out->code, sizeof out->code, bare(header.n ? header : code));
    copy(out->message, sizeof out->message, message);
}

/* Behind AWS's sentence a refused signature brings the whole request, as AWS would have signed it: pages of
 * it, for nobody's log. */
static void cut_canonical(char *message)
{
    char *at = strstr(message, "The Canonical String for this request");

    if (!at)
        return;
    while (at > message && at[-1] == ' ')
        at--;
    *at = '\0';
}

void aws_error_read(enum aws_protocol protocol, const struct http_reply *reply, struct aws_error *out)
{
    static const char *const ids[] = {"x-amzn-requestid", "x-amz-request-id", NULL};

    *out = (struct aws_error){0};
    for (size_t i = 0; ids[i] && !out->request_id[0]; i++)
        copy(out->request_id, sizeof out->request_id,
             http_header_get(reply->headers, reply->header_count, ids[i]));
    if (reply->status >= 200 && reply->status < 300)
        return;
    if (protocol == AWS_JSON)
        read_json(reply, out);
    else
        read_xml(reply->body, out);
    cut_canonical(out->message);
}

struct known {
    const char *code; /* ends in '*': a prefix; begins with '*': a suffix */
    enum err_kind kind;
};

/* clang-format off */
static const struct known table[] = {
    {"Throttling", ERR_THROTTLED}, {"ThrottlingException", ERR_THROTTLED}, {"ThrottledException", ERR_THROTTLED},
    {"Throttled", ERR_THROTTLED}, {"RequestThrottled", ERR_THROTTLED}, {"RequestThrottledException", ERR_THROTTLED},
    {"TooManyRequestsException", ERR_THROTTLED}, {"ProvisionedThroughputExceededException", ERR_THROTTLED},
    {"TransactionInProgressException", ERR_THROTTLED}, {"RequestLimitExceeded", ERR_THROTTLED},
    {"BandwidthLimitExceeded", ERR_THROTTLED}, {"LimitExceededException", ERR_THROTTLED}, {"SlowDown", ERR_THROTTLED},
    {"PriorRequestNotComplete", ERR_THROTTLED}, {"EC2ThrottledException", ERR_THROTTLED},
    {"ItemCollectionSizeLimitExceededException", ERR_CONFLICT}, {"DependencyThrottle", ERR_THROTTLED},

    {"RequestTimeout", ERR_UNAVAILABLE}, {"RequestTimeoutException", ERR_UNAVAILABLE}, {"InternalError", ERR_UNAVAILABLE},
    {"InternalFailure", ERR_UNAVAILABLE}, {"InternalServerError", ERR_UNAVAILABLE}, {"ServiceUnavailable*", ERR_UNAVAILABLE},
    {"Unavailable", ERR_UNAVAILABLE}, {"IDPCommunicationError", ERR_UNAVAILABLE},
    {"ReplicatedWriteConflictException", ERR_UNAVAILABLE}, {"TransactionConflictException", ERR_UNAVAILABLE},
    /* the moment of the signature: a fresh one helps */
    {"RequestExpired", ERR_UNAVAILABLE}, {"RequestTimeTooSkewed", ERR_UNAVAILABLE}, {"RequestInTheFuture", ERR_UNAVAILABLE},

    {"AuthFailure", ERR_DENIED}, {"UnauthorizedOperation", ERR_DENIED}, {"AccessDenied*", ERR_DENIED},
    {"SignatureDoesNotMatch", ERR_DENIED}, {"InvalidSignatureException", ERR_DENIED}, {"InvalidClientTokenId", ERR_DENIED},
    {"InvalidAccessKeyId", ERR_DENIED}, {"ExpiredToken*", ERR_DENIED}, {"UnrecognizedClientException", ERR_DENIED},
    {"MissingAuthenticationToken*", ERR_DENIED}, {"IncompleteSignature*", ERR_DENIED}, {"OptInRequired", ERR_DENIED},
    {"Blocked", ERR_DENIED}, {"PendingVerification", ERR_DENIED}, {"RegionDisabledException", ERR_DENIED},
    {"InvalidIdentityToken", ERR_DENIED}, {"IDPRejectedClaim", ERR_DENIED}, {"NotAuthorized", ERR_DENIED},

    {"ResourceNotFoundException", ERR_NOT_FOUND}, {"InvocationDoesNotExist", ERR_NOT_FOUND},
    {"TableNotFoundException", ERR_NOT_FOUND}, {"*.NotFound", ERR_NOT_FOUND},

    {"IncorrectInstanceState", ERR_CONFLICT}, {"IncorrectState", ERR_CONFLICT}, {"IncorrectSpotRequestState", ERR_CONFLICT},
    {"OperationNotPermitted", ERR_CONFLICT}, {"UnsupportedOperation*", ERR_CONFLICT},
    {"UnsupportedHibernationConfiguration", ERR_CONFLICT}, {"InsufficientInstanceCapacity", ERR_CONFLICT},
    {"InsufficientCapacity*", ERR_CONFLICT}, {"InsufficientHostCapacity", ERR_CONFLICT},
    {"InsufficientReservedInstanceCapacity", ERR_CONFLICT}, {"InsufficientFreeAddressesInSubnet", ERR_CONFLICT},
    {"InstanceLimitExceeded", ERR_CONFLICT}, {"VcpuLimitExceeded", ERR_CONFLICT}, {"MaxSpotInstanceCountExceeded", ERR_CONFLICT},
    {"ResourceCountExceeded", ERR_CONFLICT}, {"ConditionalCheckFailedException", ERR_CONFLICT},
    {"ResourceInUseException", ERR_CONFLICT}, {"InvalidInstanceId", ERR_CONFLICT}, {"DryRunOperation", ERR_CONFLICT},

    {"FilterLimitExceeded", ERR_INVALID}, {"Validation*", ERR_INVALID}, {"Invalid*", ERR_INVALID}, {"Missing*", ERR_INVALID},
    {"Malformed*", ERR_INVALID}, {"Unknown*", ERR_INVALID},
};
/* clang-format on */

static bool fits(const char *pattern, struct str code)
{
    struct str p = str_of(pattern);

    if (p.p[0] == '*')
        return str_ends(code, str_skip(p, 1));
    if (p.p[p.n - 1] == '*')
        return str_starts(code, str_n(p.p, p.n - 1));
    return str_eq(p, code);
}

enum err_kind aws_error_kind(const char *code, int status)
{
    for (size_t i = 0; code[0] && i < sizeof table / sizeof *table; i++)
        if (fits(table[i].code, str_of(code)))
            return table[i].kind;
    if (status == 429 || status == 509)
        return ERR_THROTTLED;
    if (status >= 500 || status == 408 || status < 400)
        return ERR_UNAVAILABLE;
    if (status == 401 || status == 403 || status == 407)
        return ERR_DENIED;
    return status == 409 ? ERR_CONFLICT
                         : ERR_INVALID; /* a bare 404 or 405 is a wrong endpoint, not a thing that is gone */
}

static bool one_of(const char *code, const char *const *codes)
{
    for (size_t i = 0; codes[i]; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

bool aws_error_is_expired(const char *code)
{
    static const char *const codes[] = {"ExpiredToken",         "ExpiredTokenException",
                                        "RequestExpired",       "UnrecognizedClientException",
                                        "InvalidClientTokenId", NULL};

    return one_of(code, codes);
}

bool aws_error_is_skew(const char *code)
{
    static const char *const codes[] = {
        "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",        "RequestTimeTooSkewed",
        "AccessDeniedException",     "RequestExpired",        "RequestInTheFuture", NULL};

    return one_of(code, codes);
}

bool aws_error_is_capacity(const char *code)
{
    static const char *const codes[] = {
        "InsufficientInstanceCapacity",         "InsufficientHostCapacity",   "InsufficientCapacity",
        "InsufficientReservedInstanceCapacity", "InsufficientCapacityOnHost", NULL};

    return one_of(code, codes);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_word(char c)
{
    return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

void aws_error_ids(struct str message, struct strs *ids)
{
    size_t begin = ids->n;

    for (size_t i = 0; i + 2 < message.n && ids->n - begin < AWS_NAMED_MAX; i++) {
        if (message.p[i] != 'i' || message.p[i + 1] != '-' || (i && is_word(message.p[i - 1])))
            continue;
        size_t end = i + 2;
        while (end < message.n && is_hex(message.p[end]))
            end++;
        size_t digits = end - i - 2;
        bool whole = end == message.n || !is_word(message.p[end]);
        struct str id = str_n(message.p + i, end - i);
        if (whole && (digits == 8 || digits == 17) && !strs_has(ids, id))
            strs_add(ids, id);
        i = end - 1;
    }
}
