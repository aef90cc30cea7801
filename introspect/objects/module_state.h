/* What states of modules own beyond their own words, where their structure is known. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_MODULE_STATE_H
#define HEAPGLASS_INTROSPECT_OBJECTS_MODULE_STATE_H

#include "introspect/objects/decoder.h"

struct module_state_decoder {
    const char *module; /* its __name__ */
    void (*references)(struct decode *decode, const uint8_t *state, size_t size);
    void (*measure)(struct decode *decode, const uint8_t *state, size_t size); /* owned buffers */
};

extern const struct module_state_decoder atexit_module_state;
extern const struct module_state_decoder decimal_module_state;
extern const struct module_state_decoder zoneinfo_module_state;

#endif
