/* Rows that are sorted, filtered, searched, and opened again. */
#include "tests/unit/tui/outline_fixture.h"

TestSuite(outline_order, .init = outline_setup, .fini = outline_teardown, .timeout = 60);

/* ---- order -------------------------------------------------------------------------------------- */

Test(outline_order, sorting_keeps_the_selected_row) {
    open_page(&fake_page);
    outline_select(outline, 100);
    uint64_t offset = outline_selected(outline) - outline_top(outline);
    outline_sort_by(outline, FAKE_NUMBER);
    settle();
    cr_expect(outline_descending(outline), "numbers by their largest");
    cr_expect_eq(at(0).row.id, 999);
    cr_expect_eq(selected().row.id, 100);
    cr_expect_eq(outline_selected(outline) - outline_top(outline), offset, "it jumps");
    outline_sort_by(outline, FAKE_NUMBER);
    settle();
    cr_expect_not(outline_descending(outline));
    cr_expect_eq(outline_selected(outline), 100);
    outline_sort_next(outline, 1);
    settle();
    cr_expect_eq(outline_sort(outline), FAKE_TEXT);
    cr_expect_not(outline_descending(outline), "texts from a to z");
    cr_expect_eq(at(1).row.id, 1);
    cr_expect_eq(at(2).row.id, 10);
    cr_expect_eq(selected().row.id, 100);
    outline_invert(outline);
    settle();
    cr_expect_eq(at(0).row.id, 999);
    outline_sort_next(outline, 1);
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER, "round about");
    settle();
}

Test(outline_order, filtering_keeps_the_selected_row_or_a_place) {
    open_page(&fake_page);
    outline_select(outline, 777);
    outline_set_filter(outline, "ROW 77");
    settle();
    cr_expect_eq(outline_count(outline), 11);
    cr_expect_eq(selected().row.id, 777);
    outline_set_filter(outline, "row 12");
    settle();
    cr_expect_eq(outline_count(outline), 11);
    cr_expect_lt(outline_selected(outline), 11);
    outline_set_filter(outline, "none of that");
    settle();
    cr_expect_eq(outline_count(outline), 0);
    outline_set_filter(outline, "");
    settle();
    cr_expect_eq(outline_count(outline), 1000);
}

Test(outline_order, only_the_newest_order_counts) {
    open_page(&fake_page);
    hold(host.worker);
    outline_sort_by(outline, FAKE_TEXT);
    outline_set_filter(outline, "row 9");
    outline_sort_by(outline, FAKE_NUMBER);
    outline_set_filter(outline, "row 99");
    cr_expect(outline_is_opening(outline));
    let_go();
    cr_expect_not(outline_is_opening(outline));
    cr_expect_eq(outline_count(outline), 11);
    cr_expect_eq(at(0).row.id, 999);
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER);
    cr_expect_eq(failures, 0);
}

Test(outline_order, a_cancelled_order_leaves_what_was) {
    open_page(&fake_page);
    outline_sort_by(outline, FAKE_NUMBER);
    outline_set_filter(outline, "row 9");
    settle();
    hold(host.worker);
    outline_sort_by(outline, FAKE_TEXT);
    outline_set_filter(outline, "row 1");
    worker_cancel(host.worker, NULL);
    let_go();
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER);
    cr_expect(outline_descending(outline));
    cr_expect_str_eq(outline_filter(outline), "row 9");
    cr_expect_eq(at(0).row.id, 999);
    cr_expect_eq(failures, 0);
}

Test(outline_order, set_before_it_is_open) {
    outline_set_filter(outline, "row 99");
    open_later(&fake_page);
    settle();
    cr_expect_eq(outline_count(outline), 11);
    cr_expect_str_eq(outline_filter(outline), "row 99");
}

/* ---- searching ---------------------------------------------------------------------------------- */

Test(outline_order, searches_both_ways_and_round_about) {
    open_page(&fake_page);
    outline_search(outline, "ROW 12", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 12);
    outline_search(outline, "row 12", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 120);
    outline_search(outline, "row 12", -1);
    settle();
    cr_expect_eq(outline_selected(outline), 12);
    cr_expect_str_eq(said, "");
    outline_search(outline, "row 12", -1);
    settle();
    cr_expect_eq(outline_selected(outline), 129);
    cr_expect_str_eq(said, "search went on from the bottom");
    outline_search(outline, "row 12", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 12);
    cr_expect_str_eq(said, "search went on from the top");
    outline_search(outline, "nowhere", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 12);
    cr_expect_str_eq(said, "not found: nowhere");
}

Test(outline_order, finds_rows_that_are_expanded) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    outline_select(outline, 10);
    outline_expand(outline);
    settle();
    outline_select(outline, 5);
    outline_search(outline, "child 2", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 13);
    outline_search(outline, "row 11", 1);
    settle();
    cr_expect_eq(outline_selected(outline), 14);
}

/* The place that was found is another one since. */
Test(outline_order, a_search_that_comes_too_late) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    outline_select(outline, 10);
    outline_expand(outline);
    settle();
    hold(host.worker);
    outline_search(outline, "row 50", 1);
    outline_collapse(outline);
    let_go();
    cr_expect(outline_selected(outline) == 10 || selected().row.id == 50, "row %u is selected",
              selected().row.id);
}

/* ---- again -------------------------------------------------------------------------------------- */

Test(outline_order, a_row_is_found_again_by_identity) {
    open_page(&fake_page);
    outline_select(outline, 100);
    settle();
    fake_rows.moved = 30; /* each row is what the one 30 below it was */
    open_page(&fake_page);
    cr_expect_eq(selected().row.id, 70);
}

Test(outline_order, a_row_is_found_again_by_its_index_if_it_has_no_identity) {
    open_page(&fake_page_without_identity);
    outline_sort_by(outline, FAKE_NUMBER);
    outline_select(outline, 100);
    settle();
    uint32_t id = selected().row.id;
    open_page(&fake_page_without_identity);
    cr_expect_eq(selected().row.id, id);
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER);
}

Test(outline_order, who_has_not_moved_stays_at_the_top) {
    open_page(&fake_page);
    fake_rows.moved = -(uint64_t)5;
    open_page(&fake_page);
    cr_expect_eq(outline_selected(outline), 0);
}

Test(outline_order, a_row_that_has_gone) {
    open_page(&fake_page);
    outline_select(outline, UINT64_MAX);
    settle();
    fake_rows.count = 10;
    open_page(&fake_page);
    cr_expect_eq(outline_count(outline), 10);
    cr_expect_lt(outline_selected(outline), 10);
}

Test(outline_order, forgotten_and_opened_again) {
    open_page(&fake_page);
    outline_sort_by(outline, FAKE_NUMBER);
    outline_set_filter(outline, "row 1");
    settle();
    outline_search(outline, "row 150", 1);
    settle();
    outline_forget(outline);
    cr_expect(outline_is_forgotten(outline));
    cr_expect_not(outline_is_open(outline));
    cr_expect_eq(refresh.references, 1, "an old heap is kept");
    fake_rows.moved = 1;
    open_page(&fake_page);
    cr_expect_not(outline_is_forgotten(outline));
    cr_expect_eq(selected().row.id, 149);
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER);
    cr_expect_str_eq(outline_filter(outline), "row 1");
}

Test(outline_order, forgotten_while_it_is_opened) {
    hold(host.worker);
    open_later(&fake_page);
    outline_forget(outline);
    cr_expect(outline_is_forgotten(outline));
    let_go();
    cr_expect_not(outline_is_open(outline));
    cr_expect_eq(refresh.references, 1);
}

Test(outline_order, another_page_begins_anew) {
    open_page(&fake_page);
    outline_sort_by(outline, FAKE_NUMBER);
    outline_set_filter(outline, "row 1");
    outline_select(outline, 50);
    settle();
    open_page(&fake_groups);
    cr_expect_eq(outline_sort(outline), PAGE_UNSORTED);
    cr_expect_str_eq(outline_filter(outline), "");
    cr_expect_eq(outline_selected(outline), 0);
    cr_expect_eq(outline_count(outline), 1000);
}

/* The new rows come, in the order that was asked for meanwhile. */
Test(outline_order, sorted_while_it_is_opened_again) {
    open_page(&fake_page);
    outline_select(outline, 40);
    settle();
    hold(host.worker);
    fake_rows.count = 2000;
    open_later(&fake_page);
    outline_sort_by(outline, FAKE_NUMBER);
    outline_set_filter(outline, "0");
    let_go();
    cr_expect_eq(at(0).row.id, 1990, "it is the old page yet");
    cr_expect_eq(outline_sort(outline), FAKE_NUMBER);
    cr_expect(outline_descending(outline));
    cr_expect_str_eq(outline_filter(outline), "0");
    cr_expect_eq(selected().row.id, 40);
}

Test(outline_order, the_newest_opening_counts) {
    hold(host.worker);
    for (int i = 0; i < 5; i++)
        open_later(i % 2 ? &fake_groups : &fake_page);
    let_go();
    cr_expect_eq(outline_page(outline), &fake_page);
    cr_expect_eq(refresh.references, 2);
}

Test(outline_order, gone_while_jobs_run) {
    fake_rows.children = three_children;
    open_page(&fake_page);
    hold(host.worker);
    outline_expand(outline);
    outline_sort_by(outline, FAKE_TEXT);
    outline_search(outline, "row 5", 1);
    open_later(&fake_page);
    outline_destroy(outline);
    outline = NULL;
    must(outline_create(&host, &outline));
    let_go();
    cr_expect_eq(refresh.references, 1);
}
