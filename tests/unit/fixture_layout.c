#include "fixture_layout.h"

#include "introspect/layout/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { TABLES_MAX = 64 };

const struct layout *fixture_layout(const char *version) {
    static struct layout *parsed[TABLES_MAX];
    for (size_t i = 0; i < TABLES_MAX && layout_tables[i].name; i++) {
        if (!parsed[i]) {
            struct err *err =
                layout_parse(layout_tables[i].text, layout_tables[i].length, &parsed[i]);
            if (err) {
                fprintf(stderr, "%s: %s\n", layout_tables[i].name, err_message(err));
                abort();
            }
        }
        if (!strcmp(parsed[i]->version, version))
            return parsed[i];
    }
    fprintf(stderr, "there is no built-in table for %s\n", version);
    abort();
}
