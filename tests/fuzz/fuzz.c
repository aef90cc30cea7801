#include "tests/fuzz/fuzz.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_must(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "fuzz: %s\n", err_message(err));
    abort();
}
