#pragma once
/*
 * s3 - whether a bucket is there: all that this project wants to know of one.
 *
 * SSM puts a command's output there in the instance's name; we neither read nor write it. So it is asked
 * without a signature: S3 tells a stranger whether a bucket exists (403 or 200), lies in another region (301,
 * 307,
 * 400) or does not exist (404), and no permission is needed. One request, never repeated. The endpoint is
 *      that of aws/endpoint.h (AWS_ENDPOINT_URL_S3), with the bucket in the path.
 */
#include "ports/ports.h"

enum { S3_TIMEOUT_MS = 20 * 1000, S3_BUCKET_MAX = 63 };

enum s3_bucket { S3_UNKNOWN, S3_THERE, S3_ELSEWHERE, S3_MISSING };

struct s3_asked { /* the caller's; must outlive the request */
    bool done;
    enum s3_bucket bucket;
    struct err err; /* why it is S3_UNKNOWN */
};
/* Completes by setting `done`: at once when it cannot be asked, else from the loop. */
void s3_ask_bucket(const struct ports *ports, const char *region, const char *bucket, struct s3_asked *out);
