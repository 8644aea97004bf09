#pragma once
/*
 * signature - Signature Version 4 of a request as it was received: the verifier's side, written from AWS's
 * description alone.
 *
 * "Create a signed AWS API request" (IAM user guide): canonical request, string to sign, derived key,
 * HMAC-SHA256. It shares no code with the product's signer, on purpose. Only the Authorization header form;
 * services other than S3 (the path is normalised and encoded once more).
 */
#include "awssim/core.h"

struct signature {                                /* of the Authorization header; views into it */
    struct str access_key, date, region, service; /* the credential's scope */
    struct str signed_headers;                    /* "content-type;host;x-amz-date" */
    struct str digest;                            /* 64 hex digits as sent */
};

enum { SIGNATURE_KEY_BYTES = 32 };

/* False: not "AWS4-HMAC-SHA256 Credential=…/…/…/…/aws4_request, SignedHeaders=…, Signature=…". */
MUST_CHECK bool signature_read(struct str authorization, struct signature *out);

/* False: host, or an x-amz- header that is there, is not among the signed ones; or a signed one is not there,
 * or out of order. */
MUST_CHECK bool signature_covers(const struct signature *s, const struct awssim_request *request);

void signature_key(struct str secret, const struct signature *s, unsigned char out[SIGNATURE_KEY_BYTES]);
void signature_canonical(const struct signature *s, const struct awssim_request *request, struct buf *out);
/* What the digest should have been. */
void signature_digest(const struct signature *s, struct str canonical, struct str amz_date,
                      const unsigned char key[SIGNATURE_KEY_BYTES], char out[2 * SIGNATURE_KEY_BYTES + 1]);
