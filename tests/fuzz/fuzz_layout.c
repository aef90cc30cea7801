/* The text form of layouts: cache files and built-in tables. What parses must survive a round trip.
 */
#include "tests/fuzz/fuzz.h"

#include "base/strbuf.h"
#include "introspect/layout/provider.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct layout *layout = NULL, *again = NULL;
    struct err *err = layout_parse((const char *)data, size, &layout);
    if (err) {
        err_free(err);
        return 0;
    }
    struct strbuf text = {0}, text_again = {0};
    layout_emit(layout, &text);
    fuzz_must(layout_parse(strbuf_text(&text), text.length, &again));
    layout_emit(again, &text_again);
    if (strcmp(strbuf_text(&text), strbuf_text(&text_again)))
        abort();
    strbuf_free(&text);
    strbuf_free(&text_again);
    layout_destroy(layout);
    layout_destroy(again);
    return 0;
}
