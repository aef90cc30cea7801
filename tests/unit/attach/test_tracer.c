/* The rest of the tracer is tested on real targets (tests/live/harmless). */
#include "attach/tracer.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_target(void) {
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* a sibling will trace it */
        for (;;)
            pause();
    }
    usleep(20000);
    return pid;
}

static pid_t tracer_of(pid_t pid) {
    char path[64], line[256];
    int tracer = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    }
    if (file)
        fclose(file);
    return tracer;
}

/* As on a machine that is so busy that the tracing process gets no time. */
static int resume_after(double max_pause, useconds_t stalled) {
    struct tracer *tracer;
    pid_t target = start_target();
    cr_assert_null(tracer_create(target, max_pause, NULL, &tracer));
    struct err *err = tracer_stop(tracer);
    if (err && err_code(err) == ERR_SOURCE) {
        err_free(err);
        tracer_destroy(tracer);
        kill(target, SIGKILL);
        cr_skip("not allowed to trace");
    }
    cr_assert_null(err);
    cr_assert(tracer_holds(tracer));
    cr_assert_eq(kill(tracer_of(target), SIGSTOP), 0);
    usleep(stalled);
    err = tracer_resume(tracer);
    int code = err ? (int)err_code(err) : 0;
    err_free(err);
    tracer_destroy(tracer);
    cr_expect_eq(tracer_of(target), 0);
    kill(target, SIGKILL);
    waitpid(target, NULL, 0);
    return code;
}

Test(tracer, a_pause_that_was_longer_than_allowed_is_an_error) {
    cr_expect_eq(resume_after(0.05, 60000), ERR_BUDGET);
}

Test(tracer, one_that_the_timer_has_ended_too) {
    cr_expect_eq(resume_after(0.05, 300000), ERR_BUDGET);
}

Test(tracer, a_tracer_that_is_stopped_does_not_matter_within_the_pause) {
    cr_expect_eq(resume_after(30, 60000), 0);
}
