/* What the files of the outline share. */
#ifndef HEAPGLASS_TUI_OUTLINE_PRIVATE_H
#define HEAPGLASS_TUI_OUTLINE_PRIVATE_H

#include "tui/arrange.h"
#include "tui/outline.h"

enum {
    OUTLINE_CHILDREN = 500, /* that are shown at a time */
    OUTLINE_CACHE = 512,    /* rows whose cells are kept */
};

/* A row that hangs under another one. */
struct node {
    struct row row;
    uint64_t serial; /* by which jobs find it again */
    uint32_t depth;  /* from 1 on */
    bool expanded, loading;
};

/* A root row that is expanded: all rows below it that are shown, in their order. */
struct expansion {
    uint32_t position; /* of the root row, among those shown */
    uint64_t serial;
    bool loading;
    struct vec(struct node) nodes;
};

/* The cells of a row. */
struct known_row {
    struct row row;
    uint64_t used; /* when it was last drawn: the one that was not for longest goes */
    enum row_style style;
    struct subject about;
    uint64_t identity;
    struct arena texts;
    struct value *values; /* in `texts` */
};

struct outline {
    struct outline_host host;
    unsigned references; /* its owner's, and one for each of its jobs */
    bool dead;           /* the owner is gone */

    struct opened *opened;
    struct order *order;                     /* there if `opened` is */
    struct vec(struct expansion) expansions; /* by position */
    uint64_t selected, top;
    unsigned window;
    bool at_start;           /* nobody has moved yet */
    const struct page *page; /* that is open, is being opened, or was before it was forgotten */
    bool forgotten;
    unsigned arranging; /* jobs that open or arrange */
    bool has_identity;  /* of the selected root row, when it was forgotten */
    uint64_t identity;

    size_t sort;
    bool descending, sort_chosen;
    char filter[OUTLINE_FILTER];

    uint64_t generation; /* of the newest opening or arranging that was asked for */
    uint64_t opening;    /* that of the newest opening, while it is under way */
    bool rearrange;      /* what is being opened is to be arranged another way since */
    uint64_t serial;     /* of the newest node */
    struct vec(struct known_row) known;
    uint64_t clock;
    uint64_t wanted_first, wanted_last; /* rows that the reader was asked for */
    bool is_reading;
};

/* Where a row of the outline is. */
struct place {
    uint32_t position;           /* of its root row */
    struct expansion *expansion; /* that is below that; NULL: none */
    struct node *node;           /* NULL: it is the root row */
};
struct place outline_place(struct outline *outline, uint64_t index);
uint64_t outline_index_of(const struct outline *outline, uint32_t position); /* of a root row */
struct row outline_root_row(const struct outline *outline, uint32_t position);

void outline_share(struct outline *outline);
void outline_drop(struct outline *outline);
void known_clear(struct outline *outline);
struct known_row *known_find(struct outline *outline, struct row row);
void expansions_clear(struct outline *outline);

/* Remembers by what the selected root row is found again in another model. */
void outline_note_selected(struct outline *outline);
/* Asks the worker to arrange what is opened anew, keeping what is selected. What is being opened is arranged once it is
 * there. */
void outline_arrange(struct outline *outline);
/* Asks the reader for the children of a root row (node NULL) or a node, from `first` on. */
void outline_load(struct outline *outline, struct place place, uint64_t first);
/* Gives up what the worker sorts or filters for that. */
void outline_cancel_loading(struct outline *outline);
/* Takes the rows below a root row (node NULL) or a node away. */
void outline_fold(struct outline *outline, struct place place);
/* Expands what is to be so from the start. */
void outline_expand_first(struct outline *outline);

/* The root rows of a page. */
static inline struct row_range row_range_of(const struct opened *opened) {
    return (struct row_range){.page = opened->page,
                              .context = &opened->context,
                              .model = opened->data.model,
                              .count = opened->data.root_count};
}

static inline bool rows_equal(struct row a, struct row b) {
    return a.kind == b.kind && a.id == b.id && a.detail == b.detail;
}

#endif
