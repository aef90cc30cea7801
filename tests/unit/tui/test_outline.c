/* Rows that are moved over and expanded. */
#include "tests/unit/tui/outline_fixture.h"

TestSuite(outline, .init = outline_setup, .fini = outline_teardown, .timeout = 60);

/* ---- moving ------------------------------------------------------------------------------------- */

Test(outline, nothing_before_it_is_open) {
    struct subject subject;
    cr_expect_not(outline_is_open(outline));
    cr_expect_eq(outline_count(outline), 0);
    cr_expect_str_eq(outline_heading(outline), "");
    outline_move(outline, 5);
    outline_scroll(outline, -5);
    cr_expect_not(outline_expand(outline));
    cr_expect_not(outline_collapse(outline));
    cr_expect_not(outline_toggle(outline));
    cr_expect_not(outline_about(outline, &subject));
    outline_sort_by(outline, 0);
    outline_sort_next(outline, 1);
    outline_invert(outline);
    outline_search(outline, "x", 1);
    outline_forget(outline);
    settle();
}

Test(outline, moves_within_what_is_there) {
    open_page(&fake_page);
    cr_expect_str_eq(outline_heading(outline), "1000 rows\n");
    cr_expect_eq(outline_count(outline), 1000);
    cr_expect_eq(outline_selected(outline), 0);
    outline_move(outline, -1);
    cr_expect_eq(outline_selected(outline), 0);
    outline_move(outline, WINDOW - 1);
    cr_expect_eq(outline_top(outline), 0);
    outline_move(outline, 1);
    cr_expect_eq(outline_top(outline), 1);
    outline_select(outline, UINT64_MAX);
    cr_expect_eq(outline_selected(outline), 999);
    cr_expect_eq(outline_top(outline), 1000 - WINDOW);
    outline_move(outline, INT64_MAX);
    cr_expect_eq(outline_selected(outline), 999);
    outline_move(outline, INT64_MIN);
    cr_expect_eq(outline_selected(outline), 0);
    outline_scroll(outline, 30);
    cr_expect_eq(outline_top(outline), 30);
    cr_expect_eq(outline_selected(outline), 30, "the selection stays in the window");
    outline_scroll(outline, 5000);
    cr_expect_eq(outline_top(outline), 1000 - WINDOW);
    outline_select(outline, 999);
    outline_scroll(outline, -5000);
    cr_expect_eq(outline_top(outline), 0);
    cr_expect_eq(outline_selected(outline), WINDOW - 1);
    outline_set_window(outline, 5);
    cr_expect_eq(outline_selected(outline), WINDOW - 1);
    cr_expect_eq(outline_top(outline), WINDOW - 5);
    outline_set_window(outline, 0);
    cr_expect_eq(outline_top(outline), outline_selected(outline));
}

Test(outline, fewer_rows_than_the_window) {
    fake_rows.count = 3;
    open_page(&fake_page);
    outline_scroll(outline, 10);
    cr_expect_eq(outline_top(outline), 0);
    cr_expect_lt(outline_selected(outline), 3);
    outline_scroll(outline, -10);
    outline_select(outline, 100);
    cr_expect_eq(outline_selected(outline), 2);
    cr_expect_eq(outline_top(outline), 0);
}

Test(outline, no_rows_at_all) {
    fake_rows.count = 0;
    open_page(&fake_page);
    cr_expect_eq(outline_count(outline), 0);
    outline_move(outline, 1);
    outline_scroll(outline, 1);
    cr_expect_eq(outline_selected(outline), 0);
    cr_expect_not(outline_expand(outline));
    outline_sort_by(outline, FAKE_NUMBER);
    outline_search(outline, "1", 1);
    settle();
    cr_expect_eq(outline_top(outline), 0);
}

Test(outline, knows_the_rows_of_the_window) {
    open_page(&fake_page);
    outline_select(outline, 500);
    cr_expect_not(outline_row(outline, 500).is_known);
    settle();
    for (uint64_t i = outline_top(outline); i < outline_top(outline) + WINDOW; i++) {
        struct outline_row row = at(i);
        cr_assert(row.is_known);
        cr_expect_eq(row.values[FAKE_NUMBER].number, i);
        cr_expect_eq(row.about->address, i * 16);
        cr_expect_eq(row.is_selected, i == 500);
    }
    struct subject subject;
    cr_assert(outline_about(outline, &subject));
    cr_expect_eq(subject.address, 500 * 16);
}

/* However far one walks, only so many rows are kept. */
Test(outline, walks_over_all_of_them) {
    fake_rows.count = 5000;
    open_page(&fake_page);
    for (uint64_t i = 0; i < 5000; i += WINDOW) {
        outline_select(outline, i);
        settle();
        cr_assert_eq(selected().values[FAKE_NUMBER].number, i);
    }
}

Test(outline, an_error_of_the_page_is_told) {
    fake_rows.fails = true;
    open_later(&fake_page);
    settle();
    cr_expect_eq(failures, 1);
    cr_expect_not(outline_is_open(outline));
    cr_expect_not(outline_is_opening(outline));
    fake_rows.fails = false;
    open_page(&fake_page);
}

/* ---- expanding ---------------------------------------------------------------------------------- */

Test(outline, expands_in_place) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    outline_select(outline, 10);
    cr_expect(selected().expands);
    cr_expect(outline_expand(outline));
    cr_expect_not(outline_expand(outline), "it is expanded");
    cr_expect(selected().loading);
    settle();
    cr_expect_not(selected().loading);
    cr_expect_eq(outline_count(outline), 1003);
    cr_expect_eq(outline_roots(outline), 1000);
    for (uint64_t i = 0; i < 3; i++) {
        cr_expect_eq(at(11 + i).depth, 1);
        cr_expect_eq(at(11 + i).row.detail, i);
        cr_expect_str_eq(at(11).values[FAKE_TEXT].text, "child 0");
    }
    cr_expect_eq(at(14).row.id, 11);
    cr_expect_eq(at(14).depth, 0);
    outline_select(outline, 12);
    outline_toggle(outline);
    settle();
    cr_expect_eq(outline_count(outline), 1006);
    cr_expect_eq(at(13).depth, 2);
    outline_select(outline, 13);
    outline_expand(outline);
    settle();
    cr_expect_eq(at(14).depth, 3);
    cr_expect_not(at(14).expands);
    outline_select(outline, 14);
    cr_expect_not(outline_expand(outline), "that is a leaf");
    cr_expect_eq(at(18).depth, 2, "the second child of the second child");
}

Test(outline, collapses_or_goes_to_the_parent) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    static const uint64_t rows[] = {10, 12, 13}; /* one below the other */
    for (size_t i = 0; i < 3; i++) {
        outline_select(outline, rows[i]);
        outline_expand(outline);
        settle();
    }
    outline_select(outline, 16); /* the last of the third level */
    cr_expect_eq(selected().depth, 3);
    cr_expect(outline_collapse(outline));
    cr_expect_eq(outline_selected(outline), 13);
    outline_select(outline, 17);
    cr_expect_eq(selected().depth, 2);
    outline_collapse(outline);
    cr_expect_eq(outline_selected(outline), 12, "over the deeper ones");
    outline_collapse(outline);
    cr_expect_not(selected().expanded);
    cr_expect_eq(outline_count(outline), 1003, "with all that hung below");
    outline_select(outline, 13);
    outline_collapse(outline);
    cr_expect_eq(outline_selected(outline), 10);
    outline_collapse(outline);
    cr_expect_eq(outline_count(outline), 1000);
    cr_expect_not(outline_collapse(outline), "nothing to collapse");
}

Test(outline, several_rows_are_expanded) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    static const uint64_t roots[] = {50, 5, 20}, places[] = {50, 5, 23};
    for (size_t i = 0; i < 3; i++) {
        outline_select(outline, places[i]);
        cr_assert_eq(selected().row.id, roots[i]);
        outline_expand(outline);
        settle();
    }
    cr_expect_eq(outline_count(outline), 1009);
    cr_expect_eq(at(5).row.id, 5);
    cr_expect_eq(at(9).row.id, 6);
    cr_expect_eq(at(23).row.id, 20);
    cr_expect_eq(at(27).row.id, 21);
    cr_expect_eq(at(56).row.id, 50);
    cr_expect_eq(at(57).depth, 1);
    cr_expect_eq(at(1008).row.id, 999);
}

Test(outline, rows_that_come_above_do_not_move_the_selection) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    outline_select(outline, 10);
    hold(host.reader);
    outline_expand(outline);
    outline_select(outline, 15);
    let_go();
    cr_expect_eq(selected().row.id, 15);
    cr_expect_eq(outline_selected(outline), 18);
}

Test(outline, expanded_again_before_the_first_rows_are_there) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    outline_expand(outline);
    settle();
    for (uint64_t index = 0; index < 2; index++) { /* a root row; a child */
        outline_select(outline, index);
        if (selected().expanded)
            outline_collapse(outline);
        uint64_t count = outline_count(outline);
        hold(host.reader);
        outline_expand(outline);
        outline_collapse(outline);
        let_go();
        cr_expect_eq(outline_count(outline), count, "rows under one that is collapsed");
        hold(host.reader);
        outline_expand(outline);
        outline_collapse(outline);
        outline_expand(outline);
        let_go();
        cr_expect_eq(outline_count(outline), count + 3, "rows came twice");
    }
}

Test(outline, more_rows_by_the_hundred) {
    fake_rows.children = many_children;
    open_page(&fake_page);
    outline_expand(outline);
    settle();
    cr_expect_eq(outline_count(outline), 1000 + 501);
    cr_expect_eq(at(501).row.kind, ROW_MORE);
    cr_expect_eq(at(501).row.detail, 500);
    cr_expect(at(501).expands);
    outline_select(outline, 501);
    cr_expect(outline_expand(outline));
    cr_expect(outline_expand(outline), "asked for twice");
    settle();
    cr_expect_eq(outline_count(outline), 1000 + 1001);
    cr_expect_eq(at(501).row.detail, 500);
    cr_expect_eq(at(1000).row.detail, 999);
    outline_select(outline, 1001);
    cr_assert_eq(selected().row.kind, ROW_MORE);
    hold(host.reader);
    outline_expand(outline);
    outline_select(outline, 1100); /* a root row meanwhile */
    uint32_t id = selected().row.id;
    let_go();
    cr_expect_eq(outline_count(outline), 1000 + 1234);
    cr_expect_eq(selected().row.id, id);
    cr_expect_eq(selected().depth, 0);
    cr_expect_eq(at(1234).row.detail, 1233);
    cr_expect_eq(at(1235).row.id, 1);
}

Test(outline, children_are_sorted_as_chosen) {
    fake_rows.children = many_children;
    open_page(&fake_page);
    outline_sort_by(outline, FAKE_NUMBER);
    settle();
    outline_select(outline, 0);
    outline_expand(outline);
    settle();
    cr_expect_eq(at(1).row.detail, 1233);
    outline_select(outline, 501);
    cr_assert_eq(selected().row.kind, ROW_MORE);
    outline_expand(outline);
    settle();
    cr_expect_eq(at(501).row.detail, 1233 - 500);
    outline_select(outline, 1001);
    outline_expand(outline);
    settle();
    cr_expect_eq(at(1234).row.detail, 0);
    cr_expect_eq(outline_count(outline), 1000 + 1234);
}

Test(outline, groups_are_open_and_filter_their_rows) {
    fake_rows = (struct fake_rows){
        .count = 2, .kind = VALUE_COUNT, .children = many_children, .open_first = true};
    open_page(&fake_groups);
    cr_expect_eq(outline_count(outline), 2 + 2 * 501);
    outline_set_filter(outline, "child 77");
    settle();
    cr_expect_eq(outline_roots(outline), 2, "groups stay");
    cr_expect_eq(outline_count(outline), 2 + 2 * 11, "77, 770 to 779");
    outline_sort_by(outline, FAKE_NUMBER);
    settle();
    cr_expect_eq(at(0).row.id, 0);
    cr_expect_eq(at(1).row.detail, 779);
}
