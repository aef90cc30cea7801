/* What a view is: a file tui/views/NAME.c that defines `const struct view view_NAME`, and one word in the list
 * of tui/meson.build.
 *
 * A view has one or more pages; a page is an outline: rows under column titles, of which some expand in
 * place. Root rows are known by an index and may be 10⁷; nothing is done for rows that are not on the
 * screen. The functions say on which thread they run: those of the screen's thread must be O(1) and decode
 * nothing. Everything that they are given is immutable. */
#ifndef HEAPGLASS_TUI_VIEW_H
#define HEAPGLASS_TUI_VIEW_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "table/table.h"
#include "tui/refresh.h"

/* ---- what is looked at ------------------------------------------------------------------------ */

enum subject_kind { SUBJECT_NONE, SUBJECT_TYPE, SUBJECT_OBJECT };

struct subject {
    enum subject_kind kind;
    uint64_t address; /* of the object or the type object */
    char type[160];   /* the type's name, or that of the object's type; cut if longer */
};

struct subject subject_of_type(const struct type *type);
struct subject subject_of_object(const struct heap *heap, uint32_t id);

/* The ids that a subject has in a heap: a type is found by address and name, else by name; an object by address if it
 * has the same type. HEAP_NONE: it is not there. O(types), O(log n). */
uint32_t type_id_of(const struct heap *heap, const struct subject *subject);
uint32_t object_id_of(const struct heap *heap, const struct subject *subject);

struct history;
struct messages;
struct view;

/* What the functions of a page work on. */
struct view_context {
    struct refresh *refresh;
    struct refresh *baseline;   /* the same as `refresh` if there was none since */
    unsigned products;          /* enum product: those of `refresh` that are there; use no others */
    unsigned baseline_products; /* the same of `baseline` */
    struct history *history;    /* all refreshes as series; has its own lock */
    struct messages *messages;  /* has its own lock */
    const struct view *origin;  /* of Help: the view that it is asked for in */
    struct subject subject;
    uint32_t object; /* the subject's id in this refresh; HEAP_NONE: it is gone, or there is none */
    uint32_t type_id;       /* of the subject type; HEAP_NONE likewise */
    unsigned width, height; /* columns and rows that the outline has */
    bool file_damaged;      /* parts of the snapshot could not be read; a message has said which */
    bool unicode;           /* the terminal shows it */
};

/* ---- rows ------------------------------------------------------------------------------------- */

/* The page's own names for a row, such as an object's id and where it hangs. */
struct row {
    uint32_t kind, id;
    uint64_t detail;
};

#define ROW_MORE UINT32_MAX /* kind: stands for children that are not shown yet; not for pages */

struct row_list vec(struct row);

enum row_style { ROW_PLAIN, ROW_STRONG, ROW_FAINT, ROW_WARNING };

struct cells {
    struct value values[TABLE_MAX_COLUMNS]; /* zeroed: VALUE_NONE */
    enum row_style style;
    struct arena *texts; /* for what values point to */
    bool failed;         /* no memory */
};

/* Copies text into the cells: cell_text of a value. An empty text is VALUE_NONE. */
struct value cells_text(struct cells *cells, const char *text);

/* An object as a text: "shop.models.Order at 0x7f12a4c0  Order(number=3)", or without its type. */
struct value cells_object(struct cells *cells, const struct heap *heap, uint32_t id,
                          bool with_type);

/* Adds what an object contains as heap_preview_contents does, or heap_preview where that would take long for a row: its
 * references are too many. */
void add_preview(const struct graph *graph, uint32_t id, struct strbuf *out);

/* ---- a page ----------------------------------------------------------------------------------- */

struct opened_page {
    void *model;           /* the page's own; `close` frees it */
    uint32_t root_count;   /* rows at the outermost level */
    struct strbuf heading; /* lines between title and rows, each ended by a newline; may be empty */
};

struct page {
    const char *name;        /* for Tab, where there are several: "containers" */
    const char *export;      /* names files and the JSON list: "types" */
    unsigned needs;          /* enum product, of the refresh: before `open` */
    unsigned baseline_needs; /* the same of the baseline */
    unsigned wants; /* of the refresh: better with them, and opened again when they are there */
    unsigned baseline_wants; /* the same of the baseline */
    bool
        fixed_order; /* root rows are groups or lines: sorting and filtering are for their children */
    unsigned
        least_first; /* columns that the first one keeps where there is little room; 0: as others do */
    unsigned unsearched;   /* bits of columns that searching and filtering leave out */
    bool lines;            /* no titles: rows are lines of text, in one column */
    bool follows_messages; /* opened again when there are new ones */
    bool sized;            /* opened again when the screen's size changes */

    /* Its columns, and the one that it is sorted by at first (its largest first if that is a number), or
     * PAGE_UNSORTED. Any thread. */
    const struct column *(*columns)(const struct view_context *context, size_t *count,
                                    size_t *sort);

    /* Makes the model. On the worker. `ret` is zeroed; what is in it after an error is closed, too. */
    struct err *(*open)(const struct view_context *context, struct work *work,
                        struct opened_page *ret)ERR_CHECK;
    void (*close)(void *model); /* NULL is fine */

    /* A root row, in the page's own order. Any thread. */
    struct row (*root)(const struct view_context *context, const void *model, uint32_t index);

    /* What a row shows, in the columns whose bits are set in `wanted`. Not on the screen's thread, but on
     * several others at once. */
    void (*cells)(const struct view_context *context, const void *model, struct row row,
                  unsigned wanted, struct cells *cells);

    /* Whether a row expands, and whether it is so from the start. On the screen's thread. NULL: none. */
    bool (*expands)(const struct view_context *context, const void *model, struct row row,
                    bool *from_the_start);
    /* Adds a row's children from `first` on, at most `limit`. On the reader. */
    struct err *(*children)(const struct view_context *context, const void *model, struct row row,
                            uint64_t first, size_t limit, struct row_list *to)ERR_CHECK;

    /* What a row is about: Enter, p, d and i go there. False: nothing. Not on the screen's thread. */
    bool (*about)(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret);

    /* A number by which a row is found again after a refresh; NULL: its index. Not on the screen's thread. */
    uint64_t (*identity)(const struct view_context *context, const void *model, struct row row);

    /* Adds the command line that prints the same: "top SOURCE --sort size", where `source` and `sort` (NULL: the
     * page's own order) go. On the screen's thread. */
    void (*command)(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out);
    /* Adds the page as a graph in DOT; NULL: it is none. On the worker. */
    struct err *(*dot)(const struct view_context *context, struct work *work,
                       struct strbuf *out)ERR_CHECK;
};

#define PAGE_UNSORTED SIZE_MAX

struct view {
    const char *name;       /* "types" */
    const char *title;      /* on its tab: "Types" */
    int key;                /* that leads to it: '2' */
    unsigned subjects;      /* bits 1 << enum subject_kind: what it can be about */
    const char *about_help; /* what it shows, for Help: a sentence or two */
    const struct page *pages;
    size_t page_count;
};

/* Every view, in the order of the list in tui/meson.build; ends with NULL. */
extern const struct view *const view_registry[];

/* ---- for pages that are lines ----------------------------------------------------------------- */

struct line {
    char *text;
    enum row_style style;
    struct subject about;
};

struct lines {
    struct vec(struct line) items;
    struct arena texts;
    bool failed;
};

void lines_add(struct lines *lines, enum row_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, and Enter on it leads to the subject. */
void lines_add_about(struct lines *lines, struct subject about, enum row_style style,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Makes them the model of a page whose other functions are the ones below. */
struct err *lines_open(struct lines *lines, struct opened_page *ret) ERR_CHECK;

const struct column *lines_columns(const struct view_context *context, size_t *count, size_t *sort);
void lines_close(void *model);
struct row lines_root(const struct view_context *context, const void *model, uint32_t index);
void lines_cells(const struct view_context *context, const void *model, struct row row,
                 unsigned wanted, struct cells *cells);
bool lines_about(const struct view_context *context, const void *model, struct row row,
                 struct subject *ret);

#endif
