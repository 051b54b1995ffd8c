// SPDX-License-Identifier: GPL-2.0-or-later
// Jobs: their life, what is told of them, and what the next hostd knows of them.
#include "fake-tree.h"

#include "base/array.h"
#include "base/file.h"
#include "job/job.h"

static struct tree tree;
static struct jobs *jobs;
static struct {
	size_t count;
	struct job_status last; /* of a job that is still there */
	struct job *job; /* what cancel() undoes */
	int cancelled;
} seen;

static void on_changed(const struct job *job, void *)
{
	seen.count++;
	seen.last = job_status(job);
}

static void start(void)
{
	assert_int_equal(jobs_new(tree_path(&tree, "/jobs"), on_changed, NULL, &jobs), 0);
}

static int setup(void **)
{
	tree_make(&tree);
	memset(&seen, 0, sizeof(seen));
	start();
	return 0;
}

static int teardown(void **)
{
	jobs_free(jobs);
	tree_remove(&tree);
	return 0;
}

/* As when hostd is killed: nobody ends anything. */
static void next_hostd(void)
{
	jobs_free(jobs);
	start();
}

static struct job *begin(const struct job_spec *spec)
{
	struct job *job = NULL;

	assert_int_equal(job_begin(jobs, spec, &job), 0);
	return job;
}

static const struct job_spec import = {
	.kind = "create", .subject = "web", .total_bytes = 1000, .abandoned = "nothing is left"
};

static void test_life(void **)
{
	struct job *job = begin(&import);

	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.id, 1);
	assert_string_equal(seen.last.kind, "create");
	assert_string_equal(seen.last.subject, "web");
	assert_int_equal(seen.last.state, JOB_RUNNING);
	assert_int_equal(seen.last.total_bytes, 1000);
	assert_int_equal(seen.last.ended_usec, 0);
	assert_false(seen.last.can_cancel);
	assert_int_equal(jobs_running(jobs), 1);
	job_set_done(job, 500);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last.done_bytes, 500);
	/* Less than a percent more, right after that: nobody is woken up for it. */
	job_set_done(job, 505);
	assert_int_equal(seen.count, 2);
	assert_int_equal(job_status(job).done_bytes, 505);
	/* More than there was. */
	job_set_done(job, 5000);
	assert_int_equal(seen.last.done_bytes, 1000);
	job_end(job, NULL);
	assert_int_equal(seen.last.state, JOB_DONE);
	assert_true(seen.last.ended_usec >= seen.last.begun_usec);
	assert_int_equal(jobs_running(jobs), 0);
	assert_int_equal(jobs_count(jobs), 1);
	assert_int_equal(job_status(begin(&import)).id, 2);
}

static void test_fails(void **)
{
	_cleanup_(error_done) struct error error = {};
	struct job *job = begin(&import);

	(void)error_set(&error, ERROR_NO_SPACE, "the disk is full");
	job_end(job, &error);
	next_hostd();
	assert_int_equal(jobs_count(jobs), 1);
	assert_int_equal(job_status(jobs_at(jobs, 0)).state, JOB_FAILED);
	assert_string_equal(job_status(jobs_at(jobs, 0)).error, "NoSpace");
	assert_string_equal(job_status(jobs_at(jobs, 0)).reason, "the disk is full");
}

static void test_next_hostd(void **)
{
	struct job *done = begin(&import), *other = begin(&import);
	struct job_status status;

	job_end(done, NULL);
	(void)other;
	next_hostd();
	assert_int_equal(jobs_count(jobs), 2);
	assert_int_equal(jobs_running(jobs), 0);
	assert_int_equal(job_status(jobs_find(jobs, 1)).state, JOB_DONE);
	assert_int_equal(job_status(jobs_find(jobs, 1)).done_bytes, 1000);
	status = job_status(jobs_find(jobs, 2));
	assert_int_equal(status.state, JOB_FAILED);
	assert_string_equal(status.error, "Failed");
	assert_string_equal(status.reason, "hostd ended before it was done: nothing is left");
	assert_true(status.ended_usec > 0);
	/* It was said once, and stays so. */
	next_hostd();
	assert_string_equal(job_status(jobs_find(jobs, 2)).reason,
			    "hostd ended before it was done: nothing is left");
	assert_int_equal(job_status(begin(&import)).id, 3);
}

static void on_cancel(void *)
{
	_cleanup_(error_done) struct error error = {};

	seen.cancelled++;
	(void)error_set(&error, ERROR_FAILED, "it was cancelled");
	job_end(seen.job, &error);
}

static void assert_refused(uint64_t id, enum error_kind kind, const char *reason)
{
	_cleanup_(error_done) struct error error = {};

	assert_true(jobs_cancel(jobs, id, &error) < 0);
	assert_int_equal(error.kind, kind);
	assert_string_equal(error.reason, reason);
}

static void test_cancel(void **)
{
	_cleanup_(error_done) struct error error = {};
	struct job_spec spec = import;

	spec.cancel = on_cancel;
	seen.job = begin(&spec);
	assert_true(seen.last.can_cancel);
	(void)begin(&import);
	assert_int_equal(jobs_cancel(jobs, 1, &error), 0);
	assert_int_equal(seen.cancelled, 1);
	assert_int_equal(seen.last.state, JOB_CANCELLED);
	assert_string_equal(seen.last.reason, "it was cancelled");
	assert_refused(1, ERROR_NOT_NOW, "job 1 has ended: it is cancelled");
	assert_refused(2, ERROR_UNSUPPORTED, "job 2 cannot be cancelled any more");
	assert_refused(3, ERROR_NOT_FOUND, "there is no job 3");
	assert_int_equal(seen.cancelled, 1);
	next_hostd();
	assert_int_equal(job_status(jobs_find(jobs, 1)).state, JOB_CANCELLED);
}

/* The newest that have ended are kept, and none that runs goes. */
static void test_many(void **)
{
	struct job *first = begin(&import);
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int folder_fd = -EBADF;

	for (int i = 0; i < 3 * JOBS_ENDED_MAX; i++)
		job_end(begin(&import), NULL);
	assert_int_equal(jobs_count(jobs), JOBS_ENDED_MAX + 1);
	assert_ptr_equal(jobs_find(jobs, 1), first);
	assert_null(jobs_find(jobs, 2 * JOBS_ENDED_MAX + 1));
	assert_non_null(jobs_find(jobs, 2 * JOBS_ENDED_MAX + 2));
	folder_fd = open(tree_path(&tree, "/jobs"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_list_folder(folder_fd, &names), 0);
	assert_int_equal(names.count, JOBS_ENDED_MAX + 1);
	next_hostd();
	assert_int_equal(job_status(begin(&import)).id, 3 * JOBS_ENDED_MAX + 2);
}

static void test_damaged(void **)
{
	static const char *const damaged[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"state\":\"running\"}",
		"{\"state\":\"flying\",\"kind\":\"create\",\"subject\":\"web\"}",
		"{\"state\":1,\"kind\":\"create\",\"subject\":\"web\"}",
	};

	for (size_t i = 0; i < ELEMENTS(damaged); i++) {
		tree_file(&tree, "/jobs/7", damaged[i]);
		next_hostd();
		assert_int_equal(jobs_count(jobs), 0);
	}
	/* Of another hostd, which knows more; and files that are none of ours. */
	tree_file(&tree, "/jobs/7",
		  "{\"state\":\"done\",\"kind\":\"copy\",\"subject\":\"x\",\"new\":[1]}");
	tree_file(&tree, "/jobs/07", "{\"state\":\"done\",\"kind\":\"copy\",\"subject\":\"y\"}");
	tree_file(&tree, "/jobs/.8.tmp", "{");
	next_hostd();
	assert_int_equal(jobs_count(jobs), 1);
	assert_string_equal(job_status(jobs_at(jobs, 0)).kind, "copy");
	assert_int_equal(job_status(begin(&import)).id, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_hostd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
