#pragma once
/*
 * endpoint - the URL of a service in a region.
 *
 * AWS_ENDPOINT_URL_<SERVICE> > AWS_ENDPOINT_URL > the profile's [services] section > its endpoint_url > the
 * partition's template (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves the template alone). Templates:
 * partition by the region's form, FIPS (AWS_USE_FIPS_ENDPOINT) and dual stack (AWS_USE_DUALSTACK_ENDPOINT),
 * and the exception that GovCloud's plain names are FIPS already. A configured URL together with FIPS or dual
 * stack is an error: we could not keep the promise. Pure but for the environment and the profile, both read
 * through ports/process.h by endpoint_settings_load. Source of the tables: botocore's partitions and endpoint
 * rule sets.
 */
#include "base/str.h"
#include "ports/process.h"

#define AWS_NO_REGION "NoRegion" /* code of the error: nothing names one */

enum { ENDPOINT_URL_MAX = 512, ENDPOINT_OVERRIDES_MAX = 8 };

/* How services are called in each of their places. */
struct aws_service {
    const char *name;    /* for people and the User-Agent: "ec2" */
    const char *signing; /* SigV4's service */
    const char *prefix;  /* of the host */
    const char *id; /* AWS_ENDPOINT_URL_<ID>, and in lower case the name in a [services] section: "EC2" */
    enum aws_protocol { AWS_EC2_QUERY, AWS_QUERY, AWS_JSON } protocol;
    const char *version; /* Version=…; JSON: the version of the content type, "1.0" or "1.1" */
    const char *target;  /* JSON: what stands before the dot in X-Amz-Target */
};

/* What the user has configured. Value object. */
struct endpoint_settings {
    bool fips, dualstack, ignore_urls;
    struct endpoint_url {
        const char *id; /* "" : all services */
        char *url;
    } urls[ENDPOINT_OVERRIDES_MAX]; /* in order of precedence */
    size_t url_count;
    char *region; /* AWS_REGION, AWS_DEFAULT_REGION, the profile's; NULL: none is named */
};

MUST_CHECK bool endpoint_settings_load(const struct process *process, struct endpoint_settings *out,
                                       struct err *e);
void endpoint_settings_release(struct endpoint_settings *s);

struct endpoint {
    char url[ENDPOINT_URL_MAX];  /* scheme://host[:port]path, the path at least "/" */
    char host[ENDPOINT_URL_MAX]; /* what the Host header says: with a port that is not the scheme's own */
    char path[ENDPOINT_URL_MAX];
    char region[32]; /* to sign with */
};
/* ERR_CONFIG: no such region by its form, a broken URL, a combination that does not exist. */
MUST_CHECK bool endpoint_resolve(const struct endpoint_settings *s, const struct aws_service *service,
                                 const char *region, struct endpoint *out, struct err *e);

/* "aws", "aws-cn", "aws-us-gov" …: for ARNs. Unknown forms count as "aws". */
const char *endpoint_partition(const char *region);
/* The form of a region's name: lower-case letters, digits, hyphens; it becomes part of a host name. */
bool endpoint_region_valid(const char *region);
