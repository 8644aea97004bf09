#pragma once
/*
 * s3 - what S3 tells a stranger about a bucket: that it is there (403 AccessDenied) or not (404
 * NoSuchBucket).
 *
 * GET /BUCKET without a signature, the bucket in the path. All buckets exist but the scenario's
 * `ssm.missing_buckets`. Nothing else of S3 is here; such a request is not in the call log.
 */
#include "awssim/core.h"

/* True: it was one of these and is answered. Asked after the paths for tests and the metadata. */
bool s3_answer(const struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply);
