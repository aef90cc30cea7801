#include "attach/budget.h"

#include <criterion/criterion.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)

static void expect_refusal(struct budget_facts facts, const char *words) {
    struct err *err = budget_judge(&facts);
    cr_assert_not_null(err);
    cr_expect_eq(err_code(err), ERR_BUDGET);
    cr_expect(strstr(err_message(err), words), "%s", err_message(err));
    err_free(err);
}

Test(budget, enough) {
    struct budget_facts facts = {
        .pid = 1, .needed = GIB, .available = 2 * GIB, .cgroup_room = UINT64_MAX};
    cr_expect_null(budget_judge(&facts));
    facts.max_memory = GIB;
    facts.cgroup_room = GIB;
    cr_expect_null(budget_judge(&facts));
    facts.available = 0; /* unknown */
    cr_expect_null(budget_judge(&facts));
}

Test(budget, what_is_too_little) {
    struct budget_facts facts = {
        .pid = 1, .needed = GIB, .available = 2 * GIB, .cgroup_room = UINT64_MAX};
    facts.max_memory = GIB - 1;
    expect_refusal(facts, "--max-memory");
    facts.max_memory = 0;
    facts.available = GIB;
    expect_refusal(facts, "available");
    facts.available = 2 * GIB;
    facts.cgroup_room = GIB - 1;
    expect_refusal(facts, "own cgroup");
    facts.cgroup_shared = true;
    expect_refusal(facts, "shares with heapglass");
}
