#include "table/tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(tree, keeps_order_and_copies_texts) {
    struct tree tree = {0};
    char text[] = "before";
    struct node *group = tree_group(&tree, &tree.root, "group");
    tree_add(&tree, group, "a", value_text(text));
    tree_add(&tree, group, "b", value_count(2));
    struct node *list = tree_list(&tree, &tree.root, "list");
    tree_add(&tree, list, NULL, value_none());
    text[0] = 'X';
    cr_assert(not(tree.failed));
    cr_assert(eq(ptr, tree.root.first, group));
    cr_assert(eq(ptr, group->next, list));
    cr_assert_null(list->next);
    cr_assert(eq(str, (char *)group->first->value.text, "before"));
    cr_assert(eq(u64, group->first->next->value.number, 2));
    cr_assert(eq(int, list->first->value.kind, VALUE_NONE));
    tree_clear(&tree);
    cr_assert_null(tree.root.first);
}

Test(tree, a_parent_that_could_not_be_made_adds_nothing) {
    struct tree tree = {0};
    cr_assert_null(tree_group(&tree, NULL, "group"));
    cr_assert_null(tree_add(&tree, NULL, "a", value_flag(true)));
    tree_clear(&tree);
}

Test(value, shares_and_missing_texts) {
    cr_assert(epsilon_eq(dbl, value_share(1, 4).real, 0.25, 1e-9));
    cr_assert(epsilon_eq(dbl, value_share(1, 0).real, 0.0, 1e-9));
    cr_assert(eq(int, value_text(NULL).kind, VALUE_NONE));
}
