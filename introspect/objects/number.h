/* Reading int objects (Include/cpython/longintrepr.h). */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_NUMBER_H
#define HEAPGLASS_INTROSPECT_OBJECTS_NUMBER_H

#include "introspect/objects/decoder.h"

/* How many 30-bit digits an int has. */
ALWAYS_INLINE uint64_t int_digit_count(const struct decode *decode, const struct object *object) {
    if (!decode->layout->trait.compact_int)
        return object_item_count(decode, object);
    struct field tag = decode->layout->integer.lv_tag;
    return field_fits(tag, object->available) ? field_unsigned(object->body, tag) >> 3 : 0;
}

/* Whether the int at that address is that number. Of what is no int it says anything. */
bool int_is(const struct decode *decode, uint64_t address, uint64_t number);

#endif
