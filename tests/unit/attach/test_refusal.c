#include "attach/refusal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* Root with all rights, and a process of its own. */
static struct attach_facts allowed(void) {
    return (struct attach_facts){.pid = 4711,
                                 .state = 'S',
                                 .thread_count = 3,
                                 .read_errno = EFAULT,
                                 .ptrace_errno = ESRCH,
                                 .have_capability = true,
                                 .yama = -1};
}

/* A user without rights whom the kernel has refused. */
static struct attach_facts refused(void) {
    struct attach_facts facts = allowed();
    facts.have_capability = false;
    facts.read_errno = EPERM;
    facts.our_uid = facts.uid[0] = facts.uid[1] = facts.uid[2] = 1000;
    facts.our_gid = facts.gid[0] = facts.gid[1] = facts.gid[2] = 1000;
    return facts;
}

static void expect(struct attach_facts facts, const char *reason, const char *advice) {
    struct err *err = attach_refusal(&facts);
    cr_assert_not_null(err, "no refusal: %s", reason);
    cr_expect_eq(err_code(err), ERR_SOURCE);
    cr_expect(strstr(err_message(err), reason), "%s: %s", reason, err_message(err));
    cr_expect(strstr(err_message(err), advice), "%s: %s", advice, err_message(err));
    cr_expect_not(strchr(err_message(err), '\n'));
    err_free(err);
}

Test(refusal, nothing_in_the_way) {
    struct attach_facts facts = allowed();
    cr_expect_null(attach_refusal(&facts));
    facts.state = 'T';
    cr_expect_null(attach_refusal(&facts));
    facts.read_errno = 0;
    cr_expect_null(attach_refusal(&facts));
    facts.yama = 2; /* with the capability it does not matter */
    cr_expect_null(attach_refusal(&facts));
}

Test(refusal, kinds_of_process) {
    struct attach_facts facts = allowed();
    facts.gone = true;
    expect(facts, "is gone", "4711");
    facts = allowed();
    facts.state = 'Z';
    facts.thread_count = 1;
    expect(facts, "zombie", "parent");
    facts.thread_count = 4;
    expect(facts, "main thread", "ended");
    facts = allowed();
    facts.kernel_thread = true;
    expect(facts, "kernel thread", "user space");
    facts = allowed();
    facts.is_32bit = true;
    expect(facts, "32-bit", "64-bit");
    facts = allowed();
    facts.is_self = true;
    expect(facts, "itself", "another");
    facts = allowed();
    facts.read_errno = ESRCH;
    expect(facts, "is gone", "4711");
}

Test(refusal, traced_by_another) {
    struct attach_facts facts = allowed();
    facts.tracer = 99;
    expect(facts, "traced by process 99,", "detach");
    strcpy(facts.tracer_name, "gdb");
    expect(facts, "process 99 (gdb)", "detach");
}

Test(refusal, ptrace_itself_is_forbidden) {
    struct attach_facts facts = allowed();
    facts.ptrace_errno = EPERM;
    expect(facts, "may not use ptrace", "on the host");
    facts.seccomp = true;
    expect(facts, "seccomp", "seccomp=unconfined");
}

Test(refusal, rights) {
    struct attach_facts facts = refused();
    facts.uid[2] = 0;
    expect(facts, "another user", "as root");
    facts = refused();
    facts.not_dumpable = true;
    expect(facts, "not dumpable", "as root");
    facts = refused();
    facts.capabilities_beyond_ours = 0x80;
    expect(facts, "capabilities", "as root");
    facts = refused();
    facts.no_new_privileges = true;
    facts.gid[0] = 5;
    expect(facts, "group", "no_new_privs");
    facts = refused();
    expect(facts, "no CAP_SYS_PTRACE", "as root");
    strcpy(facts.security_label, "docker-default (enforce)");
    expect(facts, "docker-default", "as root");
}

Test(refusal, yama) {
    struct attach_facts facts = refused();
    facts.yama = 1;
    expect(facts, "ptrace_scope is 1", "as root");
    facts.is_descendant = true;
    expect(facts, "no CAP_SYS_PTRACE", "as root"); /* then it was not Yama */
    facts.yama = 2;
    expect(facts, "ptrace_scope is 2", "as root");
    facts.yama = 3;
    expect(facts, "ptrace_scope is 3", "reboot");
    facts.have_capability = true;
    expect(facts, "ptrace_scope is 3", "reboot");
}

Test(refusal, root_that_is_none) {
    struct attach_facts facts = refused();
    facts.our_uid = facts.uid[0] = facts.uid[1] = facts.uid[2] = 0;
    facts.our_gid = facts.gid[0] = facts.gid[1] = facts.gid[2] = 0;
    facts.capabilities_beyond_ours = 1 << 19;
    expect(facts, "capabilities", "lacks CAP_SYS_PTRACE");
    facts.have_capability = true;
    facts.other_namespace = true;
    expect(facts, "user namespace", "host");
    facts.other_namespace = false;
    expect(facts, "though CAP_SYS_PTRACE is held", "security module");
}
