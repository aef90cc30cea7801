/* The page of Garbage that shows the audit: types with references that no Python object accounts for, and their
 * objects. The functions are those of a page (tui/view.h). */
#ifndef HEAPGLASS_TUI_AUDIT_PAGE_H
#define HEAPGLASS_TUI_AUDIT_PAGE_H

#include "tui/view.h"

const struct column *audit_page_columns(const struct view_context *context, size_t *count,
                                        size_t *sort);
struct err *audit_page_open(const struct view_context *context, struct work *work,
                            struct opened_page *ret) ERR_CHECK;
void audit_page_close(void *model);
struct row audit_page_root(const struct view_context *context, const void *model, uint32_t index);
void audit_page_cells(const struct view_context *context, const void *model, struct row row,
                      unsigned wanted, struct cells *cells);
bool audit_page_expands(const struct view_context *context, const void *model, struct row row,
                        bool *from_the_start);
struct err *audit_page_children(const struct view_context *context, const void *model,
                                struct row row, uint64_t first, size_t limit,
                                struct row_list *to) ERR_CHECK;
bool audit_page_about(const struct view_context *context, const void *model, struct row row,
                      struct subject *ret);
uint64_t audit_page_identity(const struct view_context *context, const void *model, struct row row);
void audit_page_command(const struct view_context *context, const char *source, const char *sort,
                        struct strbuf *out);

#endif
