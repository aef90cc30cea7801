#include "base/err.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(err, carries_code_and_message) {
    struct err *err = err_new(ERR_SOURCE, "process %d is gone", 7);
    cr_assert_eq(err_code(err), ERR_SOURCE);
    cr_assert_str_eq(err_message(err), "process 7 is gone");
    err_free(err);
}

Test(err, errno_is_spelled_out) {
    struct err *err = err_errno(ERR_FAILED, ENOENT, "open %s", "/nowhere");
    cr_assert_str_eq(err_message(err), "open /nowhere: No such file or directory");
    err_free(err);
}

Test(err, context_goes_before_and_keeps_the_code) {
    struct err *err = err_context(err_new(ERR_BUDGET, "too much"), "pid %d", 4);
    err = err_context(err, "top");
    cr_assert_eq(err_code(err), ERR_BUDGET);
    cr_assert_str_eq(err_message(err), "top: pid 4: too much");
    err_free(err);
}

Test(err, context_of_nothing_is_nothing) {
    cr_assert_null(err_context(NULL, "top"));
}

Test(err, running_out_of_memory_is_one_error_that_needs_no_memory) {
    struct err *err = err_context(err_no_memory(), "while growing");
    cr_assert_eq(err, err_no_memory());
    cr_assert_str_eq(err_message(err), "out of memory");
    err_free(err);
    cr_assert_str_eq(err_message(err), "out of memory");
}

static struct err *third(int *reached, struct err *second) {
    TRY(NULL);
    TRY(second);
    *reached = 1;
    return NULL;
}

Test(err, try_returns_the_first_failure) {
    int reached = 0;
    struct err *err = third(&reached, err_new(ERR_USAGE, "no"));
    cr_assert_eq(err_code(err), ERR_USAGE);
    cr_assert_eq(reached, 0);
    err_free(err);
    cr_assert_null(third(&reached, NULL));
    cr_assert_eq(reached, 1);
}
