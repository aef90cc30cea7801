/* Whole screens and documents, as a person or a program gets them. */
#include "fake_source.h"
#include "tests/unit/introspect/analyses/fake_heap.h"

#include "cli/screen.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *command_line, const char *expected) {
    char *out, *errors;
    int status = run_program(command_line, &out, &errors);
    cr_expect(eq(str, errors, ""));
    cr_expect(eq(str, out, (char *)expected));
    cr_expect(eq(int, status, 0));
    free(out);
    free(errors);
}

Test(screens, top) {
    expect("top 4711", "");
}

Test(screens, top_json) {
    expect("top 4711 --json -n 1", "");
}

Test(screens, top_csv) {
    expect("top 4711 --csv --sort objects", "");
}

Test(screens, objects) {
    expect("objects 4711 --sort size", "");
}

Test(screens, objects_json) {
    expect("objects 4711 --json --refs --type shop.views.*", "");
}

Test(screens, object) {
    expect("object 4711 0x2200", "");
}

Test(screens, object_json) {
    expect("object 4711 8704 --json", "");
}

Test(screens, damage) {
    expect("top 4711 -n 1", "");
}
