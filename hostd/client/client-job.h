/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for a job (io.mvirt.Job). */
#pragma once

#include "client/client-call.h"

typedef void (*client_job_progress_t)(sd_json_variant *job, void *userdata);

/*
 * Waits until the job has ended; progress, which may be NULL, is called for each change before.
 * Returns 0 when it is done, or -errno with an error: of the job that failed or was cancelled, or
 * of the connection (-ECONNRESET, -ENOTCONN, -EPIPE: ask the next hostd).
 */
int client_wait_for_job(sd_varlink *varlink, uint64_t id, client_job_progress_t progress,
			void *userdata, struct error *error);
