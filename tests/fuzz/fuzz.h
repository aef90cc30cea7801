/* What the fuzz targets share. Each target is one file that defines LLVMFuzzerTestOneInput; linked
 * with libFuzzer it is a fuzzer, with replay.c a program that runs it over files. */
#ifndef HEAPGLASS_TESTS_FUZZ_FUZZ_H
#define HEAPGLASS_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, taken from the front; beyond its end all is zero. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint64_t input_take(struct input *input, size_t bytes) {
    uint64_t value = 0;
    size_t taken = bytes < input->left ? bytes : input->left;
    memcpy(&value, input->at, taken);
    input->at += taken;
    input->left -= taken;
    return value;
}

/* Ends the program unless a set-up step that cannot fail has worked. */
struct err;
void fuzz_must(struct err *err);

#endif
